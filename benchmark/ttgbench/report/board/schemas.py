"""The schema of every table of the board as a Parquet file. A table without rows has its columns too."""

from __future__ import annotations

import pyarrow as pa

from ttgbench.report.board.methods import MEASURED

_TEXT, _NUMBER, _WHOLE, _FLAG, _NUMBERS = pa.string(), pa.float64(), pa.int64(), pa.bool_(), pa.list_(pa.float64())
_COST = {"units": _NUMBER, "flops": _NUMBER, "dollars": _NUMBER, "seconds": _NUMBER}
_SLICE = {"suite": _TEXT, "budget": _TEXT, "objective": _TEXT}

CELLS = pa.schema(
    {
        "suite": _TEXT,
        "suite_hash": _TEXT,
        "run_id": _TEXT,
        "method": _TEXT,
        "method_version": _TEXT,
        "kind": _TEXT,
        "badge": _TEXT,
        "problem": _TEXT,
        "task": _TEXT,
        "budget": _TEXT,
        "objective": _TEXT,
        "seed": _WHOLE,
        "status": _TEXT,
        "error": _TEXT,
        "graph": _TEXT,
        "value": _NUMBER,
        "regret": _NUMBER,
        "score": _NUMBER,
        "accuracy": _NUMBER,
        **_COST,
        "tokens_in": _NUMBER,
        "tokens_out": _NUMBER,
        "metric": _TEXT,
        "search_limit": _WHOLE,
        "search_spent": _WHOLE,
        "full_evaluation": _WHOLE,
        "search_spend": _NUMBER,
        "agent_spend": _NUMBER,
        "search_dollars": _NUMBER,
        "search_by_category": _TEXT,
    }
)

LATER = {"methods": ("fallback", "held_out", "gap", "gap_error", "gap_flagged"), "graphs": ("node_units",)}
"""Columns by table that older boards lack: read as nulls."""

LATER_TABLES = frozenset({"traces"})
"""Tables that older boards lack: read as empty."""

TABLES = {
    "methods": pa.schema(
        {
            **_SLICE,
            "place": _WHOLE,
            "run_id": _TEXT,
            "method": _TEXT,
            "method_version": _TEXT,
            "description": _TEXT,
            "badge": _TEXT,
            "needs_agent": _FLAG,
            "fallback": _NUMBER,
            "rules": _WHOLE,
            "problems": _WHOLE,
            "failures": _TEXT,
            "unranked": _TEXT,
            "rank_best": _WHOLE,
            "rank_worst": _WHOLE,
            "ties": _TEXT,
            "held_out": _NUMBER,
            "gap": _NUMBER,
            "gap_error": _NUMBER,
            "gap_flagged": _FLAG,
            **{name: _NUMBER for column in MEASURED for name in column.fields},
        }
    ),
    "cells": CELLS,
    "anytime": pa.schema(
        {
            **_SLICE,
            "run_id": _TEXT,
            "kind": _TEXT,
            "problem": _TEXT,
            "spend": _NUMBERS,
            "value": _NUMBERS,
            "low": _NUMBERS,
            "high": _NUMBERS,
        }
    ),
    "graphs": pa.schema(
        {
            "suite": _TEXT,
            "problem": _TEXT,
            "key": _TEXT,
            "graph": _TEXT,
            "nodes": _WHOLE,
            "node_units": _NUMBERS,
            "published": _FLAG,
            "found_by": pa.list_(_TEXT),
            "runs": _WHOLE,
            "value": _NUMBER,
            "accuracy": _NUMBER,
            "accuracy_low": _NUMBER,
            "accuracy_high": _NUMBER,
            **_COST,
            **{f"front_{cost}": _FLAG for cost in _COST},
            "tokens_in": _NUMBER,
            "tokens_out": _NUMBER,
        }
    ),
    "graph_scores": pa.schema(
        {
            "suite": _TEXT,
            "problem": _TEXT,
            "key": _TEXT,
            "universes": _WHOLE,
            "clusters": pa.list_(_TEXT),
            "scores": _NUMBERS,
        }
    ),
    "runs": pa.schema(
        {
            "suite": _TEXT,
            "run_id": _TEXT,
            "method": _TEXT,
            "method_version": _TEXT,
            "kind": _TEXT,
            "badge": _TEXT,
            "path": _TEXT,
            "record": _TEXT,
            "verification": _TEXT,
        }
    ),
    "traces": pa.schema(
        {
            "suite": _TEXT,
            "problem": _TEXT,
            "key": _TEXT,
            "question": _TEXT,
            "asked": _TEXT,
            "answer": _TEXT,
            "status": _TEXT,
            "nodes": pa.list_(
                pa.struct(
                    {
                        "node": _TEXT,
                        "role": _TEXT,
                        "model": _TEXT,
                        "reads": pa.list_(_TEXT),
                        "text": _TEXT,
                        "answer": _TEXT,
                        "status": _TEXT,
                        "tokens_in": _WHOLE,
                        "tokens_out": _WHOLE,
                    }
                )
            ),
        }
    ),
    "logs": pa.schema({"suite": _TEXT, "run_id": _TEXT, "problem": _TEXT, "seed": _WHOLE, "events": _TEXT}),
}
"""By name; the file of each is NAME.parquet."""
