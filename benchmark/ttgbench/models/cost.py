"""What generations and graphs cost: FLOPs, dollars, seconds. Integers throughout, so that sums do not depend on order.

FLOPs count one multiply-add as two, with the KV cache reused. For a card with M non-embedding (active) parameters, L
layers and hidden size D, a prompt of n_p and an answer of n_d tokens:

    prefill  2*M*n_p + 2*L*D*n_p*(n_p + 1)
    decode   2*M*n_d + 2*L*D*n_d*(2*n_p + n_d + 1)

as arXiv 2511.00086 counts them: 2*M per token (Kaplan et al., Scaling Laws for Neural Language Models, 2020), and
4*L*D for each token that a token attends to, itself included. Dollars are picodollars, seconds nanoseconds.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import InputError, UnknownName
from ttgbench.graphs.graph import Graph
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.tasks.task import Lengths

Metric = Literal["units", "flops", "dollars", "seconds"]
LedgerMetric = Literal["flops", "picodollars", "nanoseconds"]
METRICS: tuple[Metric, ...] = get_args(Metric)

PICODOLLARS = 10**12
NANOSECONDS = 10**9
MAX_LIMIT = 1e30
"""Of a budget, in any metric."""
UNPRICED = "unpriced"
"""What people read for dollars where a price is not known, never 0."""
MAX_INT64 = int(np.iinfo(np.int64).max)

Tokens = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What was used. `+` adds every part, time included: one after the other."""

    flops: int = 0
    picodollars: int = 0
    nanoseconds: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    priced: bool = True
    """Whether all of it has a known price; `picodollars` are zero where it has none."""

    @property
    def dollars(self) -> float | None:
        """None where a price is not known."""
        return self.picodollars / 1e12 if self.priced else None

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.flops + other.flops,
            self.picodollars + other.picodollars,
            self.nanoseconds + other.nanoseconds,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.priced and other.priced,
        )


@dataclass(frozen=True, slots=True)
class GraphCost:
    """Cost of one query: of every node by id, and of the whole graph."""

    total: Cost
    """Sums, except that `nanoseconds` is the latency: the longest path through the graph."""
    nodes: Mapping[str, Cost]


def dollars_text(dollars: float | None, digits: int) -> str:
    """As people read it, with this number of significant digits."""
    return UNPRICED if dollars is None else f"{dollars:.{digits}g}"


@overload
def generation_flops(card: ModelCard, n_p: int, n_d: int) -> int: ...
@overload
def generation_flops(card: ModelCard, n_p: Tokens, n_d: Tokens | int) -> NDArray[np.int64]: ...
@overload
def generation_flops(card: ModelCard, n_p: int, n_d: Tokens) -> NDArray[np.int64]: ...
def generation_flops(card: ModelCard, n_p: int | Tokens, n_d: int | Tokens) -> int | NDArray[np.int64]:
    """FLOPs of generations with n_p prompt and n_d generated tokens; the module docstring has the formula.

    Integers of any size, or integer arrays that broadcast together. Raises InputError for what is no count of
    tokens, and where a result of an array would not fit in 64 bits.
    """
    m, ld = card.parameters, card.layers * card.hidden_size

    def formula(p: Any, d: Any) -> Any:
        return 2 * m * p + 2 * ld * p * (p + 1) + 2 * m * d + 2 * ld * d * (2 * p + d + 1)

    flops: int | NDArray[np.int64] = _exact(formula, n_p, n_d)
    return flops


@overload
def picodollars(card: ModelCard, n_p: int, n_d: int) -> int: ...
@overload
def picodollars(card: ModelCard, n_p: Tokens, n_d: Tokens | int) -> NDArray[np.int64]: ...
@overload
def picodollars(card: ModelCard, n_p: int, n_d: Tokens) -> NDArray[np.int64]: ...
def picodollars(card: ModelCard, n_p: int | Tokens, n_d: int | Tokens) -> int | NDArray[np.int64]:
    """Price of generations in 1e-12 dollars; that of one token is rounded to a whole picodollar. Raises as above."""
    per_in, per_out = round(card.price_in * 10**6), round(card.price_out * 10**6)
    price: int | NDArray[np.int64] = _exact(lambda p, d: per_in * p + per_out * d, n_p, n_d)
    return price


@overload
def nanoseconds(card: ModelCard, n_p: int, n_d: int) -> int: ...
@overload
def nanoseconds(card: ModelCard, n_p: Tokens, n_d: Tokens | int) -> NDArray[np.int64]: ...
@overload
def nanoseconds(card: ModelCard, n_p: int, n_d: Tokens) -> NDArray[np.int64]: ...
def nanoseconds(card: ModelCard, n_p: int | Tokens, n_d: int | Tokens) -> int | NDArray[np.int64]:
    """Time of generations at the card's standard speeds; the time of one token is rounded to a whole nanosecond.

    Raises as above.
    """
    per_in, per_out = round(NANOSECONDS / card.prefill_speed), round(NANOSECONDS / card.decode_speed)
    time: int | NDArray[np.int64] = _exact(lambda p, d: per_in * p + per_out * d, n_p, n_d)
    return time


