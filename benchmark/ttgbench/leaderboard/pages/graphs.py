"""Graphs: accuracy against cost, and the graph itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ttgbench.leaderboard.parts import markup, plots
from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, problem_names, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.leaderboard.parts.traces import traces
from ttgbench.models.cost import UNPRICED
from ttgbench.report.board import Board
from ttgbench.util.text import counted, escaped

COSTS = [
    ("Nominal units", "units"),
    ("Measured FLOPs", "flops"),
    ("Dollars", "dollars"),
    ("Latency, s", "seconds"),
]
TITLES = {
    "units": "Nominal cost per query, units",
    "flops": "Measured cost per query, FLOPs",
    "dollars": "Measured cost per query, dollars",
    "seconds": "Latency per query at standard speeds, seconds",
}
CLICKS = """
// Plotly draws into another component; a click on a point there is passed on from here.
const watchPlot = () => {
  const plot = document.querySelector("#ttg-pareto .js-plotly-plot");
  if (!plot || !plot.on || plot.ttgWatched) return;
  plot.ttgWatched = true;
  plot.on("plotly_click", (event) => {
    const point = event.points.find((each) => each.customdata);
    if (point) trigger("click", { key: String(point.customdata) });
  });
};
new MutationObserver(watchPlot).observe(document.querySelector("#ttg-pareto"), { childList: true, subtree: true });
watchPlot();
"""


class Graphs(Page):
    id, label = "graphs", "Graphs"

    def __init__(self, source: Source) -> None:
        with gr.Row():
            suite = gr.Dropdown(label="Suite", choices=[], min_width=160)
            problem = gr.Dropdown(label="Problem", choices=[], min_width=160)
            cost = gr.Dropdown(label="Cost", choices=COSTS, value="units", filterable=False, min_width=160)
            key = gr.Dropdown(label="Graph", choices=[], scale=2, min_width=260)
        self.plot = gr.Plot(show_label=False, elem_id="ttg-pareto")
        gr.HTML(markup.plot_files("ttg-pareto", "accuracy-against-cost"))
        bridge = gr.HTML(js_on_load=CLICKS, visible=True, elem_id="ttg-clicks")
        self.graph = gr.HTML(elem_id="ttg-graph")
        self.params = {"suite": suite, "problem": problem, "cost": cost, "key": key}
        self.outputs = [self.plot, self.graph]
        self._pass_on(source, bridge)

    def _pass_on(self, source: Source, bridge: gr.HTML) -> None:
        inputs = [self.params[name] for name in ("suite", "problem", "cost")]
        names = list(self.params)

        def click(suite: Any, problem: Any, cost: Any, event: gr.EventData) -> dict[Any, Any]:
            if source.state.board is None:
                return {self.plot: gr.skip()}
            return self.render(source.state.board, suite, problem, cost, event.key)

        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        bridge.click(click, inputs, [*self.params.values(), *self.outputs], **quiet).then(
            None, list(self.params.values()), None, js=f"(...values) => ttgUrl('graphs', {names!r}, values)", **quiet
        )

    def render(
        self, board: Board, suite: Any = None, problem: Any = None, cost: Any = None, key: Any = None, **_: Any
    ) -> dict[Any, Any]:
        suite = chosen(suite, suites(board))
        problems = [(name, name) for name in problem_names(board, suite)]
        problem, cost = chosen(problem, problems), chosen(cost, COSTS)
        rows = board.rows("graphs", suite=suite, problem=problem)
        choices = [(_name(row, cost), row["key"]) for row in rows]
        key = next((value for _, value in choices if key and value.startswith(str(key))), None) or chosen(None, choices)
        row = next((row for row in rows if row["key"] == key), None)
        return {
            self.params["suite"]: dropdown(suite, suites(board)),
            self.params["problem"]: dropdown(problem, problems),
            self.params["cost"]: dropdown(cost, COSTS),
            self.params["key"]: dropdown(key, choices),
            self.plot: _plot(rows, cost, key),
            self.graph: _card(row, board.rows("traces", suite=suite, problem=problem))
            if row
            else markup.note("No run has ended with a graph on this problem."),
        }


def _plot(rows: list[dict[str, Any]], cost: str, key: str | None) -> Any:
    if not rows:
        return plots.empty("No graphs yet")
    known = [row for row in rows if row[cost] is not None]
    return plots.scatter(known, cost, TITLES[cost], key) if known else plots.empty("No graph has a known price")


def _name(row: dict[str, Any], cost: str) -> str:
    front = " · on the front" if row[f"front_{cost}"] else ""
    size = f"{markup.in_units(row['units'])} · {counted(row['nodes'], 'node')}"
    return f"{row['accuracy']:.3f} at {size}{front} · {row['key'][:8]}"


def _others(row: dict[str, Any], told: list[dict[str, Any]]) -> str:
    """Links to the problem's other graphs whose nodes were recorded."""
    keys = [key for key in dict.fromkeys(one["key"] for one in told) if key != row["key"]]
    links = [
        f"<a href='?{escaped(graph_link(row['suite'], row['problem'], key))}' target='_self'>{escaped(key[:8])}</a>"
        for key in keys
    ]
    return f"<p>What the nodes of other graphs said: {', '.join(links)}</p>" if links else ""


def graph_link(suite: str, problem: str, key: str) -> str:
    """The query of the address that shows a graph here."""
    return urlencode({"tab": "graphs", "suite": suite, "problem": problem, "key": key[:12]})


def _card(row: dict[str, Any], told: list[dict[str, Any]]) -> str:
    spread = "" if row["accuracy_low"] is None else f" [{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]"
    facts = [
        ("Accuracy (95%)", f"{row['accuracy']:.3f}{spread}"),
        ("Nominal units", markup.figures(row["units"])),
        ("Measured GFLOPs", markup.figures(row["flops"] / 1e9)),
        ("$ per 1,000 queries", UNPRICED if row["dollars"] is None else markup.figures(row["dollars"] * 1e3)),
        ("Latency, s", markup.figures(row["seconds"])),
        ("Tokens in / out", f"{row['tokens_in']:.0f} / {row['tokens_out']:.0f}"),
        ("Found by", ", ".join(row["found_by"][:20])),
        ("Runs", row["runs"]),
    ]
    return (
        markup.graph_figure(json.loads(row["graph"]), units=row["node_units"])
        + (markup.NODE_COSTS if row["node_units"] else "")
        + markup.table([name for name, _ in facts], [[value for _, value in facts]], "The graph in numbers")
        + f"<p>{markup.graph_download(row['graph'], row['key'])} <code>{row['key'][:12]}</code></p>"
        + traces([one for one in told if one["key"] == row["key"]])
        + _others(row, told)
    )
