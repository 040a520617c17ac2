"""Logs of runs, cut to what a reader of the page follows a search by; the archives have them whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ttgbench.publish.archive import Archive

MAX_EVENTS = 200
"""Events of one run's log that the board keeps, evaluations in a row counting once."""
KEY_DIGITS = 12
"""Of a graph's key: enough to tell the graphs of one log apart."""
MAX_TEXT = 500
"""Characters of one text in a kept event, such as an agent's reply."""


def log_rows(label: str, archive: Archive) -> list[dict[str, Any]]:
    """One row per cell of an archive. label: of its suite."""
    rows = []
    for problem, seed, events in archive.logs():
        kept = told(events)
        if len(kept) > MAX_EVENTS:
            kept = [*kept[: MAX_EVENTS - 1], kept[-1]]
        text = json.dumps([_short(event) for event in kept], ensure_ascii=False)
        rows.append({"suite": label, "run_id": archive.run_id, "problem": problem, "seed": seed, "events": text})
    return rows


def told(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of evaluations in a row only the last, which may have led to what follows, and how many came before it."""
    kept: list[Mapping[str, Any]] = []
    for event in events:
        if event["event"] == "evaluate" and kept and kept[-1]["event"] == "evaluate":
            event = {**event, "evaluations before": 1 + kept.pop().get("evaluations before", 0)}
        kept.append(event)
    return kept


def _short(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event without its graph, whose key's beginning says enough, and with its texts cut."""
    lengths = {"key": KEY_DIGITS}
    return {
        key: value[: lengths.get(key, MAX_TEXT)] if isinstance(value, str) else value
        for key, value in event.items()
        if key != "graph"
    }
