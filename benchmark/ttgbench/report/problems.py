"""Per problem and method: accuracy, difference to the best single model, costs, verdict in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ttgbench.models.cost import UNPRICED
from ttgbench.report.judge import ProblemVerdict, judge_problems
from ttgbench.report.runs import BASELINE, Runs, finals, question_scores, without_graph
from ttgbench.report.table import Column, Table, Value, p_text
from ttgbench.report.wording import SAME
from ttgbench.run.results import CellResult, TestScore
from ttgbench.stats import Interval, accuracy_interval, break_even_queries

COLUMNS = (
    Column("method"),
    Column("test accuracy", "share of test questions answered rightly, mean over runs, with a 95% interval"),
    Column(
        f"minus {BASELINE}",
        "difference of the objective to the best single model, over runs; 95% or more, as the corrected p asks",
        signed=True,
    ),
    Column("verdict", "what the difference is worth; p is corrected for the number of problems (Holm)"),
    Column("units/query", "nominal cost of a query; 1 = the smallest model answering alone", 2, minor=1),
    Column("FLOPs/query", "measured on the test questions, as are dollars and seconds", 3, exponent=True, minor=6),
    Column("$/1000 queries", "at the cards' prices", 4, minor=4),
    Column("s/query", "critical path at the cards' standard speeds", 2, minor=5),
    Column("search spend", "in full evaluations: all search questions at the budget of a query", 2, minor=2),
    Column(
        "pays after",
        f"queries after which search and answers have cost less per right answer than {BASELINE}",
        0,
        minor=3,
    ),
    Column(
        "runs",
        "how the searches ended; how often a fallback decided, where the agent's replies were of no use",
        minor=7,
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one problem, all its runs."""

    problem: str
    method: str
    runs: int
    statuses: dict[str, int]
    error: str | None
    """Of the first run that has one."""
    graph: dict[str, Any] | None
    """The final graph that most runs ended with; None, as are accuracy and costs, if a run ended without one."""
    graph_runs: int
    """How many did."""
    accuracy: Interval | None
    comparison: ProblemVerdict | None
    """With the baseline; None for itself or without one."""
    verdict: str
    nominal_units: float | None
    flops: float | None
    dollars: float | None
    seconds: float | None
    search_evaluations: float
    break_even: float | None
    """Queries; infinite if never; None where it cannot be said."""
    fallback: float | None = None
    """Share of decisions that a fallback took in place of the agent, mean over runs that tell."""

    @property
    def ended_with(self) -> str:
        """What its graph is, in words."""
        if self.runs == 1:
            return f"{self.method}, its final graph"
        return f"{self.method}, its most frequent final graph ({self.graph_runs} of {self.runs} runs)"

    def values(self) -> tuple[Value, ...]:
        """As COLUMNS."""
        return (
            self.method,
            self.accuracy,
            None if self.comparison is None else self.comparison.interval,
            self.verdict,
            self.nominal_units,
            self.flops,
            (None if self.flops is None else UNPRICED) if self.dollars is None else 1000 * self.dollars,
            self.seconds,
            self.search_evaluations,
            self.break_even,
            ", ".join(f"{count} {status}" for status, count in self.statuses.items())
            + ("" if self.fallback is None else f"; fallback decided {self.fallback:.0%}"),
        )


def problem_rows(runs: Runs) -> list[Row]:
    """One row per problem and method. The bootstrap is seeded: same rows each time."""
    compared = _compared(runs)
    return [
        _row(cells, runs.cells(problem, BASELINE), compared.get((problem, method)))
        for problem in runs.problems
        for method in runs.methods
        if (cells := runs.cells(problem, method))
    ]


def _compared(runs: Runs) -> dict[tuple[str, str], ProblemVerdict]:
    """By problem and method, the comparison with the baseline: what `ttgbench compare` says of the two."""
    if BASELINE not in runs.methods:
        return {}
    others = [method for method in runs.methods if method != BASELINE]
    baseline, terms = runs.compared(BASELINE), runs.terms()
    return {
        (row.problem, method): row
        for method in others
        for row in judge_problems(runs.compared(method), baseline, terms)
    }


