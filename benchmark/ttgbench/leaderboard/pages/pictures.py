"""Pictures: methods against problems, which methods can be told apart, and the best graph of each problem."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import gradio as gr

from ttgbench.leaderboard.pages.graphs import graph_link
from ttgbench.leaderboard.parts import markup, plots
from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, problem_names, run_choices, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.report.board.graphs import best_of
from ttgbench.report.board.slices import ALL
from ttgbench.util.text import escaped

MOST = 30
"""Methods that are drawn, the best of the table."""
FIELD = """<p class="ttg-note">Mean over seeds of {what} on each problem, of the {most} best methods of the table, best
first. A field is empty where a run ended without a graph.</p>"""
SCORE = "the score (0: best single model, 1: best graph known, within [-1, 1])"
APART = """<p class="ttg-note">Blue: the method of the line is better than that of the column; orange: worse; grey: they
share a letter under <em>Ties</em>. It holds for all pairs at once, at 95%, over draws of the samples on these
problems.</p>"""
BEST = """<p class="ttg-note">Of all graphs that runs ended with, the one with the highest objective on test; as the
highest of many it flatters. Accuracy with its 95% interval, nominal cost per query.</p>"""
DRAWN = 24
"""Problems whose best graph is drawn, the first of the suite."""


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
        gr.HTML("<h2 class='ttg-title'>The best graph of each problem</h2>")
        self.best = gr.HTML(elem_id="ttg-best")
        self.params, self.outputs = {"suite": suite}, [self.heat, self.note, self.apart, self.best]

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
            self.best: best_graphs(board, suite),
        }


def problem_means(board: Board, suite: str, runs: Sequence[str], measure: str) -> list[list[float | None]]:
    """Means of a column of the cells over seeds: a line per run id, a column per problem of the suite, in its order.

    None where a run is missing, or ended without a graph: a mean over the others would flatter it.
    """
    import pyarrow.compute as pc

    cells = board.tables["cells"]
    cells = cells.filter(pc.equal(cells["suite"], suite)).select(["run_id", "problem", measure])
    values: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for row in cells.to_pylist():
        values[row["run_id"], row["problem"]].append(row[measure])
    problems = [problem["name"] for problem in board.manifest["suites"][suite]["problems"]]
    return [[_mean(values.get((run, problem), [])) for problem in problems] for run in runs]


def _mean(values: list[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return sum(told) / len(told) if told and len(told) == len(values) else None


def best_graphs(board: Board, suite: str) -> str:
    """A card per problem: the best graph drawn, what it reaches, what it costs and who found it."""
    best = best_of(board.rows("graphs", suite=suite))
    budgets = {problem["name"]: problem["budget"] for problem in board.manifest["suites"][suite]["problems"]}
    drawn = [name for name in budgets if name in best][:DRAWN]
    if not drawn:
        return markup.note("No run has ended with a graph yet.")
    left = len(best) - len(drawn)
    more = markup.note(f"{left} more problems: see Graphs.") if left else ""
    told = {(row["problem"], row["key"]) for row in board.rows("traces", suite=suite)}
    cards = "".join(_card(best[name], budgets[name], (name, best[name]["key"]) in told) for name in drawn)
    costs = markup.NODE_COSTS if any(best[name]["node_units"] for name in drawn) else ""
    return f"{BEST}{costs}<div class='ttg-cards'>{cards}</div>{more}"


def _card(row: dict[str, Any], budget: str, told: bool) -> str:
    """told: whether Graphs shows what its nodes said."""
    spread = "" if row["accuracy_low"] is None else f" [{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]"
    found_by = ", ".join(row["found_by"][:3]) + (f" and {more} more" if (more := len(row["found_by"]) - 3) > 0 else "")
    link = graph_link(row["suite"], row["problem"], row["key"])
    said = f"<br><a href='?{escaped(link)}' target='_self'>What its nodes said</a>" if told else ""
    figure = markup.graph_figure(json.loads(row["graph"]), row["problem"], row["node_units"])
    return (
        f"<figure><figcaption><b>{escaped(row['problem'])}</b> at most {escaped(budget)} a query<br>"
        f"{row['accuracy']:.3f}{spread} at {markup.in_units(row['units'])}, found by {escaped(found_by)}"
        f"{said}</figcaption>{figure}</figure>"
    )
