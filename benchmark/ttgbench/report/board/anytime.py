"""What searches had found by when: per slice and run an ECDF of targets and the mean incumbent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ttgbench import stats
from ttgbench.problems.suite import Suite
from ttgbench.report.board.entry import Entry
from ttgbench.report.board.slices import ALL, Slice
from ttgbench.stats.arrays import Floats

POINTS = 41
RESAMPLES = 400


def spend_grid(suite: Suite) -> Floats:
    """Spends at which curves are read, in full evaluations: 1% of the search budget to all of it, logarithmic."""
    return np.geomspace(suite.search_evaluations / 100, suite.search_evaluations, POINTS)


def anytime_rows(label: str, entries: Sequence[Entry], part: Slice) -> list[dict[str, Any]]:
    """Curves of one slice: "ecdf" (only with anchors) and "incumbent"; for everything together also per problem."""
    rows = []
    for entry in entries:
        if not entry.is_search:
            continue
        suite = entry.archive.suite
        grid = spend_grid(suite)
        base = {"suite": label, "budget": part.budget, "objective": part.objective, "run_id": entry.run_id}
        if suite.anchors:
            rows.append({**base, "kind": "ecdf", "problem": "", **_ecdf(entry, part, grid)})
        curves = [_incumbents(entry, row, grid) for row in part.rows]
        rows.append({**base, "kind": "incumbent", "problem": "", **_mean_curve(np.concatenate(curves), grid)})
        if (part.budget, part.objective) == (ALL, ALL):
            for row, curve in zip(part.rows, curves, strict=True):
                name = suite.problems[row].name
                rows.append({**base, "kind": "incumbent", "problem": name, **_mean_curve(curve, grid)})
    return rows


def _ecdf(entry: Entry, part: Slice, grid: Floats) -> dict[str, Any]:
    hits = entry.hits[list(part.rows)]
    if entry.seeds < 2:
        return {"spend": grid, "value": stats.ecdf(hits, grid), "low": None, "high": None}
    band = stats.ecdf_band(hits, grid, np.random.default_rng(0), resamples=RESAMPLES)
    return {"spend": grid, "value": band.estimate, "low": band.low, "high": band.high}


def _incumbents(entry: Entry, row: int, grid: Floats) -> Floats:
    """Scores of the incumbents of one problem at each spend: (seeds, A), NaN before anything was recommended."""
    found = []
    for seed in range(entry.seeds):
        spends, values = entry.curve(row, seed)
        found.append(stats.incumbent_at(spends, values, grid) if len(spends) else np.full(len(grid), np.nan))
    return np.stack(found)


def _mean_curve(curves: Floats, grid: Floats) -> dict[str, Any]:
    """Mean over runs (R, A), from where every run has an incumbent: a mean over fewer would compare different runs."""
    known = ~np.isnan(curves).any(axis=0)
    return {"spend": grid[known], "value": curves[:, known].mean(axis=0), "low": None, "high": None}
