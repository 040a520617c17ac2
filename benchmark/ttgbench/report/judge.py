"""Judges two methods over their runs, or two graphs over questions, for report, command line and page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ttgbench import stats
from ttgbench.report.wording import GROUPS, SAME, graphs_sentence, methods_sentence
from ttgbench.stats import CrossedComparison, Difference, Interval, RunsComparison
from ttgbench.stats.runs import draw_means, too_few
from ttgbench.stats.significance import holm, holm_levels
from ttgbench.util.text import counted

ALPHA = 0.05
_Found = TypeVar("_Found", bound=Difference)


@dataclass(frozen=True, slots=True)
class Answered:
    """The test questions of a run, and how its final graph did on each."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    """One label per question; empty where they do not come in groups."""
    scores: NDArray[np.float64]
    """(questions,), averaged over test universes."""


@dataclass(frozen=True, slots=True)
class Run:
    """What of one run is compared."""

    value: float
    """The objective on test, of the final graph: its accuracy, where nothing else counts."""
    graph: str
    """Key of the final graph."""
    answered: Answered | None = None
    """Needed to speak of other questions; None where the objective is more than the mean over them."""


@dataclass(frozen=True, slots=True)
class MethodRuns:
    """The runs of one method."""

    name: str
    problems: Mapping[str, Mapping[int, Run | None]]
    """By problem and seed; None where the run ended without a graph."""

    def without_graph(self, problem: str) -> str:
        """Why it has no score on a problem, in words; empty if it has one. A missing graph is never scored as bad."""
        runs = self.problems[problem]
        missing = sum(run is None for run in runs.values())
        return f"{missing} of {counted(len(runs), 'run')} of {self.name} ended without a graph" if missing else ""

    def values(self, problem: str) -> dict[int, float]:
        """By seed, of the runs that ended with a graph."""
        return {seed: run.value for seed, run in self.problems[problem].items() if run is not None}

    def answered(self, problem: str) -> dict[int, Answered]:
        """By seed, of the runs that ended with a graph whose value is a mean over questions."""
        runs = self.problems[problem].items()
        return {seed: run.answered for seed, run in runs if run is not None and run.answered is not None}

    def graphs(self, problem: str) -> list[str]:
        """Keys of the final graphs, sorted, one per run."""
        return sorted(run.graph for run in self.problems[problem].values() if run is not None)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a suite declares of how its runs are compared."""

    tasks: Mapping[str, str]
    """Task of each problem, problems in the suite's order."""
    margin: float | None
    """Values closer than this are practically equivalent."""
    draw: Callable[[int], int]
    """The draw of samples that a seed's search sees."""
    flat: frozenset[str] = frozenset()
    """Problems that no mean over problems counts; see `Suite.flat`."""
    scale: str = "accuracy"
    """What the objectives' values are."""
    questions: bool = False
    """Whether verdicts speak of other test questions, too, and not of other runs alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemVerdict:
    """The objective on test (accuracy, where nothing else counts), first minus second. None: it cannot be said."""

    problem: str
    first: float | None = None
    second: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    """95% or more: without zero only where `p_holm` is below 0.05."""
    p: float | None = None
    """Of this problem alone."""
    p_holm: float | None = None
    """Corrected for the number of problems (Holm); the verdict is by it."""
    mde: float | None = None
    """The smallest true difference that this problem alone would have shown with a probability of 0.8."""
    units: str = ""
    """What was compared, with its number."""
    test: str = ""
    alike: bool = False
    """Whether all units showed the same difference, so that no spread made the interval."""
    verdict: str
    """Of the first."""

    @property
    def tested(self) -> bool:
        """Whether the verdict is one of statistics, and not that there is none or that the graphs are the same."""
        return self.p_holm is not None

    @property
    def interval(self) -> Interval | float | None:
        """The difference with its bounds, where it has some."""
        if self.difference is None or self.low is None or self.high is None:
            return self.difference
        return Interval(self.difference, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Overall:
    """Mean difference of the objective over problems that are not flat."""

    difference: float
    low: float
    high: float
    p: float
    scope: str
    tasks: int
    problems: int
    verdict: str
    """Of the first."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All there is to say about two methods or two graphs; `sentence` says it in words."""

    problems: tuple[ProblemVerdict, ...]
    overall: Overall | None
    """None for two graphs, and where nothing can be said; then the sentence says why."""
    sentence: str


