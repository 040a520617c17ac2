"""Budgets per query: the metrics that one may be in, how each is written, counted and charged.

A new metric is a name in `Metric` and a line of `_METRICS`. One that no integer metric counts yet is a name in
`LedgerMetric` and a line of `_PRICES` as well; its formula and its field of `Cost` are in `cost.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, get_args

from ttgbench.errors import InputError, UnknownName
from ttgbench.graphs.graph import Graph
from ttgbench.models.cost import (
    NANOSECONDS,
    PICODOLLARS,
    Cost,
    generation_flops,
    nanoseconds,
    nominal_cost,
    picodollars,
    unit_flops,
)
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.tasks.task import Lengths

Metric = Literal["units", "flops", "dollars", "seconds"]
LedgerMetric = Literal["flops", "picodollars", "nanoseconds"]
METRICS: tuple[Metric, ...] = get_args(Metric)
MAX_LIMIT = 1e30
"""Of a budget, in any metric."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """How a metric is written and counted."""

    words: tuple[str, ...]
    """What people may write for it, in lower case."""
    ledger: LedgerMetric
    """The integer metric in which spending is counted; a field of `Cost`."""
    scale: int | None
    """Of that in 1 of this metric; None: as many as the pool's smallest model takes for an answer."""
    additive: bool = True
    """Whether a graph's is the sum over its nodes; else it is the longest path."""


_METRICS: Mapping[Metric, _Counted] = {
    "units": _Counted(("unit", "units"), "flops", None),
    "flops": _Counted(("flop", "flops"), "flops", 1),
    "dollars": _Counted(("dollar", "dollars", "usd", "$"), "picodollars", PICODOLLARS),
    "seconds": _Counted(("second", "seconds", "sec", "s"), "nanoseconds", NANOSECONDS, additive=False),
}
_PRICES: Mapping[LedgerMetric, Callable[[ModelCard, Any, Any], Any]] = {
    "flops": generation_flops,
    "picodollars": picodollars,
    "nanoseconds": nanoseconds,
}
_BUDGET = re.compile(
    r"(?P<limit>\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?)\s*(?P<metric>[A-Za-z$]+)", re.ASCII | re.IGNORECASE
)
_SHOWN = 5
"""Models without a price that an error names."""


def bill(metric: LedgerMetric, card: ModelCard, tokens_in: Any, tokens_out: Any) -> Any:
    """What tokens (counts or int64 arrays) cost in this metric; nanoseconds are those of one node alone."""
    return _PRICES[metric](card, tokens_in, tokens_out)


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one query may nominally cost.

    "seconds" limits the latency, the other metrics the sum over nodes. Raises UnknownName for an unknown metric and
    InputError for a limit that is not a positive finite number.
    """

    metric: Metric
    limit: float

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise UnknownName("budget metric", self.metric, METRICS, field="budget")
        if isinstance(self.limit, bool) or not isinstance(self.limit, int | float) or not 0 < self.limit <= MAX_LIMIT:
            message = f"the limit must be a positive number up to {MAX_LIMIT:g}, not {str(self.limit)[:60]!r}"
            raise InputError(message, field="budget")

    def __str__(self) -> str:
        return f"{str(self.limit).removesuffix('.0')} {self.metric}"

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Reads "18 units", "2e12 flops", "0.001 dollars", "3 s" and the like. Raises InputError."""
        match = _BUDGET.fullmatch(text.strip()) if isinstance(text, str) and len(text) <= 100 else None
        if match is None:
            wanted = "a number and a metric, e.g. '18 units', '2e12 flops', '0.001 dollars' or '3 seconds'"
            raise InputError(f"must be {wanted}, not {str(text)[:60]!r}", field="budget")
        word = match["metric"].lower()
        for metric, counted in _METRICS.items():
            if word in counted.words:
                return cls(metric, float(match["limit"]))
        raise UnknownName("budget metric", word, METRICS, field="budget")

    @property
    def ledger_metric(self) -> LedgerMetric:
        """The integer metric in which spending under this budget is counted."""
        return _METRICS[self.metric].ledger

    @property
    def additive(self) -> bool:
        """Whether a graph's amount is the sum over its nodes; else it is the longest path."""
        return _METRICS[self.metric].additive

    def limit_amount(self, pool: Pool, lengths: Lengths) -> int:
        """The limit in the ledger's metric: the largest whole number not above it."""
        return int(Fraction(str(self.limit)) * self._scale(pool, lengths))

    def nominal(self, graph: Graph, pool: Pool, lengths: Lengths) -> float:
        """Nominal cost of a graph in this budget's metric. Raises UnknownName for a model that is not in the pool."""
        return self.amount(nominal_cost(graph, pool, lengths).total) / self._scale(pool, lengths)

    def allows(self, graph: Graph, pool: Pool, lengths: Lengths) -> bool:
        """Is the graph's nominal cost within the limit? Raises as `check_priced` does for the graph's models, and
        UnknownName for one that is not in the pool."""
        names = dict.fromkeys(node.model for node in graph.nodes if node.model is not None)
        self.check_priced((pool[name] for name in names), source=pool.name)
        return self.amount(nominal_cost(graph, pool, lengths).total) <= self.limit_amount(pool, lengths)

    def check(self, graph: Graph, pool: Pool, lengths: Lengths, *, source: object = None) -> None:
        """Raises InputError, naming `source` (default: the graph's key), if the graph's nominal cost exceeds the limit.

        Raises as `allows` does, too.
        """
        if not self.allows(graph, pool, lengths):
            nominal = f"{self.nominal(graph, pool, lengths):.4g} {self.metric}"
            raise InputError(
                f"costs {nominal} per query, the limit is {self}",
                source=source if source is not None else f"graph {graph.key[:12]}",
                field="budget",
            )

    def check_priced(self, cards: Iterable[ModelCard], *, source: object = None) -> None:
        """Raises InputError where dollars are limited and the price of one of these models is not known."""
        unpriced = [card.name for card in cards if not card.priced] if self.metric == "dollars" else []
        if unpriced:
            more = ", ..." if len(unpriced) > _SHOWN else ""
            names = ", ".join(unpriced[:_SHOWN])
            message = f"dollars cannot be counted: no price_in, price_out and price_date for {names}{more}"
            raise InputError(message, source=source, field="budget")

    def amount(self, cost: Cost) -> int:
        """The part of a cost that this budget limits, in the ledger's metric."""
        return int(getattr(cost, self.ledger_metric))

    def _scale(self, pool: Pool, lengths: Lengths) -> int:
        """Of the ledger's metric in 1 of this one."""
        scale = _METRICS[self.metric].scale
        return unit_flops(pool, lengths) if scale is None else scale
