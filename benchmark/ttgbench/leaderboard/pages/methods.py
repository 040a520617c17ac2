"""Methods: what the suite asks, the table, and score against search cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ttgbench.leaderboard.parts import markup, plots
from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.leaderboard.parts.table import methods_table
from ttgbench.report.board import Board
from ttgbench.report.board.slices import ALL
from ttgbench.util.text import counted, escaped

NOTE = """<p class="ttg-note">{ranks} {scale} A method with runs that ended without a graph is listed, but not ranked.
Filters hide rows; they change no rank. {flat}</p>"""
RANKS = """Ranks are by mean regret and hold for all methods of the table at once, at 95%, over draws of the
samples on these problems; methods that share a letter under <em>Ties</em> cannot be told apart."""
NO_RANKS = "No method is ranked here; the reason stands under its name."
SCALE = """Regret is what is lost to the best graph known, in points of the objective. A score of 0 is the best single
model, 1 the best graph known, and each problem counts within [-1, 1]; both ends are frozen with the suite."""
NO_SCALE = "This suite has no anchors, so the plain mean of the problems' objectives is shown."
TITLE = "<h2 class='ttg-title'>What the searches spent, and what they found</h2>"
SEEN = """
// The plot is below the table: it is asked for when a reader gets there, so that the table does not wait for it.
const observer = new IntersectionObserver((entries) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  observer.disconnect();
  trigger("click", {});
});
document.addEventListener("ttg-rows", () => { observer.disconnect(); observer.observe(element); });
"""
SPENDS = [(name.capitalize(), key) for key, name in plots.SPENDS.items()]
DRAWN = 40
"""Methods of the plot, the best of the table."""
FLAT = "Not in this table, for the best graph known is less than 5 points above the best single model: {}."


class Methods(Page):
    id, label = "methods", "Methods"

    def __init__(self, source: Source) -> None:
        with gr.Row():
            suite = gr.Dropdown(label="Suite", choices=[], filterable=True, min_width=160)
            budget = gr.Dropdown(label="Budget per query", choices=[], filterable=False, min_width=160)
            objective = gr.Dropdown(label="Objective", choices=[], filterable=False, min_width=160)
        self.story = gr.HTML(elem_id="ttg-story")
        self.table = methods_table(source)
        self.note = gr.HTML()
        seen = gr.HTML(TITLE, js_on_load=SEEN, elem_id="ttg-seen")
        spend = gr.Dropdown(
            label="Search spend in", choices=SPENDS, value=SPENDS[0][1], filterable=False, elem_id="ttg-spend-in"
        )
        self.plot = gr.Plot(show_label=False, elem_id="ttg-spend", visible=False)
        gr.HTML(markup.plot_files("ttg-spend", "score-against-spend"))
        self.params = {"suite": suite, "budget": budget, "objective": objective, "spend": spend}
        self.outputs = [self.story, self.table, self.note]

        def draw(*choice: Any) -> Any:
            board = source.state.board
            return gr.skip() if board is None else gr.update(value=_plot(board, *choice), visible=True)

        inputs: list[Any] = list(self.params.values())
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        seen.click(draw, inputs, self.plot, **quiet)
        spend.input(draw, inputs, self.plot, **quiet)

    def render(
        self,
        board: Board,
        suite: Any = None,
        budget: Any = None,
        objective: Any = None,
        spend: Any = None,
        **_: Any,
    ) -> dict[Any, Any]:
        suite = chosen(suite, suites(board))
        problems = board.manifest["suites"][suite]["problems"]
        budgets = _choices("All budgets", [problem["budget"] for problem in problems])
        objectives = _choices("All objectives", [problem["objective"] for problem in problems])
        budget, objective = chosen(budget, budgets), chosen(objective, objectives)
        anchored = board.manifest["suites"][suite]["normalised"]
        scale = SCALE if anchored else NO_SCALE
        flat = [escaped(problem["name"]) for problem in problems if problem["flat"]]
        rows = board.rows("methods", suite=suite, budget=budget, objective=objective)
        ranked = any(row["rank_best"] is not None for row in rows)
        return {
            self.params["suite"]: dropdown(suite, suites(board)),
            self.params["budget"]: dropdown(budget, budgets, interactive=len(budgets) > 1),
            self.params["objective"]: dropdown(objective, objectives, interactive=len(objectives) > 1),
            self.params["spend"]: dropdown(chosen(spend, SPENDS), SPENDS),
            self.story: _story(board.manifest["suites"][suite], rows),
            self.table: {"suite": suite, "budget": budget, "objective": objective, "board": board.hash[:12]},
            self.note: NOTE.format(
                ranks=RANKS if ranked else NO_RANKS, scale=scale, flat=FLAT.format(", ".join(flat)) if flat else ""
            ),
        }


def _plot(board: Board, suite: Any, budget: Any, objective: Any, spend: Any) -> Any:
    facts = board.manifest["suites"].get(str(suite))
    rows = board.rows("methods", suite=str(suite), budget=str(budget), objective=str(objective))
    if facts is None or not rows:
        return plots.empty("No method has been run yet.")
    key = chosen(spend, SPENDS)
    known = [row for row in rows if row[key] is not None]
    return plots.spends((known or rows)[:DRAWN], facts["normalised"], key, left_out=len(rows) - len(known))


def _story(facts: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """What the suite asks of a method, in a sentence and a few numbers."""
    problems = facts["problems"]
    checked = sum(row["badge"] != "self-reported" for row in rows)
    numbers = (
        (len(problems), "problem", f" of {counted(len({problem['task'] for problem in problems}), 'task')}"),
        (facts["seeds"], "seed", " each"),
        (facts["search_evaluations"], "full evaluation", " to search with"),
        (len(rows), "run", f", {checked} checked by the maintainers"),
    )
    items = [f"<b>{counted(number, noun)}</b>{escaped(more)}" for number, noun, more in numbers]
    items.insert(3, f"a query costs at most <b>{escaped(_budgets([problem['budget'] for problem in problems]))}</b>")
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f"<p>{escaped(facts['description'])}</p><ul>{listed}</ul>"


def _budgets(texts: Sequence[str]) -> str:
    """ "3 units or 6 units", or of many "14 to 80 units"."""
    distinct = list(dict.fromkeys(texts))
    amounts = [text.partition(" ") for text in distinct]
    if len(distinct) > 3 and len({metric for _, _, metric in amounts}) == 1:
        numbers = sorted((amount for amount, _, _ in amounts), key=float)
        return f"{numbers[0]} to {numbers[-1]} {amounts[0][2]}"
    return " or ".join(distinct[:3]) + (" or more" if distinct[3:] else "")


def _choices(everything: str, values: list[str]) -> list[tuple[str, str]]:
    """All together, then each; a single one is not offered beside all."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        return [(distinct[0], ALL)]
    return [(everything, ALL), *((value, value) for value in distinct)]
