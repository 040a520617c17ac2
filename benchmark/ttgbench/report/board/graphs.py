"""The graphs that runs ended with: per problem each graph once, its accuracy against its cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ttgbench import stats
from ttgbench.problems.suite import ProblemSpec
from ttgbench.report.board.entry import Entry
from ttgbench.report.board.nodes import Prices, node_units, prices
from ttgbench.report.columns import COSTS
from ttgbench.run.results import TestScore


def graph_rows(label: str, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """One row per problem and distinct final graph, most accurate first within a problem."""
    if not entries:
        return []
    suite = entries[0].archive.suite
    rows = []
    for index, spec in enumerate(suite.problems):
        found: dict[str, _Found] = {}
        for entry in entries:
            for cell in entry.cells[index]:
                if (final := cell.final) is not None:
                    one = found.setdefault(final.key, _Found(final, cell.clusters, cell.seed if suite.family else 0))
                    one.names.setdefault(entry.name)
                    one.runs += 1
                    one.values.append((final.value, final.accuracy))
                    one.published |= not entry.is_search
        priced = {seed: prices(suite, spec.name, seed) for seed in sorted({one.seed for one in found.values()})}
        for one in found.values() if suite.bank is not None else ():
            one.average()
        rows += _with_fronts([_row(label, spec, one, priced[one.seed]) for one in found.values()])
    return rows


def best_of(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By problem, of rows of `graph_rows` the graph with the highest objective on test, of several the cheapest."""
    best: dict[str, dict[str, Any]] = {}
    for row in rows:
        known = best.get(row["problem"])
        if known is None or (row["value"], -row["units"]) > (known["value"], -known["units"]):
            best[row["problem"]] = row
    return best


@dataclass
class _Found:
    """A graph that runs ended with."""

    score: TestScore
    clusters: tuple[str, ...]
    seed: int
    """Of a run that ended with it, where seeds run on different instances."""
    names: dict[str, None] = field(default_factory=dict)
    """Of the methods that found it, in order."""
    runs: int = 0
    values: list[tuple[float, float]] = field(default_factory=list)
    """Objective and accuracy on test, of each of these runs."""
    published: bool = False

    def average(self) -> None:
        """Where runs are asked other questions each: means over runs, and no scores by question, as none are shared."""
        value, accuracy = np.mean(self.values, axis=0).tolist()
        self.score = self.score.model_copy(update={"value": value, "accuracy": accuracy, "scores": ()})


def _row(label: str, spec: ProblemSpec, one: _Found, priced: Prices | None) -> dict[str, Any]:
    score = one.score
    scores = np.array(score.scores).T
    interval = None
    if scores.size and ((scores >= 0) & (scores <= 1)).all():
        interval = stats.accuracy_interval(scores, clusters=one.clusters or None)
    return {
        "suite": label,
        "problem": spec.name,
        "key": score.key,
        "graph": json.dumps(score.graph, sort_keys=True, ensure_ascii=False),
        "nodes": len(score.graph.get("nodes", ())),
        "node_units": node_units(score, priced),
        "published": one.published,
        "found_by": list(one.names),
        "runs": one.runs,
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
        "clusters": one.clusters,
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
