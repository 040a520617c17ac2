"""What searches had found by when: per slice and run an ECDF of targets, and the mean regret of the graph held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ttgbench import stats
from ttgbench.problems.suite import Suite
from ttgbench.report.anytime import ecdf
from ttgbench.report.board.entry import Entry
from ttgbench.report.board.slices import ALL, Slice
from ttgbench.report.scores import POINTS as PERCENT
from ttgbench.report.scores import MethodScores
from ttgbench.stats.arrays import Floats
from ttgbench.stats.runs import MIN_DRAWS

POINTS = 41


def spend_grid(suite: Suite) -> Floats:
    """Spends at which curves are read, in full evaluations: 1% of the search budget to all of it, logarithmic."""
    return np.geomspace(suite.search_evaluations / 100, suite.search_evaluations, POINTS)


def anytime_rows(label: str, entries: Sequence[Entry], part: Slice) -> list[dict[str, Any]]:
    """Curves of one slice: "ecdf" (only with anchors) and "incumbent"; for everything together also per problem."""
    rows = []
    for entry in entries:
        if not entry.is_search:
            continue
        suite, scores = entry.archive.suite, entry.scores.only(part.rows)
        grid = spend_grid(suite)
        base = {"suite": label, "budget": part.budget, "objective": part.objective, "run_id": entry.run_id}
        if scores.anchors:
            rows.append({**base, "kind": "ecdf", "problem": "", **_ecdf(scores, grid)})
        rows.append({**base, "kind": "incumbent", "problem": "", **held(scores, grid)})
        if (part.budget, part.objective) == (ALL, ALL):
            for row, spec in enumerate(suite.problems):
                rows.append({**base, "kind": "incumbent", "problem": spec.name, **held(entry.scores.only([row]), grid)})
    return rows


def _ecdf(scores: MethodScores, grid: Floats) -> dict[str, Any]:
    band = ecdf(scores, grid)
    enough = len(set(scores.draws)) >= MIN_DRAWS
    return {
        "spend": grid,
        "value": band.estimate,
        "low": band.low if enough else None,
        "high": band.high if enough else None,
    }


def held(scores: MethodScores, grid: Floats) -> dict[str, Any]:
    """Mean regret (without anchors: objective) in points of the graph held, from where every run holds one: a mean over
    fewer would compare different runs."""
    curves = np.stack([_incumbents(scores, row, grid) for row in range(len(scores.cells))])
    by_draw = stats.by_draw(np.moveaxis(curves.mean(axis=0), 0, -1), scores.draws)  # (spends, draws)
    known = ~np.isnan(by_draw).any(axis=1)
    band = stats.mean_interval(by_draw[known]) if known.any() else None
    enough = band is not None and by_draw.shape[1] >= MIN_DRAWS
    return {
        "spend": grid[known],
        "value": band.estimate if band else [],
        "low": band.low if band and enough else None,
        "high": band.high if band and enough else None,
    }


def _incumbents(scores: MethodScores, row: int, grid: Floats) -> Floats:
    """Of one problem at each spend: (seeds, A), NaN before anything was recommended."""
    found = []
    for seed in range(scores.seeds):
        spends, values = scores.curve(row, seed)
        held = stats.incumbent_at(spends, values, grid) if len(spends) else np.full(len(grid), np.nan)
        found.append(PERCENT * scores.anchors[row][seed].one - held if scores.anchors else held)
    return np.stack(found)
