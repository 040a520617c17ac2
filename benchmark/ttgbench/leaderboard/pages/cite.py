"""Cite: BibTeX that names exactly one suite, or one result."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ttgbench.leaderboard.parts import markup
from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, run_choices, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.report.board.cite import cite_result, cite_suite


class Cite(Page):
    id, label = "cite", "Cite"

    def __init__(self, source: Source) -> None:
        with gr.Row():
            suite = gr.Dropdown(label="Suite", choices=[], min_width=160)
            run = gr.Dropdown(label="Result", choices=[], scale=2, min_width=220)
        self.suite_text = gr.Code(
            label="The suite", language=None, wrap_lines=True, interactive=False, elem_id="ttg-cite-suite"
        )
        self.run_text = gr.Code(
            label="The result", language=None, wrap_lines=True, interactive=False, elem_id="ttg-cite-run"
        )
        self.note = gr.HTML()
        self.params, self.outputs = {"suite": suite, "run": run}, [self.suite_text, self.run_text, self.note]

    def render(self, board: Board, suite: Any = None, run: Any = None, **_: Any) -> dict[Any, Any]:
        suite = chosen(suite, suites(board))
        runs = run_choices(board, suite)
        run = chosen(run, runs)
        facts = board.manifest["suites"][suite]
        row = board.rows("runs", suite=suite, run_id=run)[0]
        return {
            self.params["suite"]: dropdown(suite, suites(board)),
            self.params["run"]: dropdown(run, runs),
            self.suite_text: cite_suite(suite, facts, board.manifest["package_version"]),
            self.run_text: cite_result(suite, facts, row),
            self.note: markup.note(f"This state of the board is sha256 {board.hash}."),
        }