def generation_cost(card: ModelCard, n_p: int, n_d: int) -> Cost:
    """Cost of one generation with n_p prompt and n_d generated tokens. Raises InputError for negative counts."""
    return Cost(
        flops=generation_flops(card, n_p, n_d),
        picodollars=picodollars(card, n_p, n_d),
        nanoseconds=nanoseconds(card, n_p, n_d),
        tokens_in=n_p,
        tokens_out=n_d,
        priced=card.priced,
    )


def nominal_node_cost(card: ModelCard | None, predecessors: int, lengths: Lengths) -> Cost:
    """Cost of a node with `predecessors` (d of them): n_p = A + d*B, n_d = B. A node without a model costs nothing."""
    if card is None:
        return Cost()
    return generation_cost(card, lengths.question + predecessors * lengths.answer, lengths.answer)


def nominal_cost(graph: Graph, pool: Pool, lengths: Lengths) -> GraphCost:
    """Cost of one query at the task's mean lengths. Raises UnknownName for a model that is not in the pool."""
    nodes: dict[str, Cost] = {}
    ready: dict[str, int] = {}
    """When each node's output is there, in nanoseconds."""
    for level in graph.levels:
        for node_id in level:
            model, inputs = graph[node_id].model, graph.predecessors(node_id)
            cost = nominal_node_cost(None if model is None else pool[model], len(inputs), lengths)
            nodes[node_id] = cost
            ready[node_id] = cost.nanoseconds + max((ready[i] for i in inputs), default=0)
    total = sum(nodes.values(), start=Cost())
    return GraphCost(replace(total, nanoseconds=ready[graph.sink]), {node.id: nodes[node.id] for node in graph.nodes})


def unit_flops(pool: Pool, lengths: Lengths) -> int:
    """FLOPs of one unit: the pool's smallest model answering alone, at nominal lengths."""
    return nominal_node_cost(pool.smallest, 0, lengths).flops


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
        metric = _METRIC_WORDS.get(word)
        if metric is None:
            raise UnknownName("budget metric", word, METRICS, field="budget")
        return cls(metric, float(match["limit"]))

    @property
    def ledger_metric(self) -> LedgerMetric:
        """The integer metric in which spending under this budget is counted."""
        return _LEDGER_METRICS[self.metric]

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
        scales = {"flops": 1, "dollars": PICODOLLARS, "seconds": NANOSECONDS}
        return unit_flops(pool, lengths) if self.metric == "units" else scales[self.metric]


_SHOWN = 5
"""Models without a price that an error names."""
_BUDGET = re.compile(
    r"(?P<limit>\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?)\s*(?P<metric>[A-Za-z$]+)", re.ASCII | re.IGNORECASE
)
_METRIC_WORDS: Mapping[str, Metric] = {
    **dict.fromkeys(("unit", "units"), "units"),
    **dict.fromkeys(("flop", "flops"), "flops"),
    **dict.fromkeys(("dollar", "dollars", "usd", "$"), "dollars"),
    **dict.fromkeys(("second", "seconds", "sec", "s"), "seconds"),
}
_LEDGER_METRICS: Mapping[Metric, LedgerMetric] = {
    "units": "flops",
    "flops": "flops",
    "dollars": "picodollars",
    "seconds": "nanoseconds",
}


def _exact(formula: Callable[[Any, Any], Any], n_p: Any, n_d: Any) -> Any:
    """Evaluates a formula that grows with both counts on integers, or on arrays where it fits in 64 bits."""
    if not isinstance(n_p, np.ndarray) and not isinstance(n_d, np.ndarray):
        return formula(_count(n_p, "n_p"), _count(n_d, "n_d"))
    prompt, answer = _counts(n_p, "n_p"), _counts(n_d, "n_d")
    if prompt.size and answer.size and formula(int(prompt.max()), int(answer.max())) > MAX_INT64:
        raise InputError(f"costs more than {MAX_INT64:.3g}, which 64 bits cannot hold", field="tokens")
    return formula(prompt, answer)


def _count(value: Any, field: str) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise InputError(f"must be a whole number of tokens, not {type(value).__name__}", field=field) from None
    if count < 0:
        raise InputError(f"must be 0 tokens or more, not {count}", field=field)
    return count


def _counts(values: Any, field: str) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise InputError(f"must be an integer array, not {array.dtype}", field=field)
    if array.size and (array.min() < 0 or (array.dtype == np.uint64 and array.max() > MAX_INT64)):
        raise InputError(
            f"must be 0 tokens or more and fit in 64 bits, not {array.min()} to {array.max()}", field=field
        )
    return array.astype(np.int64, copy=False)
