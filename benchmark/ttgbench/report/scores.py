"""What the runs of one method score, as arrays over problems and seeds: the one model behind report and board."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from ttgbench import stats
from ttgbench.problems.anchors import Anchor
from ttgbench.problems.suite import Suite
from ttgbench.run.results import CellResult, TestScore
from ttgbench.stats.arrays import Floats

TARGETS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Normalised scores. Absolute, the same for every method and every version of the package."""
POINTS = 100.0
"""Points of the objective per unit: percentage points of accuracy where nothing else counts."""


@dataclass(frozen=True, eq=False)
class MethodScores:
    """Arrays have the axes (problems, seeds) and NaN where a run has no graph."""

    name: str
    cells: tuple[tuple[CellResult, ...], ...]
    """Rows are problems, columns seeds."""
    draws: tuple[int, ...]
    """The draw of samples that each seed's search sees."""
    checkpoints: tuple[float, ...] = ()
    """Search spends, in full evaluations, at which the incumbents were scored at least."""
    anchors: tuple[tuple[Anchor, ...], ...] = ()
    """Of each problem and seed; empty: the suite has none, and there are no regrets, scores and targets."""

    def only(self, rows: Sequence[int]) -> MethodScores:
        """On these problems."""
        anchors = tuple(self.anchors[row] for row in rows) if self.anchors else ()
        return replace(self, cells=tuple(self.cells[row] for row in rows), anchors=anchors)

    @property
    def seeds(self) -> int:
        """Runs per problem."""
        return len(self.draws)

    def values(self, at: float = math.inf) -> Floats:
        """The objective on test, in points, of the graph that a search stopped at this spend ends with."""
        found = [[cell.incumbent(at) for cell in row] for row in self.cells]
        return np.array([[math.nan if one is None else POINTS * one.value for one in row] for row in found])

    def regrets(self, at: float = math.inf) -> Floats:
        """Points of the objective by which it misses the best graph known; negative for a better one."""
        return np.asarray(self._anchored("one") - self.values(at))

    def scores(self, at: float = math.inf) -> Floats:
        """Normalised, capped to [-1, 1], so that no problem with a small gap between its anchors outweighs others."""
        low, high = self._anchored("zero"), self._anchored("one")
        return np.clip((self.values(at) - low) / (high - low), -1.0, 1.0)

    def _anchored(self, which: Literal["zero", "one"]) -> Floats:
        """In points."""
        return np.array([[POINTS * float(getattr(anchor, which)) for anchor in row] for row in self.anchors])

    @cached_property
    def accuracies(self) -> Floats:
        """On test, of the final graphs."""
        finals = [[cell.final for cell in row] for row in self.cells]
        return np.array([[math.nan if final is None else final.accuracy for final in row] for row in finals])

    @cached_property
    def spent(self) -> Floats:
        """What each search spent, in full evaluations."""
        return np.array([[cell.search.full_evaluations for cell in row] for row in self.cells])

    @cached_property
    def agent_spent(self) -> Floats:
        """The search agent's part of it."""
        return np.array([[cell.search.agent_evaluations for cell in row] for row in self.cells])

    @property
    def dollars(self) -> Floats:
        """What each search cost; NaN where a price is not known."""
        return np.array([[_or_nan(cell.search.dollars) for cell in row] for row in self.cells])

    def curve(self, row: int, seed: int) -> tuple[Floats, Floats]:
        """Spends in full evaluations and values (in points) of the incumbents of one run: two arrays (K,), maybe empty.

        See the function `curve`.
        """
        scored = _curve(self.cells[row][seed], self.checkpoints)
        return np.array([at for at, _ in scored]), np.array([POINTS * score.value for _, score in scored])

    @cached_property
    def hits(self) -> Floats:
        """Spend from which on each of TARGETS was held to the end, infinite where it was not: (problems, targets,
        seeds)."""
        return np.stack(
            [np.stack([self._hits(row, seed) for seed in range(self.seeds)], axis=-1) for row in range(len(self.cells))]
        )

    def _hits(self, row: int, seed: int) -> Floats:
        spends, values = self.curve(row, seed)
        if not len(spends):
            return np.full(len(TARGETS), math.inf)
        anchor = self.anchors[row][seed]
        return stats.held_spends(spends, [anchor.normalised(value / POINTS) for value in values], TARGETS)

    @cached_property
    def until_end(self) -> Floats:
        """What each search spent, and no less than the spend of its last incumbent, which rounding may put behind."""
        return np.array(
            [
                [max(cell.search.full_evaluations, *(one.at for one in cell.incumbents), 0.0) for cell in row]
                for row in self.cells
            ]
        )

    def by_draw(self, runs: Floats) -> Floats:
        """(problems, seeds) to means over problems, (draws,)."""
        return stats.by_draw(runs.mean(axis=0), self.draws)


def scores_of(
    name: str, suite: Suite | None, problems: Sequence[str], cells: Sequence[Sequence[CellResult]]
) -> MethodScores:
    """The runs of a method on these problems of a suite, with the same seeds on each."""
    seeds = [cell.seed for cell in cells[0]]
    if suite is None:
        return MethodScores(name, tuple(map(tuple, cells)), tuple(seeds))
    anchors = [[suite.anchor(problem, seed) for seed in seeds] for problem in problems]
    known = tuple(tuple(anchor for anchor in row if anchor is not None) for row in anchors)
    return MethodScores(
        name=name,
        cells=tuple(map(tuple, cells)),
        draws=tuple(suite.search_universe(seed) for seed in seeds),
        checkpoints=suite.checkpoints,
        anchors=known if all(len(row) == len(seeds) for row in known) else (),
    )


def curve(cell: CellResult, suite: Suite | None) -> list[tuple[float, TestScore]]:
    """What a search had found by when: spends in full evaluations, and how the incumbents from then on did on test.

    Where not every incumbent was scored, the curve is known at the suite's checkpoints and at the end.
    """
    return _curve(cell, suite.checkpoints if suite else ())


def _curve(cell: CellResult, checkpoints: Sequence[float]) -> list[tuple[float, TestScore]]:
    spent = max(cell.search.full_evaluations, *(one.at for one in cell.incumbents), 0.0)
    known = [(incumbent.at, cell.score_of(incumbent.key)) for incumbent in cell.incumbents]
    if any(score is None for _, score in known):
        points = [at for at in checkpoints if at < spent]
        known = [*((at, cell.incumbent(at)) for at in points), (spent, cell.final)]
    return [(at, score) for at, score in known if score is not None]


def normalised(suite: Suite | None, problem: str, seed: int, value: float) -> float:
    """A value on the scale of the run's anchors, capped; as it is where the suite has none, or is not known."""
    anchor = suite.anchor(problem, seed) if suite else None
    return value if anchor is None else capped(anchor.normalised(value))


def capped(score: float) -> float:
    """To [-1, 1], so that no problem with a small gap between its anchors outweighs others."""
    return min(1.0, max(-1.0, score))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
