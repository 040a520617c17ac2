"""The table of methods: rows are fetched by the page and put in place as text, so no name can be markup."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from ttgbench.leaderboard.parts.source import Source
from ttgbench.models.cost import UNPRICED
from ttgbench.problems.rules_version import RULES
from ttgbench.report.board import Board
from ttgbench.report.columns import COLUMNS
from ttgbench.report.export import as_csv, as_json, as_latex
from ttgbench.report.ranking import rank_text
from ttgbench.report.table import Column, Table, Value
from ttgbench.stats import Interval
from ttgbench.util.text import visible

_HERE = Path(__file__).parent
HARDLY = "searched for less than one full evaluation"
"""It says so beside the name: who spends nothing may have known the graphs before."""
LONGEST = 200
"""Characters of what a page may ask for: what was asked last is kept."""


def methods_table(source: Source) -> gr.HTML:
    """The component; its value is {"suite", "budget", "objective"}."""

    def rows(part: Any) -> str:
        return fetched(source, part)

    def export(wanted: Any) -> str:
        return exported(source, wanted)

    return gr.HTML(
        value=None,
        html_template="<div class='ttg-table'></div>",
        js_on_load=(_HERE / "table.js").read_text("utf-8"),
        apply_default_css=False,
        server_functions=[rows, export],
        elem_id="ttg-methods-table",
    )


def fetched(source: Source, part: Any) -> str:
    """The rows of the slice that a page asks for, see `packed_rows`."""
    board = source.state.board
    return "" if board is None else packed_rows(board, *_choice(part))


@lru_cache(maxsize=16)
def packed_rows(board: Board, suite: str, budget: str, objective: str) -> str:
    """What table.js shows of one slice: JSON, gzip, base64.

    Made once, and as one text: Gradio would walk through every value for every visitor and send it uncompressed.
    """
    facts = board.manifest["suites"].get(suite)
    found = board.rows("methods", suite=suite, budget=budget, objective=objective)
    columns = [*shown_columns(bool(facts and facts["normalised"])), *held_out_columns(found)]
    answer = {"columns": [_head(column) for column in columns], "rows": [_compact(row, columns) for row in found]}
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def shown_columns(anchored: bool) -> list[Column]:
    """Of the page; a suite with anchors has regrets in place of values."""
    return [c for c in COLUMNS if (anchored or not c.anchored) and not (anchored and c.key == "value")]


HELD_OUT = (
    Column("Held out", "normalised score on instances that nobody had seen, all budgets", key="held_out", high=True),
    Column("Gap", "public less held-out score, over all budgets; noted where beyond two standard errors", key="gap"),
)


def held_out_columns(rows: Sequence[dict[str, Any]]) -> list[Column]:
    """Shown where any method has been run on a season."""
    return list(HELD_OUT) if any(row["held_out"] is not None for row in rows) else []


def _head(column: Column) -> dict[str, Any]:
    return {
        "key": column.key,
        "head": column.name,
        "title": column.help,
        "digits": column.digits,
        "exponent": column.exponent,
        "high": column.high,
        "score": column.key == "score",
    }


def _compact(row: dict[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for column in columns:
        value = cell(row, column)
        if isinstance(value, Interval) and value.low < math.inf:
            cells[column.key] = [_rounded(x, column) for x in (value.estimate, value.low, value.high)]
        else:  # never at both ends is said once
            cells[column.key] = _rounded(value.estimate if isinstance(value, Interval) else value, column)
    return {
        **cells,
        "run": row["run_id"],
        "place": row["place"],
        "ranks": [row["rank_best"], row["rank_worst"]],
        "version": row["method_version"],
        "badge": row["badge"],
        "agent": row["needs_agent"],
        "note": visible("; ".join(filter(None, _notes(row)))),
    }


def cell(row: dict[str, Any], column: Column) -> Value:
    """What a row of the table "methods" says in one column."""
    if column.key == "rank":
        return rank_text(row["rank_best"], row["rank_worst"])
    value = row[column.key]
    if value is None and (column.key == "search_dollars" or (column.key == "dollars" and row["flops"] is not None)):
        return UNPRICED
    if column.interval and value is not None and row[f"{column.key}_low"] is not None:
        return Interval(value, row[f"{column.key}_low"], row[f"{column.key}_high"])
    found: Value = value
    return found


def _rounded(value: Value, column: Column) -> Any:
    """Infinite as text, which JSON has no number for."""
    if isinstance(value, str):
        return visible(value)
    if not isinstance(value, float):
        return value
    return "never" if math.isinf(value) else float(f"{value * column.factor:.5g}")


def _little(spend: float) -> str:
    return HARDLY if spend < 1 else ""


def _fallback(share: float | None) -> str:
    return "" if share is None else f"a fallback decided {share:.0%}"


def _notes(row: dict[str, Any]) -> list[str]:
    """What has to be known of a row, empty where there is nothing."""
    return [
        row["unranked"],
        _little(row["search_spend"]),
        _fallback(row["fallback"]),
        _rules(row["rules"]),
        _gap(row),
    ]


def _gap(row: dict[str, Any]) -> str:
    if not row["gap_flagged"]:
        return ""
    return f"{row['gap']:.2f} ± {row['gap_error']:.2f} better in public than on held-out instances"


def _rules(version: int) -> str:
    return "" if version == RULES else f"made under version {version} of the rules"


def exported(source: Source, wanted: Any) -> str:
    """The rows with the `runs` that are asked for, in that order, as csv, json or latex."""
    board, (suite, budget, objective) = source.state.board, _choice(wanted)
    if board is None:
        return ""
    found = {row["run_id"]: row for row in board.rows("methods", suite=suite, budget=budget, objective=objective)}
    runs = _asked(wanted, "runs")
    rows = [found[run] for run in map(str, runs if isinstance(runs, list) else ()) if run in found]
    facts = board.manifest["suites"].get(suite)
    table = methods_rows(
        rows, bool(facts and facts["normalised"]), f"{suite}: {budget} budgets, {objective} objectives"
    )
    return {"csv": as_csv, "json": as_json}.get(str(_asked(wanted, "format")), as_latex)(table)


def methods_rows(rows: Sequence[dict[str, Any]], anchored: bool, title: str) -> Table:
    """The rows as the report's kind of table, for files."""
    own = (Column("Badge", key="badge"), Column("Run", key="run_id"))
    columns = (*shown_columns(anchored), *held_out_columns(rows), *own)
    return Table("methods", title, columns, [tuple(cell(row, column) for column in columns) for row in rows])


def _choice(part: Any) -> tuple[str, str, str]:
    """Suite, budget and objective that the page asks for; it can be made to ask for anything, of any type."""
    suite, budget, objective = (str(_asked(part, name))[:LONGEST] for name in ("suite", "budget", "objective"))
    return suite, budget, objective


def _asked(part: Any, name: str) -> Any:
    return part.get(name) if isinstance(part, dict) else None
