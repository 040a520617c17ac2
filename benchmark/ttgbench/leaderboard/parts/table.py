"""The table of methods: rows are fetched by the page and put in place as text, so no name can be markup."""

from __future__ import annotations

import base64
import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.report.board.export import as_csv, as_json, as_latex, rank_text

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
    answer = {"normalised": bool(facts and facts["normalised"]), "rows": [_compact(row) for row in found]}
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _compact(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": row["run_id"],
        "rank": rank_text(row),
        "place": row["place"],
        "method": row["method"],
        "version": row["method_version"],
        "score": _scaled(row["score"]),
        "low": _scaled(row["score_low"]),
        "high": _scaled(row["score_high"]),
        "ties": row["ties"] or "",
        "spend50": _scaled(row["spend_50"]),
        "hits50": _scaled(row["hits_50"]),
        "spend90": _scaled(row["spend_90"]),
        "hits90": _scaled(row["hits_90"]),
        "search": _scaled(row["search_spend"]),
        "accuracy": _scaled(row["accuracy"]),
        "units": _scaled(row["units"]),
        "gflops": _scaled(row["flops"], 1e-9),
        "dollars": _scaled(row["dollars"], 1e3),
        "seconds": _scaled(row["seconds"]),
        "badge": row["badge"],
        "agent": row["needs_agent"],
        "seeds": row["seeds"],
        "note": "; ".join(filter(None, (row["unranked"], _little(row["search_spend"]), _fallback(row["fallback"])))),
    }


def _little(spend: float) -> str:
    return HARDLY if spend < 1 else ""


def _fallback(share: float | None) -> str:
    return "" if share is None else f"a fallback decided {share:.0%}"


def _scaled(value: float | None, factor: float = 1) -> float | None:
    return None if value is None else float(f"{value * factor:.5g}")


def exported(source: Source, wanted: Any) -> str:
    """The rows with the `runs` that are asked for, in that order, as csv, json or latex."""
    board, (suite, budget, objective) = source.state.board, _choice(wanted)
    slice_ = [] if board is None else board.rows("methods", suite=suite, budget=budget, objective=objective)
    found = {row["run_id"]: row for row in slice_}
    runs = _asked(wanted, "runs")
    rows = [found[run] for run in map(str, runs if isinstance(runs, list) else ()) if run in found]
    kind = _asked(wanted, "format")
    if kind == "csv":
        return as_csv(rows)
    if kind == "json":
        return as_json([{**row, "failures": json.loads(row["failures"])} for row in rows])
    return as_latex(rows, f"{suite}: {budget} budgets, {objective} objectives")


def _choice(part: Any) -> tuple[str, str, str]:
    """Suite, budget and objective that the page asks for; it can be made to ask for anything, of any type."""
    suite, budget, objective = (str(_asked(part, name))[:LONGEST] for name in ("suite", "budget", "objective"))
    return suite, budget, objective


def _asked(part: Any, name: str) -> Any:
    return part.get(name) if isinstance(part, dict) else None
