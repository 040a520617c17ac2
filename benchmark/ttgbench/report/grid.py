"""The runs of a folder that can be compared as a whole: every method on every ranked problem with the same seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ttgbench import stats
from ttgbench.report.runs import Runs, without_graph
from ttgbench.report.scores import MethodScores, scores_of
from ttgbench.stats.arrays import Floats


@dataclass(frozen=True)
class Grid:
    """Methods with their scores on the same problems and seeds."""

    methods: list[MethodScores]
    problems: list[str]
    tasks: list[str]
    """Task of each problem."""
    readouts: list[float]
    """Search spends in full evaluations; infinite: the end of the run."""
    unscored: dict[str, str]
    """Methods with runs that ended without a graph, and how many: they are listed, and in no statistics."""
    left_out: str
    """What is not in it, in words; empty if nothing."""

    @property
    def names(self) -> list[str]:
        """Of the methods."""
        return [method.name for method in self.methods]

    @property
    def seeds(self) -> int:
        """That all runs have."""
        return self.methods[0].seeds

    @property
    def draws(self) -> tuple[int, ...]:
        """The draw of samples that each seed's search saw."""
        return self.methods[0].draws

    @property
    def anchored(self) -> bool:
        """Whether the suite has anchors."""
        return bool(self.methods[0].anchors)

    @property
    def by_draw(self) -> Floats:
        """The objective in points at the end, (methods, problems, draws): means of the seeds that share a draw."""
        return np.stack([stats.by_draw(method.values(), method.draws) for method in self.methods])


def make_grid(runs: Runs) -> Grid | None:
    """None where fewer than two seeds are shared, since then nothing can be said about other runs.

    A missing graph is never scored as if it were a bad one: a method with such a run has no score at all.
    """
    readouts = [*(runs.suite.checkpoints if runs.suite else ())] or [math.inf]
    problems, flat = runs.ranked_problems
    reasons = {m: without_graph([r for r in runs.results if r.method.name == m], readouts[-1]) for m in runs.methods}
    unscored = {method: reason for method, reason in reasons.items() if reason}
    whole = [m for m in runs.methods if all(runs.cells(problem, m) for problem in problems)]
    complete = [method for method in whole if method not in unscored]
    if not complete:
        return None
    per_cell = [{cell.seed for cell in runs.cells(problem, method)} for problem in problems for method in complete]
    seeds = sorted(set.intersection(*per_cell))
    if len(seeds) < 2:
        return None

    def scored(method: str) -> MethodScores:
        cells = [[cell for cell in runs.cells(problem, method) if cell.seed in seeds] for problem in problems]
        return scores_of(method, runs.suite, problems, cells)

    return Grid(
        methods=[scored(method) for method in complete],
        problems=problems,
        tasks=[runs.cells(problem, complete[0])[0].task for problem in problems],
        readouts=readouts,
        unscored=unscored,
        left_out=_left_out(runs, [*complete, *unscored], flat, len(seeds), max(map(len, per_cell))),
    )


def _left_out(runs: Runs, listed: list[str], flat: list[str], seeds: int, most: int) -> str:
    parts = []
    if flat:
        parts.append(
            f"problems on which the best graph known is less than 5 points above the best single model: "
            f"{', '.join(flat)}"
        )
    if missing := ", ".join(sorted(set(runs.methods) - set(listed))):
        parts.append(f"methods that lack runs on some problem: {missing}")
    if seeds < most:
        parts.append(f"seeds that not all runs have ({seeds} are shared)")
    return "Left out: " + "; ".join(parts) + "." if parts else ""
