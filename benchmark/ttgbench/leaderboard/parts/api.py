"""The endpoints for programs: few, named, documented. Everything else about the page is private."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import gradio as gr

from ttgbench.errors import InputError, TTGBenchError, UnknownName
from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.report.board.cite import cite_result, cite_suite
from ttgbench.report.board.compare import compare_methods
from ttgbench.report.board.slices import ALL


def declare(source: Source) -> None:
    """Adds the endpoints to the Blocks that is being made."""

    def suites() -> dict[str, Any]:
        """Every suite on the board: version, hash, problems with budgets and anchors, number of runs."""
        found: dict[str, Any] = _board(source).manifest["suites"]
        return found

    def methods(suite: str, budget: str = ALL, objective: str = ALL) -> list[dict[str, Any]]:
        """The table of methods of one suite, best first; budget and objective as the page offers them, or "all"."""
        board = _board(source)
        _facts(board, suite)
        return board.rows("methods", suite=suite, budget=budget, objective=objective)

    def compare(suite: str, first: str, second: str) -> dict[str, Any]:
        """Differences between two methods of a suite over their runs, by run id, and a verdict in words."""
        try:
            _facts(_board(source), suite)
            return asdict(compare_methods(_board(source), suite, first, second))
        except TTGBenchError as error:
            raise gr.Error(str(error)) from None

    def cite(suite: str, run: str = "") -> str:
        """BibTeX of a suite, or of one of its runs by run id."""
        board = _board(source)
        facts = _facts(board, suite)
        if not run:
            return cite_suite(suite, facts, board.manifest["package_version"])
        found = board.rows("runs", suite=suite, run_id=run)
        if not found:
            raise gr.Error(f"{suite} has no run {run[:40]!r}")
        return cite_result(suite, facts, found[0])

    for function in (suites, methods, compare, cite):
        gr.api(function, api_name=function.__name__)  # type: ignore[attr-defined]


def _board(source: Source) -> Board:
    if source.state.board is None:
        raise gr.Error(source.state.problem or "there are no results yet")
    return source.state.board


def _facts(board: Board, suite: str) -> dict[str, Any]:
    try:
        if suite not in board.manifest["suites"]:
            raise UnknownName("suite", suite, board.manifest["suites"])
    except InputError as error:
        raise gr.Error(str(error)) from None
    facts: dict[str, Any] = board.manifest["suites"][suite]
    return facts
