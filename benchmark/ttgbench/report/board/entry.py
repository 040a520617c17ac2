"""One archived run as arrays over the problems of its suite and its seeds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ttgbench import stats
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import Archive
from ttgbench.report.anytime import TARGETS
from ttgbench.run.results import CellResult, TestScore
from ttgbench.stats.arrays import Floats


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
        """Spends in full evaluations and scores of the incumbents of one cell: two arrays (K,), maybe empty.

        See `curve`.
        """
        scored = curve(self.cells[row][seed], self.archive.suite)
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

    def _score(self, row: int, score: TestScore | None) -> float:
        if score is None:
            return np.nan
        suite = self.archive.suite
        return normalised(suite, suite.problems[row].name, score.value)


def curve(cell: CellResult, suite: Suite | None) -> list[tuple[float, TestScore]]:
    """What a search had found by when: spends in full evaluations, and how the incumbents from then on did on test.

    Where not every incumbent was scored, the curve is known at the suite's checkpoints and at the end.
    """
    spent = cell.search.full_evaluations
    known = [(incumbent.at, cell.score_of(incumbent.key)) for incumbent in cell.incumbents]
    if any(score is None for _, score in known):
        points = [at for at in (suite.checkpoints if suite else ()) if at < spent]
        known = [*((at, cell.incumbent(at)) for at in points), (spent, cell.final)]
    return [(min(at, spent), score) for at, score in known if score is not None]


def normalised(suite: Suite | None, problem: str, value: float) -> float:
    """A value on the scale of the problem's anchors; as it is where the suite has none, or is not known."""
    return suite.anchors[problem].normalised(value) if suite and suite.anchors else value
