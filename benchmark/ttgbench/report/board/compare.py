"""Two methods or two graphs of one suite on the board: what it holds of them, and the verdict on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ttgbench.errors import InputError, UnknownName
from ttgbench.problems.suite import search_universe
from ttgbench.report.board.files import Board
from ttgbench.report.judge import MethodRuns, Run, Terms, Verdict, judge_graphs, judge_methods
from ttgbench.report.runs import scale_of


def compare_methods(board: Board, suite: str, first: str, second: str) -> Verdict:
    """Compares two archived methods by run id. Raises UnknownName for a run that the suite does not have."""
    methods = {row["run_id"]: row["method"] for row in board.rows("runs", suite=suite)}
    for run in (first, second):
        if run not in methods:
            raise UnknownName("run", run, methods, source=suite)
    same = methods[first] == methods[second]
    names = [f"{methods[run]} ({run[:8]})" if same else methods[run] for run in (first, second)]
    one, other = (
        MethodRuns(name, _runs(board.rows("cells", suite=suite, run_id=run)))
        for name, run in zip(names, (first, second), strict=True)
    )
    return judge_methods(one, other, _terms(board.manifest["suites"][suite]))


def compare_graphs(board: Board, suite: str, problem: str, first: str, second: str) -> Verdict:
    """Compares two graphs of one problem by key, or by the beginning of it.

    Raises UnknownName, and InputError where they were not asked the same questions.
    """
    if board.manifest["suites"][suite].get("splits"):
        raise InputError("each of its seeds is asked other questions, so that two graphs share none", source=suite)
    wide: list[np.ndarray] = []
    clusters: list[str] = []
    for key in (first, second):
        rows = board.rows("graph_scores", suite=suite, problem=problem)
        found = [row for row in rows if key and row["key"].startswith(key)]
        if len(found) != 1:
            raise UnknownName("graph", key, [row["key"][:12] for row in rows], source=f"{suite} {problem}")
        wide.append(np.asarray(found[0]["scores"]).reshape(-1, found[0]["universes"]))
        clusters = found[0]["clusters"] or clusters
    margin = board.manifest["suites"][suite]["margin"]
    return judge_graphs((first[:8], second[:8]), problem, wide[0], wide[1], clusters=clusters, margin=margin)


def _runs(cells: list[dict[str, Any]]) -> dict[str, dict[int, Run | None]]:
    runs: dict[str, dict[int, Run | None]] = {}
    for cell in cells:
        run = None if cell["graph"] is None else Run(cell["value"], cell["graph"])
        runs.setdefault(cell["problem"], {})[cell["seed"]] = run
    return runs


def _terms(facts: dict[str, Any]) -> Terms:
    return Terms(
        tasks={problem["name"]: problem["task"] for problem in facts["problems"]},
        margin=facts["margin"],
        draw=lambda seed: search_universe(seed, facts["search_universes"]),
        flat=frozenset(problem["name"] for problem in facts["problems"] if problem["flat"]),
        scale=scale_of(problem["objective"] for problem in facts["problems"]),
    )
