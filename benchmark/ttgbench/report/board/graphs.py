"""The graphs that runs ended with: per problem each graph once, its accuracy against its cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ttgbench import stats
from ttgbench.problems.suite import ProblemSpec
from ttgbench.report.board.entry import Entry
from ttgbench.report.methods import COSTS
from ttgbench.run.results import TestScore


def graph_rows(label: str, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """One row per problem and distinct final graph, most accurate first within a problem."""
    if not entries:
        return []
    rows = []
    for index, spec in enumerate(entries[0].archive.suite.problems):
        found: dict[str, tuple[TestScore, tuple[str, ...], dict[str, None], int, bool]] = {}
        for entry in entries:
            for cell in entry.cells[index]:
                if (final := cell.final) is not None:
                    score, _, names, runs, published = found.get(final.key, (final, (), {}, 0, False))
                    names = {**names, entry.archive.record.method.name: None}
                    published = published or not entry.is_search
                    found[final.key] = (score, cell.clusters, names, runs + 1, published)
        rows += _with_fronts([_row(label, spec, *graph) for graph in found.values()])
    return rows


def _row(
    label: str,
    spec: ProblemSpec,
    score: TestScore,
    clusters: tuple[str, ...],
    names: dict[str, None],
    runs: int,
    published: bool,
) -> dict[str, Any]:
    scores = np.array(score.scores).T
    interval = None
    if ((scores >= 0) & (scores <= 1)).all():
        interval = stats.accuracy_interval(scores, clusters=clusters or None)
    return {
        "suite": label,
        "problem": spec.name,
        "key": score.key,
        "graph": json.dumps(score.graph, sort_keys=True, ensure_ascii=False),
        "nodes": len(score.graph.get("nodes", ())),
        "published": published,
        "found_by": list(names),
        "runs": runs,
        "value": score.value,
        "accuracy": score.accuracy,
        "accuracy_low": interval.low if interval else None,
        "accuracy_high": interval.high if interval else None,
        "units": score.nominal.units,
        "flops": score.flops,
        "dollars": score.dollars,
        "seconds": score.seconds,
        "tokens_in": score.tokens_in,
        "tokens_out": score.tokens_out,
        "universes": len(score.universes),
        "clusters": clusters,
        "scores": scores.ravel(),
    }


def _with_fronts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Says for each cost whether no other graph of the problem is as accurate and cheaper, or better at that cost."""
    for cost in COSTS if rows else ():
        known = [row for row in rows if row[cost] is not None]
        for row in rows:
            row[f"front_{cost}"] = False
        if known:
            front = stats.pareto_front([row["accuracy"] for row in known], [row[cost] for row in known])
            for row, on_front in zip(known, front, strict=True):
                row[f"front_{cost}"] = bool(on_front)
    return sorted(rows, key=lambda row: (-row["accuracy"], row["units"], row["key"]))
