"""What the searches had found by when: targets held to the end, over search spend."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ttgbench import stats
from ttgbench.report.columns import SHOWN_TARGETS, column, measures
from ttgbench.report.grid import Grid
from ttgbench.report.scores import TARGETS, MethodScores
from ttgbench.report.table import Column, Table, Value
from ttgbench.stats import Band, Interval

FIRST_SPEND = 0.1
"""Full evaluations at which the axis begins."""
POINTS = 40
RESAMPLES = 400


@dataclass(frozen=True)
class Anytime:
    """The curves of several methods."""

    methods: list[MethodScores]
    spends: np.ndarray
    """At which the curves are read, in full evaluations."""
    curves: list[Band]
    areas: list[Interval]


def make_anytime(grid: Grid, limit: float) -> Anytime | None:
    """None without anchors. limit: search budget in full evaluations."""
    if not grid.anchored:
        return None
    spends = np.geomspace(FIRST_SPEND, limit, POINTS)
    areas = [stats.ecdf_area(m.hits, m.until_end, FIRST_SPEND, limit, m.draws) for m in grid.methods]
    return Anytime(grid.methods, spends, [ecdf(method, spends) for method in grid.methods], areas)


def ecdf(scores: MethodScores, spends: np.ndarray) -> Band:
    """Share of all (problem, target) whose expected spend is at most each of `spends`."""
    return stats.ecdf_band(
        scores.hits, scores.until_end, spends, scores.draws, np.random.default_rng(0), resamples=RESAMPLES
    )


def anytime_table(anytime: Anytime) -> Table:
    """Area under the ECDF, and how often and at what spend the shown targets were held."""
    keys = [f"{what}_{100 * target:.0f}" for target in SHOWN_TARGETS for what in ("holds", "spend")]
    rows: list[tuple[Value, ...]] = []
    for i in sorted(range(len(anytime.methods)), key=lambda i: -anytime.areas[i].estimate):
        found = measures(anytime.methods[i])
        rows.append((anytime.methods[i].name, anytime.areas[i], *(found[key] for key in keys)))
    columns = (
        Column("method"),
        Column("area under ECDF", "over log spend, of all (problem, target); 1 is at once, 0 never; 95% over draws"),
        *(replace(column(key), minor=weight) for key, weight in zip(keys, (3, 4, 1, 2), strict=True)),
    )
    names = ", ".join(f"{target:g}" for target in TARGETS)
    note = (
        "Area under the ECDF: the share of all (problem, target) held, over log spend; 1 is all at once, 0 never. "
        f"Targets: normalised scores {names} on test questions. A target counts from when a run holds it to its end; "
        "spend is expected per problem and target, with restarts, and infinite where no run holds it."
    )
    return Table("anytime", "Anytime performance", columns, rows, note)


def ert_table(grid: Grid) -> Table:
    """Expected running time per method, problem and target, with success counts."""
    rows: list[tuple[Value, ...]] = []
    for method in grid.methods:
        ert = stats.expected_running_time(method.hits, method.until_end, method.draws)
        for p, problem in enumerate(grid.problems):
            for t, target in enumerate(TARGETS):
                rows.append((method.name, problem, target, float(ert.spend[p, t]), int(ert.successes[p, t]), ert.runs))
    columns = (
        Column("method"),
        Column("problem"),
        Column("target", "normalised score", 2),
        Column("ERT", "expected search spend with restarts until it is held to the end, full evaluations", 2),
        Column("hits", "runs that held it to their end"),
        Column("runs"),
    )
    return Table("ert", "Expected running time to targets", columns, rows)