def judge_methods(first: MethodRuns, second: MethodRuns, terms: Terms) -> Verdict:
    """On every problem that both have, and over all of them; see `judge_problems`.

    If a run ended without a graph anywhere there is no verdict over all problems, nor where other questions are meant.
    """
    problems = judge_problems(first, second, terms)
    shared = [row.problem for row in problems]
    counted = [problem for problem in shared if problem not in terms.flat] or shared
    overall = (
        "for other questions each problem is judged alone"
        if terms.questions
        else next(filter(None, (_missing(first, second, problem) for problem in shared)), "")
        or _overall(first, second, counted, terms)
    )
    sentence = methods_sentence(first.name, second.name, problems, overall, terms.scale)
    if isinstance(overall, Overall) and len(counted) < len(shared):
        flat = ", ".join(problem for problem in shared if problem not in counted)
        sentence += f" Not in the mean, for the best graph known is hardly better than a single model: {flat}."
    return Verdict(problems, overall if isinstance(overall, Overall) else None, sentence)


def judge_problems(first: MethodRuns, second: MethodRuns, terms: Terms) -> tuple[ProblemVerdict, ...]:
    """Over runs, on every problem that both have; see `ttgbench.stats.compare_runs`, and `compare_crossed` where the
    terms say that other questions are meant.

    A problem on which a run ended without a graph gets no verdict.
    """
    shared = [problem for problem in terms.tasks if problem in first.problems and problem in second.problems]
    rows = {
        problem: ProblemVerdict(problem=problem, verdict=f"no verdict: {reason}")
        for problem in shared
        if (reason := _missing(first, second, problem) or _unanswered(first, second, problem, terms))
    }
    scored = [problem for problem in shared if problem not in rows]
    tests = [partial(_compared, first, second, problem, terms) for problem in scored]
    for problem, (one, p, words) in zip(scored, together(tests, terms.margin), strict=True):
        a, b = first.graphs(problem), second.graphs(problem)
        means = [float(np.mean(list(side.values(problem).values()))) for side in (first, second)]
        words = SAME if a == b or len({*a, *b}) == 1 else words
        rows[problem] = _row(problem, means, one, p, _runs_as_units(one), words)
    return tuple(rows[problem] for problem in shared)


def _missing(first: MethodRuns, second: MethodRuns, problem: str) -> str:
    return first.without_graph(problem) or second.without_graph(problem)


def _unanswered(first: MethodRuns, second: MethodRuns, problem: str, terms: Terms) -> str:
    """Why nothing can be said of other questions, in words; empty where something can, or they are not meant."""
    if not terms.questions:
        return ""
    answered = [side.answered(problem) for side in (first, second)]
    if any(len(known) < len(side.problems[problem]) for known, side in zip(answered, (first, second), strict=True)):
        return "the objective is more than a mean over questions"
    if len({one.ids for known in answered for one in known.values()}) > 1:
        return "the runs did not answer the same questions"
    return "" if len(_groupings(answered)) < 2 else "the runs name unlike groups of questions"


def _groupings(answered: Iterable[Mapping[int, Answered]]) -> list[tuple[str, ...]]:
    """How the runs say that questions are grouped: once, unless some are of another version of the task."""
    return list({one.clusters for known in answered for one in known.values() if one.clusters})


def _compared(
    first: MethodRuns, second: MethodRuns, problem: str, terms: Terms, confidence: float = 1 - ALPHA
) -> RunsComparison:
    if not terms.questions:
        return stats.compare_runs(first.values(problem), second.values(problem), terms.draw, confidence=confidence)
    answered = [side.answered(problem) for side in (first, second)]
    one, other = ({seed: run.scores for seed, run in known.items()} for known in answered)
    clusters = next(iter(_groupings(answered)), None)
    return stats.compare_crossed(one, other, terms.draw, clusters=clusters, confidence=confidence)


