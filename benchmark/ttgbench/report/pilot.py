"""Pilot experiments: what width, depth, and both are worth, and many small models against few large ones.

    trials = width(["smollm2-135m"], limit=8)
    points = measure(trials, evaluator, pool, lengths, questions=30, universes=2)

Trials are graphs with a place in a plot; all of an experiment go to the evaluator as one batch, so that chains and
copies which they share are generated once and compared on common random numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ttgbench import stats
from ttgbench.errors import InputError
from ttgbench.evaluate.base import Evaluation, Evaluator
from ttgbench.graphs.graph import MAX_NODES, Graph
from ttgbench.graphs.shapes import Aggregator, chain, parallel, parallel_chains, single
from ttgbench.models.budget import Budget
from ttgbench.models.cost import nominal_cost, unit_flops
from ttgbench.models.pool import Pool
from ttgbench.tasks.task import Lengths

LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
"""Sizes that are tried: about every factor of 1.4."""


@dataclass(frozen=True)
class Trial:
    """A graph and where it stands in its experiment's plot."""

    series: str
    """The model."""
    width: int
    depth: int
    graph: Graph
    budget: float | None = None
    """Units that it had to fit, where the experiment fixes them."""


@dataclass(frozen=True)
class Point:
    """What a trial came to. Means over questions and universes; the interval's trials are the questions."""

    series: str
    width: int
    depth: int
    budget: float | None
    nodes: int
    accuracy: float
    low: float
    """95% interval (Wilson)."""
    high: float
    units: float
    """Nominal cost."""
    flops: float
    """Measured, per query, like the rest."""
    tokens_in: float
    tokens_out: float
    seconds: float
    """Critical path at standard speeds."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def width(models: Sequence[str], limit: int, sink: Aggregator = "vote") -> list[Trial]:
    """1 to `limit` independent copies of each model, put together by `sink`."""
    return [Trial(model, k, 1, _copies(model, k, sink)) for model in models for k in _ladder(limit)]


def depth(models: Sequence[str], limit: int) -> list[Trial]:
    """Chains of 1 to `limit` assistants, each improving on the one before."""
    return [Trial(model, 1, steps, chain(model, steps)) for model in models for steps in _ladder(limit)]


def grid(models: Sequence[str], widths: int, depths: int, sink: Aggregator = "vote") -> list[Trial]:
    """Every width with every depth: parallel chains, put together by `sink`."""
    if widths * depths >= MAX_NODES:
        raise InputError(f"{widths} x {depths} nodes and a sink are more than {MAX_NODES}", field="width")
    return [
        Trial(model, k, steps, chain(model, steps) if k == 1 else parallel_chains(model, k, steps, sink))
        for model in models
        for k in _ladder(widths)
        for steps in _ladder(depths)
    ]


def mix(
    models: Sequence[str], budgets: Sequence[float], pool: Pool, lengths: Lengths, sink: Aggregator = "vote"
) -> list[Trial]:
    """Many small against few large: of each model as many copies as every budget (in units) pays for.

    A model that a budget does not pay for once is left out there. Raises InputError for a budget that is no number
    above 0.
    """
    trials = []
    for units in budgets:
        budget = Budget.parse(f"{units} units")
        for model in models:
            fitting = [k for k in range(1, MAX_NODES) if budget.allows(_copies(model, k, sink), pool, lengths)]
            if fitting:
                trials.append(Trial(model, fitting[-1], 1, _copies(model, fitting[-1], sink), units))
    return trials


def measure(
    trials: Sequence[Trial],
    evaluator: Evaluator,
    pool: Pool,
    lengths: Lengths,
    *,
    questions: int,
    universes: int,
) -> list[Point]:
    """Evaluates all trials on the first search questions in universes 0, 1, ...; the test split is left alone.

    Raises InputError if there are no trials; MissingGeneration, EngineError as the evaluator does.
    """
    if not trials:
        raise InputError("no graph is left to try; take smaller sizes or larger budgets", source="pilot")
    graphs = [trial.graph for trial in trials]
    drawn = [evaluator.evaluate(graphs, range(questions), universe, "search") for universe in range(universes)]
    unit = unit_flops(pool, lengths)
    return [
        _point(trial, [column[place] for column in drawn], nominal_cost(trial.graph, pool, lengths).total.flops / unit)
        for place, trial in enumerate(trials)
    ]


def _point(trial: Trial, evaluations: Sequence[Evaluation], units: float) -> Point:
    scores = np.stack([evaluation.scores for evaluation in evaluations], axis=1)
    interval = stats.accuracy_interval(scores)

    def mean(name: str) -> float:
        return float(np.mean([getattr(evaluation, name).mean() for evaluation in evaluations]))

    return Point(
        series=trial.series,
        width=trial.width,
        depth=trial.depth,
        budget=trial.budget,
        nodes=len(trial.graph.nodes),
        accuracy=float(scores.mean()),
        low=interval.low,
        high=interval.high,
        units=units,
        flops=mean("flops"),
        tokens_in=mean("tokens_in"),
        tokens_out=mean("tokens_out"),
        seconds=mean("latency_ns") / 1e9,
    )


def _copies(model: str, k: int, sink: Aggregator) -> Graph:
    return single(model) if k == 1 else parallel(model, k, sink)


def _ladder(limit: int) -> Iterator[int]:
    if not 1 <= limit < MAX_NODES:
        raise InputError(f"must be from 1 to {MAX_NODES - 1}, not {limit}", field="size")
    return (size for size in LADDER if size <= limit)
