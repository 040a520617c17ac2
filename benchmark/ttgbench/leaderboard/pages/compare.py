"""Compare: two methods, or two graphs of one problem."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ttgbench.errors import TTGBenchError
from ttgbench.leaderboard.parts import markup, plots
from ttgbench.leaderboard.parts.markup import in_units
from ttgbench.leaderboard.parts.page import Page, chosen, dropdown, problem_names, run_choices, suites
from ttgbench.leaderboard.parts.source import Source
from ttgbench.report.board import Board
from ttgbench.report.board.compare import compare_graphs, compare_methods
from ttgbench.report.judge import Verdict
from ttgbench.report.table import p_text
from ttgbench.util.text import escaped

KINDS = [("Two methods", "methods"), ("Two graphs", "graphs")]
NOTE = """<p class="ttg-note">Differences are first minus second in the objective on test (accuracy,
where nothing else counts). Methods are
compared over their runs: what is said holds for other runs of theirs on these test questions, or, where every seed has
an instance or questions of a bank of its own, on other instances or questions of the bank. Graphs are compared over
the questions: what is said holds for these two graphs on other questions of the task. p is of the problem alone;
p (Holm), by which the verdict is, is corrected for the number of problems, and so are the intervals: of 95% or more,
they leave out zero only where p (Holm) is below 0.05. Where two graphs differ alike on every question, the interval is
by the rule of three: so many other questions may show another difference although none of these does. The last column
is the smallest true difference that would have been found on the problem alone with a probability of 80%: below it,
silence proves nothing.</p>"""
AXIS = "Difference in the objective (accuracy, where nothing else counts), first minus second"
COLUMNS = (
    "Problem",
    "First#",
    "Second#",
    "Difference#",
    "Interval",
    "p#",
    "p (Holm)#",
    "Verdict",
    "Compared",
    "Detectable#",
)


class Compare(Page):
    id, label = "compare", "Compare"

    def __init__(self, source: Source) -> None:
        with gr.Row():
            kind = gr.Dropdown(label="What", choices=KINDS, value="methods", filterable=False, min_width=140)
            suite = gr.Dropdown(label="Suite", choices=[], min_width=160)
            problem = gr.Dropdown(label="Problem", choices=[], min_width=160, visible=False)
            first = gr.Dropdown(label="First", choices=[], scale=2, min_width=220)
            second = gr.Dropdown(label="Second", choices=[], scale=2, min_width=220)
        self.verdict = gr.HTML(elem_id="ttg-verdict")
        self.plot = gr.Plot(show_label=False, elem_id="ttg-forest")
        gr.HTML(markup.plot_files("ttg-forest", "differences"))
        self.table = gr.HTML()
        gr.HTML(NOTE)
        self.params = {"kind": kind, "suite": suite, "problem": problem, "first": first, "second": second}
        self.outputs = [self.verdict, self.plot, self.table]

    def render(
        self,
        board: Board,
        kind: Any = None,
        suite: Any = None,
        problem: Any = None,
        first: Any = None,
        second: Any = None,
        **_: Any,
    ) -> dict[Any, Any]:
        kind, suite = chosen(kind, KINDS), chosen(suite, suites(board))
        problems = [(name, name) for name in problem_names(board, suite)]
        problem = chosen(problem, problems)
        if kind == "methods":
            choices = list(run_choices(board, suite, "method"))
        else:
            rows = board.rows("graphs", suite=suite, problem=problem)
            choices = [(f"{r['key'][:8]} · {r['accuracy']:.3f} at {in_units(r['units'])}", r["key"]) for r in rows]
        first, second = chosen(first, choices), chosen(second, choices, first=1)
        return {
            self.params["kind"]: dropdown(kind, KINDS),
            self.params["suite"]: dropdown(suite, suites(board)),
            self.params["problem"]: dropdown(problem, problems, visible=kind == "graphs"),
            self.params["first"]: dropdown(first, choices),
            self.params["second"]: dropdown(second, choices),
            **self._result(board, kind, suite, problem, first, second),
        }

    def _result(self, board: Board, kind: str, suite: str, problem: str, first: Any, second: Any) -> dict[Any, Any]:
        margin = board.manifest["suites"][suite]["margin"]
        if first is None or first == second:
            return self._nothing("Choose two different entries.")
        try:
            if kind == "methods":
                found = compare_methods(board, suite, first, second)
            else:
                found = compare_graphs(board, suite, problem, first, second)
        except TTGBenchError as error:
            return self._nothing(str(error))
        return {
            self.verdict: _said(found, margin),
            self.plot: plots.forest(found.problems, AXIS, margin=margin, overall=found.overall),
            self.table: _table(found),
        }

    def _nothing(self, message: str) -> dict[Any, Any]:
        text = f"<p class='ttg-verdict' role='status'>{escaped(message)}</p>"
        return {self.verdict: text, self.plot: plots.empty(message), self.table: ""}


def _said(found: Verdict, margin: float | None) -> str:
    """The verdict in a word, then in a sentence, then what the plot's band is."""
    word = found.overall.verdict if found.overall else found.problems[0].verdict if len(found.problems) == 1 else ""
    chip = f"<span class='ttg-chip'>{escaped(word)}</span> " if word else ""
    band = (
        markup.note(f"Grey in the plot: differences within ±{margin:g}, which count as equivalent.") if margin else ""
    )
    return f"<p class='ttg-verdict' role='status'>{chip}{escaped(found.sentence)}</p>{band}"


def _table(found: Verdict) -> str:
    every = found.overall
    first = (
        ()
        if every is None
        else (
            "All problems",
            "–",
            "–",
            f"{every.difference:+.3f}",
            f"{every.low:+.3f} to {every.high:+.3f}",
            _p(every.p),
            "–",
            every.verdict,
            every.scope,
            "–",
        )
    )
    return markup.table(
        COLUMNS,
        [
            *([first] if first else []),
            *(
                (
                    row.problem,
                    markup.number(row.first),
                    markup.number(row.second),
                    "–" if row.difference is None else f"{row.difference:+.3f}",
                    "" if row.low is None else f"{row.low:+.3f} to {row.high:+.3f}",
                    _p(row.p),
                    _p(row.p_holm),
                    row.verdict,
                    row.units,
                    markup.number(row.mde),
                )
                for row in found.problems
            ),
        ],
        "Differences per problem",
    )


def _p(value: float | None) -> str:
    return "–" if value is None else p_text(value).removeprefix("= ")
