"""Methods: the table."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.leaderboard.parts.table import methods_table
from ttgbench.report.board import Board
from ttgbench.report.board.slices import ALL

NOTE = """<p class="ttg-note">{ranks} {scale} A method with runs that ended without a graph is listed, but not ranked.
Filters hide rows; they change no rank. {flat}</p>"""
RANKS = """Ranks are by mean regret and hold for all methods of the table at once, at 95%, over redrawn draws of the
samples on these problems; methods that share a letter under <em>Ties</em> cannot be told apart."""
NO_RANKS = "No method is ranked here; the reason stands under its name."
SCALE = """Regret is what is lost to the best graph known, in points of the objective. A score of 0 is the best single
model, 1 the best graph known, and each problem counts within [-1, 1]; both ends are frozen with the suite."""
NO_SCALE = "This suite has no anchors, so the plain mean of the problems' objectives is shown."
FLAT = "Not in this table, for the best graph known is less than 5 points above the best single model: {}."


class Methods(Page):
    id, label = "methods", "Methods"

    def __init__(self, source: Source) -> None:
        with gr.Row():
            suite = gr.Dropdown(label="Suite", choices=[], filterable=True, min_width=160)
            budget = gr.Dropdown(label="Budget per query", choices=[], filterable=False, min_width=160)
            objective = gr.Dropdown(label="Objective", choices=[], filterable=False, min_width=160)
        self.table = methods_table(source)
        self.note = gr.HTML()
        self.params = {"suite": suite, "budget": budget, "objective": objective}
        self.outputs = [self.table, self.note]

    def render(
        self, board: Board, suite: Any = None, budget: Any = None, objective: Any = None, **_: Any
    ) -> dict[Any, Any]:
        suite = chosen(suite, suites(board))
        problems = board.manifest["suites"][suite]["problems"]
        budgets = _choices("All budgets", [problem["budget"] for problem in problems])
        objectives = _choices("All objectives", [problem["objective"] for problem in problems])
        budget, objective = chosen(budget, budgets), chosen(objective, objectives)
        scale = SCALE if board.manifest["suites"][suite]["normalised"] else NO_SCALE
        flat = [escape(problem["name"]) for problem in problems if problem["flat"]]
        rows = board.rows("methods", suite=suite, budget=budget, objective=objective)
        ranked = any(row["rank_best"] is not None for row in rows)
        return {
            self.params["suite"]: dropdown(suite, suites(board)),
            self.params["budget"]: dropdown(budget, budgets, interactive=len(budgets) > 1),
            self.params["objective"]: dropdown(objective, objectives, interactive=len(objectives) > 1),
            self.table: {"suite": suite, "budget": budget, "objective": objective, "board": board.hash[:12]},
            self.note: NOTE.format(
                ranks=RANKS if ranked else NO_RANKS, scale=scale, flat=FLAT.format(", ".join(flat)) if flat else ""
            ),
        }


def _choices(everything: str, values: list[str]) -> list[tuple[str, str]]:
    """All together, then each; a single one is not offered beside all."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        return [(distinct[0], ALL)]
    return [(everything, ALL), *((value, value) for value in distinct)]
