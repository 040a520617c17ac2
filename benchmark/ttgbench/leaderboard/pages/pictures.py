"""Pictures: methods against problems, and which methods can be told apart."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ttgbench.leaderboard.parts import markup, plots
from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, problem_names, run_choices, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.report.board.means import problem_means
from ttgbench.report.board.slices import ALL

MOST = 30
"""Methods that are drawn, the best of the table."""
FIELD = """<p class="ttg-note">Mean over seeds of {what} on each problem, of the {most} best methods of the table, best
first. A field is empty where a run ended without a graph.</p>"""
SCORE = "the score (0: best single model, 1: best graph known, within [-1, 1])"
APART = """<p class="ttg-note">Blue: the method of the line is better than that of the column; orange: worse; grey: they
share a letter under <em>Ties</em>. It holds for all pairs at once, at 95%, over redrawn draws of the samples on these
problems.</p>"""


class Pictures(Page):
    id, label = "pictures", "Pictures"

    def __init__(self, source: Source) -> None:
        suite = gr.Dropdown(label="Suite", choices=[], min_width=160)
        gr.HTML("<h2 class='ttg-title'>Methods on problems</h2>")
        self.heat = gr.Plot(show_label=False, elem_id="ttg-heat")
        gr.HTML(markup.plot_files("ttg-heat", "methods-on-problems"))
        self.note = gr.HTML()
        gr.HTML("<h2 class='ttg-title'>Which methods can be told apart</h2>")
        self.apart = gr.Plot(show_label=False, elem_id="ttg-apart")
        gr.HTML(markup.plot_files("ttg-apart", "told-apart") + APART)
        self.params, self.outputs = {"suite": suite}, [self.heat, self.note, self.apart]

    def render(self, board: Board, suite: Any = None, **_: Any) -> dict[Any, Any]:
        suite = chosen(suite, suites(board))
        anchored = board.manifest["suites"][suite]["normalised"]
        names = {run: name for name, run in run_choices(board, suite, "method")}
        rows = board.rows("methods", suite=suite, budget=ALL, objective=ALL)[:MOST]
        runs = [row["run_id"] for row in rows]
        values = problem_means(board, suite, runs, "score" if anchored else "value")
        ranked = [row for row in rows if row["ties"]]
        return {
            self.params["suite"]: dropdown(suite, suites(board)),
            self.heat: plots.heat(
                [names.get(run, run) for run in runs],
                problem_names(board, suite),
                values,
                "score" if anchored else "objective",
            ),
            self.note: FIELD.format(what=SCORE if anchored else "the objective", most=MOST),
            self.apart: plots.told_apart(
                [names.get(row["run_id"], row["run_id"]) for row in ranked], [row["ties"] for row in ranked]
            )
            if ranked
            else plots.empty("No method is ranked here; the table of methods says why."),
        }
