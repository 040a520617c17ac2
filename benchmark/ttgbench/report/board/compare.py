"""Two methods or two graphs of one suite: paired differences, tests, what would have been detected, and a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttgbench import stats
from ttgbench.errors import UnknownName
from ttgbench.report.board.files import Board
from ttgbench.stats.ranking import holm

RESAMPLES = 1999
"""Of each problem's interval; enough for a page that answers at once."""


@dataclass(frozen=True, slots=True)
class ProblemDifference:
    """Test accuracy of the first minus the second on one problem, paired over its questions."""

    problem: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    """Corrected for the number of problems (Holm)."""
    mde: float
    questions: int
    test: str
    verdict: str
    """Of the first, on this problem alone."""


@dataclass(frozen=True, slots=True)
class Overall:
    """Mean difference of normalised scores over problems."""

    difference: float
    low: float
    high: float
    p: float | None
    scope: str
    tasks: int


@dataclass(frozen=True, slots=True)
class Duel:
    """All there is to say about two entries; `sentence` says it in words."""

    problems: tuple[ProblemDifference, ...]
    overall: Overall | None
    """None where it cannot be computed: a run without a graph, or two graphs of one problem."""
    sentence: str


def compare_runs(board: Board, suite: str, first: str, second: str) -> Duel:
    """Compares two archived runs by id. Raises UnknownName for a run that the suite does not have."""
    names = _names(board, suite, first, second)
    scores = [
        {row["problem"]: (row["scores"], row["clusters"]) for row in board.rows("run_scores", suite=suite, run_id=run)}
        for run in (first, second)
    ]
    shared = [problem["name"] for problem in board.manifest["suites"][suite]["problems"]]
    shared = [name for name in shared if name in scores[0] and name in scores[1]]
    margin = board.manifest["suites"][suite]["margin"]
    problems = _problems({name: (scores[0][name], scores[1][name]) for name in shared}, margin)
    overall = _overall(board, suite, first, second)
    return Duel(problems, overall, _runs_sentence(names[0], names[1], problems, overall))


def compare_graphs(board: Board, suite: str, problem: str, first: str, second: str) -> Duel:
    """Compares two graphs of one problem by key, or by the beginning of it. Raises UnknownName."""
    wide, clusters = [], []
    for key in (first, second):
        rows = board.rows("graph_scores", suite=suite, problem=problem)
        found = [row for row in rows if key and row["key"].startswith(key)]
        if len(found) != 1:
            raise UnknownName("graph", key, [row["key"][:12] for row in rows], source=f"{suite} {problem}")
        wide.append(np.asarray(found[0]["scores"]).reshape(-1, found[0]["universes"]))
        clusters = found[0]["clusters"]
    margin = board.manifest["suites"][suite]["margin"]
    found_one = _difference(problem, wide[0], wide[1], clusters, margin)
    return Duel((found_one,), None, _graphs_sentence(first[:8], second[:8], found_one))


def _names(board: Board, suite: str, first: str, second: str) -> list[str]:
    runs = {row["run_id"]: row["method"] for row in board.rows("runs", suite=suite)}
    for run in (first, second):
        if run not in runs:
            raise UnknownName("run", run, runs, source=suite)
    same = runs[first] == runs[second]
    return [f"{runs[run]} ({run[:8]})" if same else runs[run] for run in (first, second)]


Scored = tuple[list[float], list[str]]
"""Scores of questions, and their clusters where there are any."""


def _problems(pairs: dict[str, tuple[Scored, Scored]], margin: float) -> tuple[ProblemDifference, ...]:
    found = [
        _difference(name, np.asarray(one)[:, None], np.asarray(other)[:, None], clusters, margin)
        for name, ((one, clusters), (other, _)) in pairs.items()
        if len(one) == len(other)
    ]
    if not found:
        return ()
    corrected = holm(np.array([row.p for row in found]))
    return tuple(
        ProblemDifference(**{**{f: getattr(row, f) for f in row.__slots__}, "p_holm": float(p)})
        for row, p in zip(found, corrected, strict=True)
    )


def _difference(
    name: str, first: np.ndarray, second: np.ndarray, clusters: list[str], margin: float
) -> ProblemDifference:
    low, high = min(0.0, first.min(), second.min()), max(1.0, first.max(), second.max())
    found = stats.compare(
        first, second, np.random.default_rng(0), clusters=clusters or None, bounds=(low, high), resamples=RESAMPLES
    )
    return ProblemDifference(
        problem=name,
        first=float(first.mean()),
        second=float(second.mean()),
        difference=found.difference,
        low=found.low,
        high=found.high,
        p=found.p,
        p_holm=found.p,
        mde=found.mde,
        questions=found.questions,
        test=found.test,
        verdict=found.verdict(margin),
    )


def _overall(board: Board, suite: str, first: str, second: str) -> Overall | None:
    facts = board.manifest["suites"][suite]
    grids = []
    for run in (first, second):
        cells = {(row["problem"], row["seed"]): row["score"] for row in board.rows("cells", suite=suite, run_id=run)}
        seeds = 1 + max(seed for _, seed in cells)
        grid = [[cells.get((problem["name"], seed)) for seed in range(seeds)] for problem in facts["problems"]]
        grids.append(np.array(grid, dtype=np.float64))
    seeds = min(grid.shape[1] for grid in grids)
    scores = np.stack([grid[:, :seeds] for grid in grids])
    if np.isnan(scores).any():
        return None
    tasks = [problem["task"] for problem in facts["problems"]]
    compared = stats.compare_methods(scores, tasks, np.random.default_rng(0))
    pair = compared.pairs[0]
    return Overall(pair.difference, pair.low, pair.high, pair.p, compared.scope, compared.tasks)


def _runs_sentence(first: str, second: str, problems: tuple[ProblemDifference, ...], overall: Overall | None) -> str:
    better = sum(row.verdict == "better" for row in problems)
    worse = sum(row.verdict == "worse" for row in problems)
    counted = f"Problem by problem {first} is better on {better}, worse on {worse} of {len(problems)}."
    if overall is None:
        return f"No verdict over all problems: some run ended without a graph. {counted}"
    spread = f"{overall.difference:+.3f} [{overall.low:+.3f}, {overall.high:+.3f}]"
    reach = (
        f"over {overall.tasks} tasks, taken as a sample of tasks (p = {overall.p:.2g})"
        if overall.p is not None
        else f"on {'this task' if overall.tasks == 1 else f'these {overall.tasks} tasks'} only"
    )
    apart = (overall.low > 0 or overall.high < 0) and (overall.p is None or overall.p < 0.05)
    if not apart:
        return f"No difference shown between {first} and {second}: {spread} {reach}. {counted}"
    word = "better" if overall.difference > 0 else "worse"
    return f"{first} is {word} than {second}: {spread} {reach}. {counted}"


def _graphs_sentence(first: str, second: str, row: ProblemDifference) -> str:
    spread = f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}], p = {row.p:.2g}"
    missed = (
        f"a difference of {row.mde:.2f} would have been detected"
        if np.isfinite(row.mde)
        else "too few questions to detect any difference"
    )
    said = {
        "better": f"Graph {first} is better than {second}",
        "worse": f"Graph {first} is worse than {second}",
        "no difference shown": f"No difference shown between graphs {first} and {second}",
    }.get(row.verdict, f"Graphs {first} and {second} are {row.verdict}")
    return f"{said}: {spread} over {row.questions} questions; {missed}."
