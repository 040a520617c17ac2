"""Values of methods x problems x seeds, on the scale between the suite's frozen anchors, at each read-out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ttgbench.report.runs import Runs, without_graph
from ttgbench.report.verdict import SCALES
from ttgbench.run.results import CellResult
from ttgbench.stats import normalise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """The runs that can be compared as a whole: every method on every problem with the same seeds."""

    methods: list[str]
    problems: list[str]
    tasks: list[str]
    """Task of each problem."""
    seeds: list[int]
    draws: list[int]
    """The draw of samples that each seed's search saw."""
    cells: list[list[list[CellResult]]]
    """By method, problem, seed."""
    readouts: list[float]
    """Search spends in full evaluations; infinite: the end of the run."""
    scores: Floats
    """(readouts, methods, problems, seeds); NaN where a run had no graph yet, which is never at the last read-out."""
    anchors: list[tuple[float, float]]
    """Zero and one of each problem; empty: the suite has none, and scores are the objective's values as they are."""
    unscored: dict[str, str]
    """Methods with runs that ended without a graph, and how many: they are listed, and in no statistics."""
    left_out: str
    """What is not in it, in words; empty if nothing."""

    @property
    def anchored(self) -> bool:
        """Whether scores are normalised: 0 the best single model, 1 the best known."""
        return bool(self.anchors)

    @property
    def final(self) -> Floats:
        """(methods, problems, seeds) at the last read-out."""
        return np.asarray(self.scores[-1])

    @property
    def by_draw(self) -> Floats:
        """(methods, problems, draws) at the last read-out: means of the seeds that share a draw of the samples, which
        are not independent."""
        same = np.array([[draw == other for other in self.draws] for draw in dict.fromkeys(self.draws)], dtype=float)
        return np.asarray(self.final @ (same / same.sum(axis=1, keepdims=True)).T)

    @property
    def scale(self) -> str:
        """What the scores are."""
        return SCALES[self.anchored]


def make_grid(runs: Runs) -> Grid | None:
    """None where fewer than two seeds are shared, since then nothing can be said about other runs.

    A missing graph is never scored as if it were a bad one: a method with such a run has no score at all.
    """
    readouts = [*(runs.suite.checkpoints if runs.suite else ())] or [math.inf]
    reasons = {m: without_graph([r for r in runs.results if r.method.name == m], readouts[-1]) for m in runs.methods}
    unscored = {method: reason for method, reason in reasons.items() if reason}
    whole = [m for m in runs.methods if all(runs.cells(problem, m) for problem in runs.problems)]
    complete = [method for method in whole if method not in unscored]
    if not complete:
        return None
    per_cell = [{cell.seed for cell in runs.cells(problem, method)} for problem in runs.problems for method in complete]
    seeds = sorted(set.intersection(*per_cell))
    if len(seeds) < 2:
        return None
    cells = [
        [[cell for cell in runs.cells(problem, method) if cell.seed in seeds] for problem in runs.problems]
        for method in complete
    ]
    values = np.array([[[[value_at(cell, at) for cell in row] for row in block] for block in cells] for at in readouts])
    frozen = runs.suite.anchors if runs.suite else None
    anchors = [(frozen[problem].zero, frozen[problem].one) for problem in runs.problems] if frozen else []
    if anchors:
        values = normalise(values, *zip(*anchors, strict=True))
    return Grid(
        methods=complete,
        problems=runs.problems,
        tasks=[runs.cells(problem, complete[0])[0].task for problem in runs.problems],
        seeds=seeds,
        draws=[runs.draw(seed) for seed in seeds],
        cells=cells,
        readouts=readouts,
        scores=values,
        anchors=anchors,
        unscored=unscored,
        left_out=_left_out(runs, [*complete, *unscored], seeds, max(map(len, per_cell))),
    )


def value_at(cell: CellResult, at: float) -> float:
    """The objective's value on test that a search stopped at this spend had; NaN without a graph."""
    score = cell.incumbent(at)
    return math.nan if score is None else score.value


def _left_out(runs: Runs, listed: list[str], seeds: list[int], most: int) -> str:
    parts = []
    if missing := ", ".join(sorted(set(runs.methods) - set(listed))):
        parts.append(f"methods that lack runs on some problem: {missing}")
    if len(seeds) < most:
        parts.append(f"seeds that not all runs have ({len(seeds)} are shared)")
    return "Left out: " + "; ".join(parts) + "." if parts else ""
