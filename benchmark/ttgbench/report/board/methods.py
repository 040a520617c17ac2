"""The board's table of methods: per slice one row for each archived run of a search method."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ttgbench.report.board.entry import Entry
from ttgbench.report.board.slices import Slice
from ttgbench.report.columns import COLUMNS, measures
from ttgbench.report.ranking import ranking
from ttgbench.report.table import Value
from ttgbench.stats import Interval
from ttgbench.stats.runs import too_few
from ttgbench.util.text import counted

MAX_RANKED = 300
"""Rank intervals take time and memory with the square of the methods; beyond the best so many nobody reads them."""
RESAMPLES = 2000
MEASURED = tuple(column for column in COLUMNS if column.key not in ("rank", "method", "ties"))


def method_rows(label: str, entries: Sequence[Entry], part: Slice) -> list[dict[str, Any]]:
    """Rows of one slice, best first; what cannot be ranked follows, by name."""
    entries = [entry for entry in entries if entry.is_search]
    rows = {entry.run_id: _row(label, entry, part) for entry in entries}
    order: dict[str, int] = {}
    ranked = [entry for entry in entries if not rows[entry.run_id]["unranked"]]
    ranked.sort(key=lambda entry: (-_mean(entry, part), entry.name, entry.run_id))
    for place, entry in enumerate(ranked):
        order[entry.run_id] = place
    for entry in ranked[MAX_RANKED:]:
        rows[entry.run_id]["unranked"] = f"the {MAX_RANKED} best are ranked"
    if ranked:
        found = ranking([entry.scores.only(part.rows) for entry in ranked[:MAX_RANKED]], RESAMPLES)
        for number, entry in enumerate(ranked[:MAX_RANKED]):
            ends = {"rank_best": found.best[number], "rank_worst": found.worst[number], "ties": found.ties[number]}
            rows[entry.run_id].update(ends)
    placed = sorted(rows.values(), key=lambda row: (order.get(row["run_id"], len(order)), row["method"], row["run_id"]))
    return [{**row, "place": place} for place, row in enumerate(placed, 1)]


def _mean(entry: Entry, part: Slice) -> float:
    scores = entry.scores.only(part.rows)
    return float(scores.by_draw(scores.values()).mean())


def _row(label: str, entry: Entry, part: Slice) -> dict[str, Any]:
    method = entry.archive.record.method
    cells = [cell for row in part.rows for cell in entry.cells[row]]
    failed = Counter(cell.status for cell in cells if cell.final is None)
    found = measures(entry.scores.only(part.rows))
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
        "rules": entry.archive.record.rules,
        "problems": len(part.rows),
        "failures": json.dumps(dict(sorted(failed.items()))),
        "unranked": _why_unranked(entry, without=sum(failed.values()), cells=len(cells)),
        **_held_out(entry),
    }
    for column in MEASURED:
        row.update(_stored(column.key, found.get(column.key), column.interval))
    return row


def _mean_told(values: Sequence[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return float(np.mean(told)) if told else None


def _stored(key: str, value: Value, interval: bool) -> dict[str, Any]:
    """As the files hold it: infinite as it is, bounds that are not known as nothing."""
    if isinstance(value, Interval):
        bounds = (None if math.isnan(bound) else bound for bound in (value.low, value.high))
        return {key: value.estimate, **dict(zip((f"{key}_low", f"{key}_high"), bounds, strict=True))}
    value = None if isinstance(value, str) else value
    return {key: value, f"{key}_low": None, f"{key}_high": None} if interval else {key: value}


def _held_out(entry: Entry) -> dict[str, Any]:
    """What its verification says of held-out instances; they are no part of a slice."""
    held = entry.archive.verification and entry.archive.verification.season
    if not held:
        return {"held_out": None, "gap": None, "gap_error": None, "gap_flagged": False}
    return {"held_out": held.held_out, "gap": held.gap, "gap_error": held.error, "gap_flagged": held.flagged}


def _why_unranked(entry: Entry, *, without: int, cells: int) -> str:
    """Empty where there is no reason. A missing graph is never scored as if it were a bad one."""
    suite = entry.archive.suite
    draws = len({suite.search_universe(seed) for seed in range(suite.seeds)})
    if few := too_few(draws, (suite.seeds, suite.seeds), shared=True):
        return f"smoke test, not a ranking: {few}"
    if without:
        return f"{without} of {counted(cells, 'run')} ended without a graph"
    if entry.seeds < suite.seeds:
        return f"{entry.seeds} of {suite.seeds} seeds"
    return ""