def judge_graphs(
    names: tuple[str, str],
    problem: str,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    *,
    ids: Sequence[str] | None = None,
    clusters: Sequence[str] | None = None,
    margin: float | None = None,
    same: bool = False,
) -> Verdict:
    """Two graphs over questions, by their scores (questions, universes); see `ttgbench.stats.compare`.

    ids: of the questions, checked for repeats. clusters: one label per question where they come in groups.
    same: whether it is one graph.
    """
    found = stats.compare(first, second, np.random.default_rng(0), clusters=clusters or None, question_ids=ids)
    units = counted(found.n, *(GROUPS if clusters else ("question",)))
    p, words = (None, SAME) if same else (found.p, found.verdict(margin))
    row = _row(problem, [float(np.mean(first)), float(np.mean(second))], found, p, units, words)
    return Verdict((row,), None, graphs_sentence(*names, row, found))


def together(tests: Sequence[Callable[..., _Found]], margin: float | None) -> list[tuple[_Found, float | None, str]]:
    """Of each of several comparisons that are read together: itself with its interval, its p and the words, all three
    corrected for their number (Holm).

    tests: each takes `confidence`. Equivalence is corrected among itself.
    """
    alone = [test() for test in tests]
    tested = [number for number, one in enumerate(alone) if not one.untested]
    raw = np.array([alone[number].p for number in tested])
    p_values = dict(zip(tested, map(float, holm(raw)), strict=True))
    for number, level in zip(tested, map(float, holm_levels(raw, ALPHA)), strict=True):
        if level < ALPHA:
            wide = tests[number](confidence=1 - level)
            alone[number] = replace(alone[number], low=wide.low, high=wide.high)
    equal: dict[int, float] = {}
    if margin is not None:
        corrected = holm(np.array([alone[number].equivalence(margin) for number in tested]))
        equal = dict(zip(tested, map(float, corrected), strict=True))
    return [
        (one, p_values.get(number), one.verdict(margin, p_values.get(number), equal.get(number)))
        for number, one in enumerate(alone)
    ]


def _row(
    problem: str, means: Sequence[float], found: Difference, p_holm: float | None, units: str, words: str
) -> ProblemVerdict:
    low, high, p, mde = (x if math.isfinite(x) else None for x in (found.low, found.high, found.p, found.mde))
    if words == SAME:
        low = high = p = p_holm = mde = None
    return ProblemVerdict(
        problem=problem,
        first=means[0],
        second=means[1],
        difference=found.difference,
        low=low,
        high=high,
        p=p,
        p_holm=p_holm,
        mde=mde,
        units=units,
        test="" if words == SAME else found.test,
        alike=found.standard_error == 0,
        verdict=words,
    )


def _runs_as_units(found: RunsComparison) -> str:
    first, second = found.runs
    draws = found.draws if isinstance(found, CrossedComparison) else found.n
    words = f"{first} and {second} runs"
    if found.paired and first == second == draws:
        words = counted(draws, "run")
    elif found.paired:
        words = f"{counted(draws, 'draw')} shared by {words}"
    if not isinstance(found, CrossedComparison):
        return words
    return f"{words} x {counted(found.questions, *(GROUPS if found.grouped else ('question',)))}"


def _overall(first: MethodRuns, second: MethodRuns, problems: Sequence[str], terms: Terms) -> Overall | str:
    """Over all problems, or why nothing can be said."""
    means = [[draw_means(side.values(problem), terms.draw) for problem in problems] for side in (first, second)]
    draws = [draw for draw in means[0][0] if all(draw in one for side in means for one in side)]
    if not draws:
        return "the two share no draw of the samples on all problems"
    runs = tuple(min(len(side.problems[problem]) for problem in problems) for side in (first, second))
    if few := too_few(len(draws), (runs[0], runs[1]), shared=True):
        return few
    scores = [[[one[draw] for draw in draws] for one in side] for side in means]
    compared = stats.compare_methods(scores, [terms.tasks[problem] for problem in problems], np.random.default_rng(0))
    pair = compared.pairs[0]
    return Overall(
        pair.difference, pair.low, pair.high, pair.p, compared.scope, compared.tasks, len(problems), pair.verdict
    )
