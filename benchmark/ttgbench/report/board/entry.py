"""One archived run and its scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ttgbench.publish.archive import Archive
from ttgbench.report.scores import MethodScores, scores_of
from ttgbench.run.results import CellResult


@dataclass(frozen=True)
class Entry:
    """An archive, indexed by the problems of its suite and its seeds."""

    archive: Archive

    @property
    def run_id(self) -> str:
        return self.archive.run_id

    @property
    def name(self) -> str:
        """Of its method."""
        return self.archive.record.method.name

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
    def scores(self) -> MethodScores:
        """On all problems of the suite, in its order."""
        suite = self.archive.suite
        return scores_of(self.name, suite, [spec.name for spec in suite.problems], self.cells)
