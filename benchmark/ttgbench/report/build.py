"""Puts a report together: which tables and figures these runs allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttgbench._version import __version__
from ttgbench.report import anytime, overall, plots, tradeoff
from ttgbench.report.grid import make_grid
from ttgbench.report.problems import Row, problem_rows, problem_tables
from ttgbench.report.ranking import ranking
from ttgbench.report.remarks import remarks
from ttgbench.report.runs import Runs
from ttgbench.report.table import Table

MANY_PROBLEMS = 3
"""With more problems than this the overview comes first, and the terminal shows nothing else."""


@dataclass(frozen=True)
class Report:
    """All that is said about some runs."""

    title: str
    about: str
    """What the suite says of itself first; may be empty."""
    remarks: tuple[str, ...]
    """What is to be known of methods before their figures."""
    rows: Sequence[Row]
    """Per problem and method."""
    problems: Sequence[Table]
    overview: Sequence[Table]
    """Over all problems; empty with one seed."""
    details: Sequence[Table]
    """Too long for a terminal."""
    figures: Sequence[plots.Figure]

    @property
    def tables(self) -> list[Table]:
        """All of them."""
        return [*self.overview, *self.problems, *self.details]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: every table by name, and per problem and method the row with its graph."""
        return {
            "title": self.title,
            "about": self.about,
            "remarks": list(self.remarks),
            "package_version": __version__,
            "rows": [{"problem": row.problem, "graph": row.graph, **_named(row)} for row in self.rows],
            "tables": {table.name: table.records() for table in [*self.overview, *self.details]},
            "notes": {table.name: table.note for table in self.overview},
        }


def build(runs: Runs, *, rope: float | None = None) -> Report:
    """Every table and figure. rope: adds the comparison with this region of practical equivalence.

    All chance is seeded: same runs, same report.
    """
    rows = problem_rows(runs)
    overview: list[Table] = []
    details: list[Table] = []
    figures: list[plots.Figure] = []
    grid = make_grid(runs)
    if grid is not None:
        pairs = overall.pairs_table(grid)
        overview.append(overall.summary_table(grid, ranking(grid.methods)))
        figures += plots.of_grid(grid, overview[0], overall.profile(grid), overall.critical(grid))
        limit = runs.suite.search_evaluations if runs.suite else 0.0
        curves = anytime.make_anytime(grid, limit) if limit > anytime.FIRST_SPEND else None
        if curves is not None:
            overview.append(anytime.anytime_table(curves))
            details.append(anytime.ert_table(grid))
            figures.append(plots.of_anytime(curves))
        if pairs is not None:
            details.append(pairs)
        if rope is not None:
            details.append(overall.rope_table(grid, rope))
    tradeoffs = tradeoff.make_tradeoffs(runs)
    if tradeoffs and grid is not None:
        details.append(tradeoff.tradeoff_table(tradeoffs))
        figures.append(plots.of_tradeoffs(tradeoffs, grid.names + [m for m in runs.methods if m not in grid.names]))
    first = runs.results[0]
    return Report(
        title=f"{first.suite}, version {first.suite_version}",
        about=runs.about,
        remarks=remarks(runs),
        rows=rows,
        problems=problem_tables(rows, runs.reach()),
        overview=overview,
        details=details,
        figures=figures,
    )


def _named(row: Row) -> dict[str, Any]:
    one = problem_tables([row])[0].records()[0]
    return {**one, "statuses": row.statuses, "error": row.error}
