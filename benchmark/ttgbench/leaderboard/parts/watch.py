"""The page of a run folder that is still being filled: what the searches that have ended had found by when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gradio as gr

from ttgbench.errors import TTGBenchError
from ttgbench.leaderboard.parts import markup, plots
from ttgbench.leaderboard.parts.page import chosen, dropdown
from ttgbench.report.unfinished import Progress, RunFolder
from ttgbench.util.text import counted, escaped

SECONDS = 5.0
"""Between two looks at the folder."""
MOST = 20
"""Methods that are drawn."""
NOTE = """<p class="ttg-note">Mean {what} of the graph recommended so far, over the runs that are finished, from where
each of them has recommended one; with a 95% band from five draws on. A method may be further than another, and which
seeds are in its mean changes: this is to be watched, and decides nothing before all runs are finished.</p>"""
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def watch(folder: Path, seconds: float = SECONDS) -> gr.Blocks:
    """The whole page. seconds: 0 for a page that is not renewed by itself."""
    runs = RunFolder(folder)
    demo: gr.Blocks
    with gr.Blocks(title="TTG-Bench", analytics_enabled=False, fill_width=True) as demo:
        top = gr.HTML(elem_id="ttg-top")
        problem = gr.Dropdown(label="Problem", choices=[], min_width=160)
        plot = gr.Plot(show_label=False, elem_id="ttg-growing")
        gr.HTML(markup.plot_files("ttg-growing", "growing-curves"))
        note, table, shown = gr.HTML(), gr.HTML(elem_id="ttg-finished"), gr.State(None)
        outputs = [top, problem, plot, note, table, shown]

        def look(wanted: Any, before: Any) -> dict[Any, Any]:
            try:
                now = runs.progress()
                name = chosen(wanted, [(each, each) for each in now.begun], first=max(0, len(now.begun) - 1))
                state = (now.done, now.total, now.newest, name)
                if before is not None and tuple(before) == state:
                    return {shown: before}
                rows = runs.curves(now, name) if name else []
            except (TTGBenchError, OSError) as error:
                return {top: _header(folder, None, str(error)), shown: None}
            names = {row["method"]: f"{row['method']} ({row['runs']} of {now.seeds})" for row in rows}
            curves = [{**row, "run_id": row["method"]} for row in rows if len(row["spend"])][:MOST]
            regret = now.suite.anchors is not None
            title = "Regret, points" if regret else "Objective, points"
            return {
                top: _header(folder, now),
                problem: dropdown(name, [(each, each) for each in now.begun]),
                plot: plots.curves(curves, names, title) if curves else plots.empty("No curve yet."),
                note: NOTE.format(what="regret" if regret else "objective"),
                table: _finished(now),
                shown: state,
            }

        def opened(request: gr.Request) -> dict[Any, Any]:
            return look(request.query_params.get("problem"), None)

        demo.load(opened, None, outputs, **QUIET).then(None, js="() => { window.ttgReady = true; }", **QUIET)
        problem.input(look, [problem, shown], outputs, trigger_mode="always_last", **QUIET)
        problem.input(None, [problem], None, js="(...values) => ttgUrl('watch', ['problem'], values)", **QUIET)
        if seconds > 0:
            gr.Timer(seconds).tick(look, [problem, shown], outputs, trigger_mode="once", **QUIET)
    return demo


def _header(folder: Path, now: Progress | None, problem: str = "") -> str:
    """How many runs of how many are finished, or why that is not known."""
    where = f"<p><code>{escaped(str(folder))}</code></p>"
    if now is None:
        said = f"<p class='ttg-problem' role='status'>{escaped(problem)}</p>"
        return f"<header><div><h1>A run</h1>{where}{said}</div></header>"
    last = f", the last one at {datetime.fromtimestamp(now.newest, UTC):%H:%M:%S} UTC" if now.done else ""
    end = ""
    if now.done >= now.total:
        end = f"<p>All are finished: <code>ttgbench report {escaped(str(folder))}</code> says what they show.</p>"
    said = f"<p class='ttg-verdict' role='status'>{now.done:,} of {counted(now.total, 'run')} finished{last}.</p>{end}"
    return f"<header><div><h1>A run of {escaped(now.suite.label)}</h1>{where}{said}</div></header>"


def _finished(now: Progress) -> str:
    """Methods by problems."""
    rows = [
        (method, *(f"{now.finished.get((name, method), 0)} of {now.seeds}" for name in now.problems))
        for method in now.methods
    ]
    title = "<h2 class='ttg-title'>Finished runs</h2>"
    return title + markup.table(("Method", *(f"{name}#" for name in now.problems)), rows, "Finished runs")
