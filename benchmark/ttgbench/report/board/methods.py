"""The table of methods: per slice one row for each archived run of a search method."""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ttgbench import stats
from ttgbench.report.anytime import TARGETS
from ttgbench.report.board.entry import Entry
from ttgbench.report.board.slices import Slice
from ttgbench.run.results import TestScore
from ttgbench.stats.arrays import Floats

MAX_RANKED = 300
"""Rank intervals take time and memory with the square of the methods; beyond the best so many nobody reads them."""
RESAMPLES = 2000
SHOWN_TARGETS = {"spend_50": 0.5, "spend_90": 0.9}
"""Columns of expected spend, and the normalised score to be reached."""
COSTS = ("units", "flops", "dollars", "seconds")


def method_rows(label: str, entries: Sequence[Entry], part: Slice) -> list[dict[str, Any]]:
    """Rows of one slice, best first; what cannot be ranked follows, by name."""
    entries = [entry for entry in entries if entry.is_search]
    rows = {entry.run_id: _row(label, entry, part) for entry in entries}
    ranked = [entry for entry in entries if not rows[entry.run_id]["unranked"]]
    means = {entry.run_id: float(_scores(entry, part).mean()) for entry in ranked}
    ranked.sort(key=lambda entry: (-means[entry.run_id], entry.archive.record.method.name, entry.run_id))
    for entry in ranked[MAX_RANKED:]:
        rows[entry.run_id]["unranked"] = f"the {MAX_RANKED} best are ranked"
    if ranked:
        _add_ranks([rows[entry.run_id] for entry in ranked[:MAX_RANKED]], ranked[:MAX_RANKED], part)
    order = {entry.run_id: place for place, entry in enumerate(ranked)}
    found = sorted(rows.values(), key=lambda row: (order.get(row["run_id"], len(order)), row["method"], row["run_id"]))
    return [{**row, "place": place} for place, row in enumerate(found, 1)]


def _scores(entry: Entry, part: Slice) -> Floats:
    return entry.scores[list(part.rows)]


def _row(label: str, entry: Entry, part: Slice) -> dict[str, Any]:
    method = entry.archive.record.method
    scores = _scores(entry, part)
    cells = [cell for row in part.rows for cell in entry.cells[row]]
    finals = [final for cell in cells if (final := cell.final) is not None]
    complete = not np.isnan(scores).any()
    row: dict[str, Any] = {
        "suite": label,
        "budget": part.budget,
        "objective": part.objective,
        "run_id": entry.run_id,
        "method": method.name,
        "method_version": method.version,
        "description": method.description,
        "badge": entry.archive.badge,
        "needs_agent": method.needs_agent,
        "fallback": _mean_told([cell.fallback for cell in cells]),
        "problems": len(part.rows),
        "seeds": entry.seeds,
        "failures": json.dumps(dict(sorted(Counter(cell.status for cell in cells if cell.final is None).items()))),
        "unranked": _why_unranked(entry, cells_without=len(cells) - len(finals), cells=len(cells)),
        "score": float(scores.mean()) if complete else None,
        "accuracy": float(np.mean([final.accuracy for final in finals])) if complete else None,
        "search_spend": float(entry.spent[list(part.rows)].mean()),
        **_spend_to_targets(entry, part),
        **_costs(finals),
    }
    if complete and entry.seeds > 1:
        band = stats.stratified_bootstrap(scores, _mean, np.random.default_rng(0), resamples=RESAMPLES)
        row["score_low"], row["score_high"] = band.at().low, band.at().high
    return row


def _mean_told(values: Sequence[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return float(np.mean(told)) if told else None


def _mean(drawn: Floats) -> Floats:
    return np.asarray(drawn.mean(axis=(-2, -1)))


def _why_unranked(entry: Entry, *, cells_without: int, cells: int) -> str:
    """Empty where there is no reason. A missing graph is never scored as if it were a bad one."""
    wanted = entry.archive.suite.seeds
    if cells_without:
        return f"{cells_without} of {cells} runs ended without a graph"
    if entry.seeds < wanted:
        return f"{entry.seeds} of {wanted} seeds"
    if wanted < 2:
        return "the suite has one seed; ranks need two"
    return ""


def _spend_to_targets(entry: Entry, part: Slice) -> dict[str, Any]:
    """Expected spend over all runs of the slice, and the share of runs that got there; Auger & Hansen 2005.

    None for a suite without anchors, where scores of different problems share no scale.
    """
    if not entry.archive.suite.anchors:
        return {}
    found: dict[str, Any] = {}
    rows = list(part.rows)
    for column, target in SHOWN_TARGETS.items():
        hits = entry.hits[rows, TARGETS.index(target)].reshape(1, 1, -1)
        running = stats.expected_running_time(hits, entry.spent[rows].reshape(1, -1))
        spend = float(running.spend[0, 0])
        found[column] = spend if np.isfinite(spend) else None
        found[column.replace("spend", "hits")] = int(running.successes[0, 0]) / running.runs
    return found


def _costs(finals: Sequence[TestScore]) -> dict[str, float | None]:
    """Mean cost per query of the final graphs: nominal units, measured the rest."""
    if not finals:
        return dict.fromkeys(COSTS)
    costs = np.mean([[final.nominal.units, final.flops, final.dollars, final.seconds] for final in finals], axis=0)
    return dict(zip(COSTS, map(float, costs), strict=True))


def _add_ranks(rows: Sequence[dict[str, Any]], ranked: Sequence[Entry], part: Slice) -> None:
    ranks = stats.rank_intervals(
        np.stack([_scores(entry, part) for entry in ranked]), np.random.default_rng(0), resamples=RESAMPLES
    )
    for number, row in enumerate(rows):
        row["rank_best"], row["rank_worst"] = int(ranks.best[number]), int(ranks.worst[number])
        row["ties"] = " ".join(_letter(i) for i, group in enumerate(ranks.groups) if number in group)


def _letter(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    letters = string.ascii_lowercase
    return (_letter(number // 26 - 1) if number >= 26 else "") + letters[number % 26]
