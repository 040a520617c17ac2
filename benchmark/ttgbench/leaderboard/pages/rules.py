"""Rules: the rules as they are shipped with the package, and what defines each suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

import ttgbench
from ttgbench.leaderboard.parts import markup
from ttgbench.leaderboard.parts.page import Page
from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.util.text import escaped


class Rules(Page):
    id, label, needs_results = "rules", "Rules", False

    def __init__(self, source: Source) -> None:
        gr.Markdown(rules(), elem_id="ttg-rules")
        self.suites = gr.HTML()
        self.params, self.outputs = {}, [self.suites]

    def render(self, board: Board, **_: Any) -> dict[Any, Any]:
        facts = board.manifest["suites"]
        return {self.suites: "".join(_suite(label, facts[label]) for label in facts)}


def _suite(label: str, facts: dict[str, Any]) -> str:
    rows = [
        (
            *(problem[column] for column in ("name", "task", "pool", "budget", "objective")),
            markup.number(problem["zero"]),
            markup.number(problem["one"]),
        )
        for problem in facts["problems"]
    ]
    said = (
        f"{facts['description'].rstrip('.')}. Seeds: {facts['seeds']}. A search may spend "
        f"{facts['search_evaluations']:g} full evaluations. Differences below {facts['margin']:g} are practically "
        f"equivalent. sha256 {facts['hash']}"
    )
    columns = ("Problem", "Task", "Pool", "Budget", "Objective", "Zero#", "One#")
    return f"<h2>{escaped(label)}</h2>{markup.note(said)}{markup.table(columns, rows, label)}"


def rules() -> str:
    """benchmark/README.md: beside the package in a checkout, inside it in a wheel."""
    package = Path(ttgbench.__file__).parent
    for path in (package / "_bundled" / "RULES.md", package.parent / "README.md"):
        if path.is_file():
            return path.read_text("utf-8")
    return f"The rules are versioned with the code: see `benchmark/README.md` of version {ttgbench.__version__}."