def best_row(rows: Sequence[Row]) -> Row | None:
    """The row with the highest accuracy; None where no method has one."""
    scored = [(row.accuracy.estimate, row) for row in rows if row.accuracy is not None]
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def problem_tables(rows: Sequence[Row], reach: str = "") -> list[Table]:
    """One table per problem. reach: what verdicts speak of, in words."""
    by_problem: dict[str, list[Row]] = {}
    for row in rows:
        by_problem.setdefault(row.problem, []).append(row)
    return [
        Table(f"problem-{problem}", problem, COLUMNS, [row.values() for row in own], _note(own, reach))
        for problem, own in by_problem.items()
    ]


def _note(rows: Sequence[Row], reach: str) -> str:
    tested = any(row.comparison is not None and row.comparison.tested for row in rows)
    return " ".join(
        [
            "Intervals of accuracies are about other questions of this task, for the graphs that these runs found.",
            *[f"Differences and verdicts are about {reach}."] * tested,
            "A method with a run without a graph has no score.",
            *["Methods are judged one by one: of twenty without a difference one shows one by chance."] * tested,
        ]
    )


def _row(cells: Sequence[CellResult], baseline: Sequence[CellResult], compared: ProblemVerdict | None) -> Row:
    first, unscored = cells[0], without_graph(cells)
    scored = [] if unscored else finals(cells)
    graphs = Counter(final.key for final in scored)
    common = next((final.graph for final in scored if graphs[final.key] == max(graphs.values())), None)

    def mean(cost: Callable[[TestScore], float | None]) -> float | None:
        known = [value for final in scored if (value := cost(final)) is not None]
        return _mean(known) if known and len(known) == len(scored) else None

    return Row(
        problem=first.problem,
        method=first.method.name,
        runs=len(cells),
        statuses=dict(sorted(Counter(cell.status for cell in cells).items())),
        error=next((cell.error for cell in cells if cell.error), None),
        graph=common,
        graph_runs=max(graphs.values(), default=0),
        accuracy=accuracy_of(cells) if scored else None,
        comparison=compared,
        verdict=_verdict(cells, compared),
        nominal_units=mean(lambda final: final.nominal.units),
        flops=mean(lambda final: final.flops),
        dollars=mean(lambda final: final.dollars),
        seconds=mean(lambda final: final.seconds),
        search_evaluations=_mean([cell.search.full_evaluations for cell in cells]),
        break_even=None if compared is None or compared.difference is None else _break_even(cells, baseline),
        fallback=_mean(told) if (told := [cell.fallback for cell in cells if cell.fallback is not None]) else None,
    )


def accuracy_of(cells: Sequence[CellResult]) -> Interval:
    """Accuracy on other questions of the task, for the final graphs of these runs, each of which must have one."""
    scores, clusters = question_scores(cells)
    return accuracy_interval(scores, clusters=clusters)


def _verdict(cells: Sequence[CellResult], compared: ProblemVerdict | None) -> str:
    unscored = without_graph(cells)
    error = next((f": {cell.error}" for cell in cells if cell.error and cell.final is None), "")
    if compared is not None:
        return verdict_text(compared) + (error if unscored else "")
    if unscored:
        return unscored + error
    return "the baseline" if cells[0].method.name == BASELINE else f"no {BASELINE} to compare with"


def verdict_text(compared: ProblemVerdict) -> str:
    """The verdict with its p-value, and what would have been detected, if that can be said."""
    if compared.p_holm is None or compared.verdict == SAME:
        return compared.verdict
    detectable = "" if compared.mde is None else f"; {compared.mde:.3f} would have been detected"
    return f"{compared.verdict} (p {p_text(compared.p_holm)}{detectable})"


LEDGER_COSTS = {"flops": ("flops", 1.0), "picodollars": ("dollars", 1e12), "nanoseconds": ("seconds", 1e9)}
"""Where a test score holds the cost in the ledger's metric, and its scale."""


def _break_even(cells: Sequence[CellResult], baseline: Sequence[CellResult]) -> float | None:
    own, other = finals(cells), finals(baseline)
    field, scale = LEDGER_COSTS[cells[0].search.metric]
    accuracy = _mean([final.accuracy for final in other])
    if accuracy == 0:
        return None
    return break_even_queries(
        _mean([cell.search.spent for cell in cells]),
        accuracy=min(_mean([final.accuracy for final in own]), 1.0),
        cost=scale * _mean([getattr(final, field) for final in own]),
        baseline_accuracy=min(accuracy, 1.0),
        baseline_cost=scale * _mean([getattr(final, field) for final in other]),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
