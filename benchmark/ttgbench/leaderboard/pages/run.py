"""Run: everything about one archived run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import gradio as gr

from ttgbench.leaderboard.parts import markup, plots
from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, run_choices, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.report.board.logs import MAX_EVENTS
from ttgbench.util.text import counted, escaped


class Run(Page):
    id, label = "run", "Run"

    def __init__(self, source: Source) -> None:
        with gr.Row():
            suite = gr.Dropdown(label="Suite", choices=[], min_width=160)
            run = gr.Dropdown(label="Run", choices=[], scale=2, min_width=220)
            cell = gr.Dropdown(label="Problem and seed", choices=[], scale=2, min_width=220)
        self.facts = gr.HTML(elem_id="ttg-facts")
        self.title = gr.HTML()
        self.plot = gr.Plot(show_label=False, elem_id="ttg-search")
        gr.HTML(markup.plot_files("ttg-search", "search"))
        self.graph = gr.HTML(elem_id="ttg-best")
        self.log = gr.HTML(elem_id="ttg-log")
        self.cells = gr.HTML(elem_id="ttg-cells")
        self.params = {"suite": suite, "run": run, "cell": cell}
        self.outputs = [self.facts, self.title, self.plot, self.graph, self.log, self.cells]

    def render(self, board: Board, suite: Any = None, run: Any = None, cell: Any = None, **_: Any) -> dict[Any, Any]:
        suite = chosen(suite, suites(board))
        runs = run_choices(board, suite)
        run = chosen(run, runs)
        row = board.rows("runs", suite=suite, run_id=run)[0]
        cells = board.rows("cells", suite=suite, run_id=run)
        choices = [(f"{each['problem']}, seed {each['seed']}", f"{each['problem']}:{each['seed']}") for each in cells]
        best = max(range(len(cells)), key=lambda i: -1e9 if cells[i]["value"] is None else cells[i]["value"])
        cell = chosen(cell, choices, first=best)
        one = next(each for each in cells if f"{each['problem']}:{each['seed']}" == cell)
        logged = board.rows("logs", suite=suite, run_id=run, problem=one["problem"], seed=one["seed"])
        events = json.loads(logged[0]["events"]) if logged else []
        return {
            self.params["suite"]: dropdown(suite, suites(board)),
            self.params["run"]: dropdown(run, runs),
            self.params["cell"]: dropdown(cell, choices),
            self.facts: _facts(row),
            self.title: f"<h3>The search on {escaped(one['problem'])}, seed {one['seed']}</h3>",
            self.plot: plots.search(events, one["full_evaluation"], one["value"]),
            self.graph: _graph(board, suite, one),
            self.log: _log(events, one),
            self.cells: _cells(cells),
        }


def _facts(row: dict[str, Any]) -> str:
    record = json.loads(row["record"])
    method, suite, hardware = record["method"], record["suite"], record["hardware"]
    checked = json.loads(row["verification"]) if row["verification"] else None
    verified = (
        f"{checked['badge']}: {counted(checked['cells'], 'run')} replayed, "
        f"{counted(checked['grades'], 'answer')} graded again, "
        f"{counted(checked['rerun'], 'run')} made again live{_renamed(checked)}, "
        f"by ttgbench {checked['package_version']}"
        if checked
        else "self-reported: nobody has checked this run yet"
    )
    facts = [
        ("What it is", method["description"]),
        ("Authors", ", ".join(method["authors"])),
        ("Paper", method["paper"] or "–"),
        ("Licence", method["licence"]),
        ("Departures", "; ".join(method["departures"]) or "none declared"),
        ("Search asks an LLM", "yes" if method["needs_agent"] else "no"),
        ("Verification", verified),
        ("Held out", _held_out(checked)),
        ("Suite", f"{suite['name']}-v{suite['version']}, sha256 {suite['hash'][:16]}"),
        (
            "Made with",
            f"ttgbench {record['package_version']}, engine {record['engine']}, {counted(record['seeds'], 'seed')}",
        ),
        ("Prices of", record["prices_date"] or "–"),
        ("Machine", ", ".join(str(part) for part in (hardware["processor"], hardware["system"]) if part) or "–"),
        ("Files", row["path"]),
    ]
    title = f"<h2>{escaped(method['name'])} <small>version {escaped(method['version'])}</small></h2>"
    return title + markup.facts(facts, "The run")


def _renamed(checked: dict[str, Any]) -> str:
    renamed = checked.get("renamed")
    return f", under other names of models and questions {0 - renamed['loss']:+.3f}" if renamed else ""


def _held_out(checked: dict[str, Any] | None) -> str:
    """What the method scored on instances that nobody had seen."""
    held = (checked or {}).get("season")
    if not held:
        return "not run on a season"
    flag = ": more than two standard errors" if held["gap"] > 2 * held["error"] else ""
    scores = f"public {held['public']:.3f}, held out {held['held_out']:.3f} in {counted(held['runs'], 'run')}"
    return f"{scores}, gap {held['gap']:.3f} ± {held['error']:.3f}{flag}"


def _graph(board: Board, suite: str, cell: dict[str, Any]) -> str:
    if cell["graph"] is None:
        why = f"No graph: {cell['status']}. {cell['error'] or ''}"
        return f"<h3>Graph</h3><p class='ttg-problem'>{escaped(why)}</p>"
    found = board.rows("graphs", suite=suite, problem=cell["problem"], key=cell["graph"])
    if not found:
        return ""
    title = f"<h3>Graph that the search ended with on {escaped(cell['problem'])}</h3>"
    units = found[0]["node_units"]
    figure = markup.graph_figure(json.loads(found[0]["graph"]), units=units) + (markup.NODE_COSTS if units else "")
    return f"{title}{figure}<p>{markup.graph_download(found[0]['graph'], cell['graph'])}</p>"


def _log(events: Sequence[dict[str, Any]], cell: dict[str, Any]) -> str:
    full = cell["full_evaluation"]
    rows = [
        (event.get("event", ""), f"{event['spent'] / full:.2f}" if event.get("spent") else "", _told(event, full))
        for event in events
    ]
    title = f"<h3>Log of {escaped(cell['problem'])}, seed {cell['seed']}</h3>"
    kept = "Here are its beginning and its end; the archive holds all of it." if len(events) >= MAX_EVENTS else ""
    unit = f"{markup.figures(full)} {cell['metric']}"
    said = f"Costs are in full evaluations, of {unit} each. Evaluations in a row are one line. {kept}"
    return title + markup.table(("Event", "Spent#", "What"), rows, "Log") + markup.note(said)


_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})+|\d{6,}")
"""Ledger units in a text."""
SHOWN = ("event", "spent", "suite", "problem", "seed")
"""What stands in other places of the page."""


def _told(event: dict[str, Any], full: float) -> str:
    """What happened, with amounts in full evaluations and graphs by the beginning of their key."""
    try:
        return _known(event, full)
    except (KeyError, TypeError, ValueError):  # a log comes from outside; what it lacks is no reason to show nothing
        rest = {name: value for name, value in event.items() if name not in SHOWN}
        return ", ".join(f"{name} {_short(value, full)}" for name, value in rest.items() if value is not None)


def _known(event: dict[str, Any], full: float) -> str:
    """Raises KeyError for an event that has no words of its own, and for one that lacks what they say."""
    kind, key = event.get("event"), str(event.get("key", ""))[:8]
    if kind == "start":
        limit = float(f"{event['limit'] / full:.4g}")
        return f"may spend {counted(limit, 'full evaluation')}"
    if kind == "evaluate":
        before = event.get("evaluations before", 0)
        others = f", after {counted(before, 'other')}" if before else ""
        cost = f"{event['charged'] / full:.3g}"
        return f"graph {key}: {event['value']:.3f} on {counted(event['questions'], 'question')}, for {cost}{others}"
    if kind == "recommend":
        return f"graph {key}"
    if kind == "refused":
        reason = _AMOUNT.sub(lambda found: f"{int(found[0].replace(',', '')) / full:.3g}", event["reason"])
        graphs = [str(graph)[:8] for graph in event.get("graphs", ())]
        return f"{reason}; graphs {', '.join(graphs[:4])}{', ...' if graphs[4:] else ''}" if graphs else reason
    raise KeyError(kind)


def _short(value: Any, full: float) -> str:
    if isinstance(value, dict) and all(isinstance(each, int | float) for each in value.values()):
        return ", ".join(f"{name} {each / full:.2f}" for name, each in value.items())
    if isinstance(value, int) and value >= 10**6:
        return f"{value / full:.3g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:16] if len(text) == 64 and text.isalnum() else text[:160]


def _ledger(cell: dict[str, Any]) -> str:
    """What was spent on what, in full evaluations."""
    spent = json.loads(cell["search_by_category"]).items()
    return ", ".join(f"{name} {value / cell['full_evaluation']:.2f}" for name, value in spent) or "–"


def _cells(cells: list[dict[str, Any]]) -> str:
    rows = [
        (
            cell["problem"],
            cell["seed"],
            cell["status"],
            markup.number(cell["score"]),
            markup.number(cell["accuracy"]),
            markup.figures(cell["units"]),
            markup.figures(cell["search_spend"]),
            _ledger(cell),
        )
        for cell in cells
    ]
    columns = ("Problem", "Seed#", "Status", "Score#", "Accuracy#", "Units#", "Search spend#", "Ledger")
    return "<h3>All problems and seeds</h3>" + markup.table(columns, rows, "All problems and seeds")
