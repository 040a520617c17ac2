"""The table of methods: rows are fetched by the page and put in place as text, so no name can be markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

from parts.source import Source
from ttgbench.board.export import as_csv, as_json, as_latex, rank_text

_HERE = Path(__file__).parent


def methods_table(source: Source) -> gr.HTML:
    """The component; its value is {"suite", "budget", "objective"}."""

    def rows(part: dict[str, Any]) -> dict[str, Any]:
        return table_rows(source, part)

    def export(wanted: dict[str, Any]) -> str:
        return exported(source, wanted)

    return gr.HTML(
        value=None,
        html_template="<div class='ttg-table'></div>",
        js_on_load=(_HERE / "table.js").read_text("utf-8"),
        apply_default_css=False,
        server_functions=[rows, export],
        elem_id="ttg-methods-table",
    )


def table_rows(source: Source, part: dict[str, Any]) -> dict[str, Any]:
    """What the table shows of one slice: a list per row, in the order of FIELDS in table.js."""
    board, found = source.state.board, _slice(source, part)
    facts = board.manifest["suites"].get(part.get("suite")) if board is not None else None
    return {
        "suite": part.get("suite"),
        "normalised": bool(facts and facts["normalised"]),
        "rows": [_compact(row) for row in found],
    }


def _compact(row: dict[str, Any]) -> list[Any]:
    return [
        row["run_id"],
        rank_text(row),
        row["place"],
        row["method"],
        row["method_version"],
        *_rounded(row, "score", "score_low", "score_high"),
        row["ties"] or "",
        *_rounded(row, "spend_50", "hits_50", "spend_90", "hits_90", "search_spend", "accuracy", "units"),
        _scaled(row["flops"], 1e-9),
        _scaled(row["dollars"], 1e3),
        *_rounded(row, "seconds"),
        row["badge"],
        row["needs_agent"],
        row["seeds"],
        row["unranked"],
    ]


def _rounded(row: dict[str, Any], *columns: str) -> list[float | None]:
    return [_scaled(row[column], 1) for column in columns]


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else float(f"{value * factor:.5g}")


def exported(source: Source, wanted: dict[str, Any]) -> str:
    """The rows with the `runs` that are asked for, in that order, as csv, json or latex."""
    found = {row["run_id"]: row for row in _slice(source, wanted)}
    rows = [found[run] for run in wanted.get("runs", ()) if run in found]
    kind = wanted.get("format")
    if kind == "csv":
        return as_csv(rows)
    if kind == "json":
        return as_json([{**row, "failures": json.loads(row["failures"])} for row in rows])
    return as_latex(
        rows, f"{wanted.get('suite')}: {wanted.get('budget')} budgets, {wanted.get('objective')} objectives"
    )


def _slice(source: Source, part: dict[str, Any]) -> list[dict[str, Any]]:
    board = source.state.board
    if board is None:
        return []
    return board.rows("methods", **{key: str(part.get(key)) for key in ("suite", "budget", "objective")})
