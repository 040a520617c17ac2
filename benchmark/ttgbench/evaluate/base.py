"""The evaluator seam: the record of one evaluated graph, and the Protocol that live, replayed and synthetic
evaluation satisfy alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ttgbench.models.cost import dollars_text
from ttgbench.tasks.task import STATUSES
from ttgbench.util.tables import as_html, as_text
from ttgbench.util.text import counted

if TYPE_CHECKING:
    from ttgbench.graphs.graph import Graph

TEST_UNIVERSE = 1 << 20
"""Universes from here on belong to the final test; a search draws from lower ones."""
REDRAW_UNIVERSE = 1 << 21
"""Universes from here on are what a search draws again."""
MAX_REDRAWS = 1 << 10
"""Most redraws of one run."""


def redraw(universe: int, repeat: int) -> int:
    """The universe of the `repeat`-th redraw of what a search draws in `universe`; 0: itself."""
    return universe if repeat == 0 else REDRAW_UNIVERSE + universe * MAX_REDRAWS + repeat - 1


@dataclass(frozen=True, slots=True)
class NodeUse:
    """What one node cost on each of n questions. Integers, so that sums do not depend on their order."""

    node: str
    """Node id in the evaluated graph."""
    key: str
    """Node key: equal keys are the same generations."""
    model: str | None
    """None for a node that runs no model (vote): its counts are zero."""
    tokens_in: NDArray[np.int64]
    """Shape (n,), retries included, as all counts here."""
    tokens_out: NDArray[np.int64]
    flops: NDArray[np.int64]
    picodollars: NDArray[np.int64]
    """Zero where no price is known."""
    priced: bool = True
    """Whether the model's price is known; nothing is charged for a node that runs none."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How one graph did on n questions in one universe. Arrays have shape (n,) and are read-only."""

    graph: Graph
    universe: int
    question_ids: tuple[str, ...]
    scores: NDArray[np.float64]
    """1.0 correct, 0.0 otherwise; synthetic evaluators may give expectations."""
    statuses: tuple[str, ...]
    """Per question: "correct", "wrong", "unanswered" or "ungradable"."""
    answers: tuple[str | None, ...]
    """What was extracted from the sink's output."""
    nodes: tuple[NodeUse, ...]
    """In topological order; the sink is last."""
    latency_ns: NDArray[np.int64]
    """Critical path at the cards' standard speeds, nanoseconds."""
    clusters: tuple[str, ...] = ()
    """One label per question where the task groups them, as `ttgbench.evaluate` says; empty: not grouped, or not said,
    as within a search."""

    @property
    def accuracy(self) -> float:
        """Mean score; ungradable questions count as their score, 0, and are listed in `statuses`."""
        return float(self.scores.sum() / self.scores.size)

    @property
    def flops(self) -> NDArray[np.int64]:
        """Shape (n,): measured FLOPs of the whole graph per question."""
        return self._total(lambda use: use.flops)

    @property
    def tokens_in(self) -> NDArray[np.int64]:
        """Shape (n,)."""
        return self._total(lambda use: use.tokens_in)

    @property
    def tokens_out(self) -> NDArray[np.int64]:
        """Shape (n,)."""
        return self._total(lambda use: use.tokens_out)

    @property
    def picodollars(self) -> NDArray[np.int64]:
        """Shape (n,); a model without a known price counts as zero: see `dollars`."""
        return self._total(lambda use: use.picodollars)

    @property
    def dollars(self) -> float | None:
        """Mean price of a question at the cards' prices; None where a model's price is not known."""
        return float(self.picodollars.mean()) / 1e12 if all(use.priced for use in self.nodes) else None

    @property
    def asked(self) -> str:
        """How many questions, in words, and in how many groups where the task has them."""
        count = len(set(self.clusters))
        groups = f", in {counted(count, 'group')}" if count else ""
        return f"{len(self.scores)}{groups}"

    def _total(self, quantity: Callable[[NodeUse], NDArray[np.int64]]) -> NDArray[np.int64]:
        total: NDArray[np.int64] = np.sum([quantity(use) for use in self.nodes], axis=0, dtype=np.int64)
        return total

    def summary(self) -> dict[str, Any]:
        """JSON-ready: accuracy with its 95% interval over questions, or over groups of them where the task has them;
        tokens, FLOPs, dollars and seconds are means per question, dollars None where a model's price is not known."""
        from ttgbench.stats import accuracy_interval

        interval = accuracy_interval(self.scores[:, None], clusters=self.clusters or None)
        return {
            "key": self.graph.key,
            "questions": len(self.scores),
            "accuracy": self.accuracy,
            "interval95": [interval.low, interval.high],
            "statuses": dict(sorted(Counter(self.statuses).items())),
            "tokens_in": float(self.tokens_in.mean()),
            "tokens_out": float(self.tokens_out.mean()),
            "flops": float(self.flops.mean()),
            "dollars": self.dollars,
            "seconds": float(self.latency_ns.mean()) / 1e9,
        }

    def __str__(self) -> str:
        return as_text(self._rows())

    def _repr_html_(self) -> str:
        """How a notebook shows it: the graph, and `summary` as a table."""
        return self.graph._repr_svg_() + as_html(self._rows())

    def _rows(self) -> list[tuple[str, str]]:
        facts = self.summary()
        low, high = facts["interval95"]
        return [
            ("graph", f"{facts['key'][:12]}, {counted(len(self.graph.nodes), 'node')}"),
            ("questions", f"{self.asked}; universe {self.universe}"),
            ("accuracy", f"{facts['accuracy']:.3f}, 95% interval {low:.3f} to {high:.3f}"),
            ("answers", statuses_text(facts["statuses"])),
            ("tokens per question", f"{facts['tokens_in']:,.0f} in, {facts['tokens_out']:,.0f} out"),
            ("FLOPs per question", f"{facts['flops']:.4g}"),
            ("dollars per question", dollars_text(facts["dollars"], 4)),
            ("seconds per question", f"{facts['seconds']:.4g}, at the cards' standard speeds"),
        ]


def statuses_text(counts: Mapping[str, int]) -> str:
    """As people read them: "3 correct, 1 wrong"."""
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts.get(status))


class Evaluator(Protocol):
    """Answers what a graph scores. Deterministic given (graph, questions, universe) once recorded."""

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """Evaluates all graphs on the split's questions with these indices, as one batch.

        Returns one Evaluation per graph, in order. Raises MissingGeneration (replay without an engine),
        EngineError, InputError (a graph with a model that the pool lacks).
        """
        ...

    def close(self) -> None:
        """Stops what is under way. May be called twice."""
        ...
