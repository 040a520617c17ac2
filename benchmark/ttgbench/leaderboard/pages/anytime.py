"""Anytime: what the searches had found by when."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ttgbench.leaderboard.parts import markup, plots
from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, problem_names, run_choices, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.report.board.slices import ALL
from ttgbench.report.scores import TARGETS

FIRST = 5
"""Methods that are drawn before any are chosen."""
MOST = 20

MISSING = "This board holds no such curves."
NOTE = f"""<p class="ttg-note">Left: of all targets (normalised scores {", ".join(f"{target:g}" for target in TARGETS)},
on every problem), the share whose expected spend, with restarts, is within a search spend, with a 95% band. A target
counts from when a run holds it to its end; where no run does, its spend is infinite. Right: the mean regret (without
anchors: the mean objective), in points, of the graph recommended so far, from where every run has recommended
one.</p>"""


class Anytime(Page):
    id, label = "anytime", "Anytime"

    def __init__(self, source: Source) -> None:
        with gr.Row():
            suite = gr.Dropdown(label="Suite", choices=[], min_width=160)
            problem = gr.Dropdown(label="Problem (right)", choices=[], min_width=160)
            runs = gr.Dropdown(label="Methods", choices=[], multiselect=True, max_choices=MOST, scale=3, min_width=260)
        with gr.Row():
            with gr.Column(min_width=320):
                self.ecdf = gr.Plot(show_label=False, elem_id="ttg-ecdf")
                gr.HTML(markup.plot_files("ttg-ecdf", "anytime"))
            with gr.Column(min_width=320):
                self.incumbent = gr.Plot(show_label=False, elem_id="ttg-incumbent")
                gr.HTML(markup.plot_files("ttg-incumbent", "regret-against-spend"))
        gr.HTML(NOTE)
        self.params = {"suite": suite, "problem": problem, "runs": runs}
        self.outputs = [self.ecdf, self.incumbent]

    def render(
        self, board: Board, suite: Any = None, problem: Any = None, runs: Any = None, **_: Any
    ) -> dict[Any, Any]:
        suite = chosen(suite, suites(board))
        problems = [("All", ""), *((name, name) for name in problem_names(board, suite))]
        choices = run_choices(board, suite, "method")
        known = {value: name for name, value in choices}
        anchored = board.manifest["suites"][suite]["normalised"]
        runs = [run for run in runs or () if run in known][:MOST]
        if not runs:
            placed = board.rows("methods", suite=suite, budget=ALL, objective=ALL)
            runs = [row["run_id"] for row in placed[:FIRST]]
        rows = {
            (row["kind"], row["problem"], row["run_id"]): row
            for row in board.rows("anytime", suite=suite, budget=ALL, objective=ALL)
        }
        drawn = [each for each in problems if any(("incumbent", each[1], run) in rows for run in runs)]
        problem = problem if problem in [value for _, value in problems] else chosen(problem, drawn or problems)
        ecdf = [rows["ecdf", "", run] for run in runs if ("ecdf", "", run) in rows]
        incumbents = [rows["incumbent", problem, run] for run in runs if ("incumbent", problem, run) in rows]
        return {
            self.params["suite"]: dropdown(suite, suites(board)),
            self.params["problem"]: dropdown(problem, problems),
            self.params["runs"]: dropdown(runs, choices),
            self.ecdf: plots.curves(ecdf, known, "Share of (problem, target)")
            if ecdf
            else plots.empty(MISSING if anchored else "This suite has no anchors, so there are no targets."),
            self.incumbent: plots.curves(incumbents, known, "Regret, points" if anchored else "Objective")
            if incumbents
            else plots.empty(MISSING),
        }
