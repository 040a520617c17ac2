"""One archived run as arrays over the problems of its suite and its seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ttgbench import stats
from ttgbench.archive import Archive
from ttgbench.objective import Objective
from ttgbench.results import CellResult, TestScore
from ttgbench.stats.arrays import Floats
from ttgbench.suite import Suite

TARGETS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Normalised scores whose first hits make the anytime curves; frozen with the board's version."""


def objective_value(objective: Objective, score: TestScore) -> float:
    """What the problem's objective says of a graph on the test questions: `Objective.value` on the archived means."""
    accuracy = float(np.mean(score.scores))
    if objective.kind == "accuracy":
        return accuracy
    return accuracy - objective.weight * score.seconds / objective.reference_seconds


def anchors_of(suite: Suite) -> dict[str, tuple[float, float]] | None:
    """(zero, one) per problem, or None for a suite without anchors."""
    anchors: Mapping[str, Any] | None = getattr(suite, "anchors", None)
    if not anchors:
        return None
    return {name: (_number(anchor, "zero"), _number(anchor, "one")) for name, anchor in anchors.items()}


def _number(anchor: Any, field: str) -> float:
    return float(anchor[field] if isinstance(anchor, Mapping) else getattr(anchor, field))


@dataclass(frozen=True)
class Entry:
    """An archive, indexed: arrays have the axes (problems of the suite, seeds)."""

    archive: Archive

    @property
    def run_id(self) -> str:
        return self.archive.run_id

    @property
    def seeds(self) -> int:
        return self.archive.record.seeds

    @property
    def is_search(self) -> bool:
        """Whether it belongs among the methods; a published graph belongs among the graphs alone."""
        return self.archive.record.kind == "method"

    @cached_property
    def cells(self) -> tuple[tuple[CellResult, ...], ...]:
        """Rows in the order of the suite's problems, columns by seed."""
        found = {(cell.problem, cell.seed): cell for cell in self.archive.cells}
        return tuple(
            tuple(found[spec.name, seed] for seed in range(self.seeds)) for spec in self.archive.suite.problems
        )

    @cached_property
    def scores(self) -> Floats:
        """Normalised score of each final graph, or its plain objective without anchors; NaN where there is no graph."""
        return np.array([[self._score(row, cell.final) for cell in cells] for row, cells in enumerate(self.cells)])

    def curve(self, row: int, seed: int) -> tuple[Floats, Floats]:
        """Spends in full evaluations and scores of the incumbents of one cell: two arrays (K,), maybe empty."""
        cell = self.cells[row][seed]
        spent = cell.search.full_evaluations
        scored = [
            (min(incumbent.at, spent), score)
            for incumbent in cell.incumbents
            if (score := cell.score_of(incumbent.key)) is not None
        ]
        scored.sort(key=lambda point: point[0])
        return (
            np.array([at for at, _ in scored], dtype=np.float64),
            np.array([self._score(row, score) for _, score in scored], dtype=np.float64),
        )

    @cached_property
    def hits(self) -> Floats:
        """Spend at which each of TARGETS was first reached, infinite where never: (problems, targets, seeds)."""
        rows = range(len(self.cells))
        return np.array([[self._hits(row, seed) for seed in range(self.seeds)] for row in rows]).transpose(0, 2, 1)

    def _hits(self, row: int, seed: int) -> Floats:
        spends, values = self.curve(row, seed)
        return stats.hitting_spends(spends, values, TARGETS) if len(spends) else np.full(len(TARGETS), np.inf)

    @cached_property
    def spent(self) -> Floats:
        """What each search spent, in full evaluations."""
        return np.array([[cell.search.full_evaluations for cell in cells] for cells in self.cells])

    @cached_property
    def _scale(self) -> list[tuple[float, float]]:
        anchors = anchors_of(self.archive.suite)
        return [anchors[spec.name] if anchors else (0.0, 1.0) for spec in self.archive.suite.problems]

    def _score(self, row: int, score: TestScore | None) -> float:
        if score is None:
            return np.nan
        zero, one = self._scale[row]
        return (objective_value(self.archive.suite.problems[row].objective, score) - zero) / (one - zero)
