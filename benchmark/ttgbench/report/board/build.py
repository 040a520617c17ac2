"""Archives in, tables out: everything the page shows, computed once. No I/O but the archives' own logs and
shipped recordings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ttgbench._version import __version__
from ttgbench.publish.archive import Archive, Rejection
from ttgbench.report.board.anytime import anytime_rows
from ttgbench.report.board.entry import Entry
from ttgbench.report.board.files import SCHEMA
from ttgbench.report.board.graphs import graph_rows
from ttgbench.report.board.logs import log_rows
from ttgbench.report.board.methods import method_rows
from ttgbench.report.board.results import cell_row
from ttgbench.report.board.slices import slices
from ttgbench.report.board.traces import trace_rows

if TYPE_CHECKING:
    import pyarrow as pa


def build(found: Iterable[Archive | Rejection]) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """Tables by name and the manifest without its file hashes. The same archives give the same tables.

    Archives of different suites or suite versions never share a row's slice. Rejections are listed as left out.
    """
    import pyarrow as pa

    from ttgbench.report.board.schemas import TABLES

    entries: dict[str, list[Entry]] = {}
    left_out = []
    for item in found:
        if isinstance(item, Rejection):
            left_out.append(asdict(item))
        else:
            entries.setdefault(item.record.suite.label, []).append(Entry(item))
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for label in sorted(entries):
        here = sorted(entries[label], key=lambda entry: (entry.archive.record.method.name, entry.run_id))
        for name, more in _suite_rows(label, here).items():
            rows[name] += more
    tables = {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in TABLES.items()}
    manifest = {
        "schema": SCHEMA,
        "package_version": __version__,
        "suites": {label: _suite_facts(entries[label]) for label in sorted(entries)},
        "left_out": left_out,
    }
    return tables, manifest


def _suite_rows(label: str, entries: Sequence[Entry]) -> dict[str, list[dict[str, Any]]]:
    graphs = graph_rows(label, entries)
    parts = slices(entries[0].archive.suite)
    return {
        "methods": [row for part in parts for row in method_rows(label, entries, part)],
        "anytime": [row for part in parts for row in anytime_rows(label, entries, part)],
        "cells": [cell_row(cell, entry.archive.suite, entry) for entry in entries for cell in entry.archive.cells],
        "graphs": graphs,
        "graph_scores": graphs,
        "traces": trace_rows(entries[0].archive.suite, graphs),
        "runs": [_run_row(label, entry.archive) for entry in entries],
        "logs": [row for entry in entries for row in log_rows(label, entry.archive)],
    }


def _run_row(label: str, archive: Archive) -> dict[str, Any]:
    method, verification = archive.record.method, archive.verification
    return {
        "suite": label,
        "run_id": archive.run_id,
        "method": method.name,
        "method_version": method.version,
        "kind": archive.record.kind,
        "badge": archive.badge,
        "path": "/".join(archive.path.parts[-3:]),
        "record": archive.record.to_json(),
        "verification": verification.to_json() if verification is not None else None,
    }


def _suite_facts(entries: Sequence[Entry]) -> dict[str, Any]:
    suite = entries[0].archive.suite
    flat = suite.flat
    return {
        "name": suite.name,
        "version": suite.version,
        "hash": suite.hash,
        "description": suite.description,
        "margin": suite.margin,
        "seeds": suite.seeds,
        "search_universes": suite.search_universes,
        "search_evaluations": suite.search_evaluations,
        **({"splits": True} if suite.bank is not None else {}),
        "normalised": suite.anchors is not None,
        "runs": len(entries),
        "problems": [
            {
                "name": spec.name,
                "task": spec.task,
                "pool": spec.pool,
                "budget": spec.budget,
                "objective": spec.objective.kind,
                "zero": suite.anchors[spec.name].zero if suite.anchors else None,
                "one": suite.anchors[spec.name].one if suite.anchors else None,
                "flat": spec.name in flat,
            }
            for spec in suite.problems
        ],
    }
