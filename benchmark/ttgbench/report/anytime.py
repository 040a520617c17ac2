"""What the searches had found by when: targets hit over search spend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ttgbench.report.grid import Grid
from ttgbench.report.table import Column, Table, Value
from ttgbench.run.results import CellResult
from ttgbench.stats import Band, Interval, ecdf_area, ecdf_band, expected_running_time, hitting_spends

TARGETS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Normalised scores. Absolute, the same for every method and every version of the package."""
SHOWN = (0.5, 0.9)
FIRST_SPEND = 0.1
"""Full evaluations at which the axis begins."""


@dataclass(frozen=True)
class Anytime:
    """Per method: spends at which targets were hit, and what follows from them."""

    hits: dict[str, np.ndarray]
    """(problems, targets, seeds), in full evaluations, infinite for a miss."""
    spent: dict[str, np.ndarray]
    """(problems, seeds)."""
    grid: np.ndarray
    """Spends of the curves."""
    curves: dict[str, Band]
    areas: dict[str, Interval]


def make_anytime(grid: Grid, limit: float) -> Anytime | None:
    """None without anchors, or where not every incumbent was scored. limit: search budget in full evaluations."""
    cells = [cell for block in grid.cells for row in block for cell in row]
    if not grid.anchored or not all(_all_scored(cell) for cell in cells):
        return None
    spends = np.geomspace(FIRST_SPEND, limit, 40)
    hits, spent, curves, areas = {}, {}, {}, {}
    for m, method in enumerate(grid.methods):
        hits[method] = np.stack(
            [
                np.stack([_hits(grid, m, p, s) for s in range(len(grid.seeds))], axis=-1)
                for p in range(len(grid.problems))
            ]
        )
        ends = [
            [max(c.search.full_evaluations, *(i.at for i in c.incumbents), 0.0) for c in row] for row in grid.cells[m]
        ]
        spent[method] = np.array(ends)
        curves[method] = ecdf_band(hits[method], spends, np.random.default_rng(0), resamples=300)
        areas[method] = ecdf_area(hits[method], FIRST_SPEND, limit, np.random.default_rng(0), resamples=500)
    return Anytime(hits, spent, spends, curves, areas)


def _all_scored(cell: CellResult) -> bool:
    scored = {score.key for score in cell.test}
    return all(incumbent.key in scored for incumbent in cell.incumbents)


def _hits(grid: Grid, method: int, problem: int, seed: int) -> np.ndarray:
    cell = grid.cells[method][problem][seed]
    values = {score.key: score.value for score in cell.test}
    zero, one = grid.anchors[problem]
    found = [(values[incumbent.key] - zero) / (one - zero) for incumbent in cell.incumbents]
    return hitting_spends([incumbent.at for incumbent in cell.incumbents], found, TARGETS)


def anytime_table(anytime: Anytime) -> Table:
    """Area under the ECDF, and how often and at what spend the shown targets were hit, over all problems."""
    rows: list[tuple[Value, ...]] = []
    for method in sorted(anytime.areas, key=lambda name: -anytime.areas[name].estimate):
        row: list[Value] = [method, anytime.areas[method]]
        for target in SHOWN:
            t = TARGETS.index(target)
            hits, spent = anytime.hits[method][:, t, :], anytime.spent[method]
            hit = np.isfinite(hits)
            used = float(np.where(hit, hits, spent).sum())
            row += [float(hit.mean()), used / int(hit.sum()) if hit.any() else math.inf]
        rows.append(tuple(row))
    columns = [Column("method"), Column("area under ECDF", "over log spend, of all targets; 1 is at once, 0 never")]
    for target in SHOWN:
        columns.append(Column(f"hit {target:g}", f"share of runs that reached normalised score {target:g}", 2))
        columns.append(Column(f"spend to {target:g}", "full evaluations spent per hit, misses included (ERT)", 1))
    names = ", ".join(f"{target:g}" for target in TARGETS)
    return Table(
        "anytime", "Anytime performance", tuple(columns), rows, f"Targets: normalised scores {names} on test questions."
    )


def ert_table(grid: Grid, anytime: Anytime) -> Table:
    """Expected running time per method, problem and target, with success counts."""
    rows: list[tuple[Value, ...]] = []
    for method in grid.methods:
        ert = expected_running_time(anytime.hits[method], anytime.spent[method])
        for p, problem in enumerate(grid.problems):
            for t, target in enumerate(TARGETS):
                rows.append((method, problem, target, float(ert.spend[p, t]), int(ert.successes[p, t]), ert.runs))
    columns = (
        Column("method"),
        Column("problem"),
        Column("target", "normalised score", 2),
        Column("ERT", "expected search spend with restarts, full evaluations", 2),
        Column("hits"),
        Column("runs"),
    )
    return Table("ert", "Expected running time to targets", columns, rows)
