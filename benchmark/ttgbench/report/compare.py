"""Two methods, or two graphs, on the same test questions: what their difference is worth, problem by problem."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ttgbench.errors import InputError, UnknownName
from ttgbench.problems.suite import Suite
from ttgbench.report.grid import make_grid
from ttgbench.report.overall import pairs_table
from ttgbench.report.problems import SAME
from ttgbench.report.runs import Runs, finals, question_scores, read_runs, without_graph
from ttgbench.report.table import Column, Table, Value
from ttgbench.stats import Comparison, Interval, compare
from ttgbench.stats.ranking import holm
from ttgbench.util.yaml_input import validation_message

MAX_BYTES = 64 << 20


class EvaluateOutput(BaseModel):
    """What `ttgbench evaluate --json` prints, as far as it is compared."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    task: str
    key: str
    universe: int
    question_ids: tuple[str, ...] = Field(min_length=1)
    clusters: tuple[str, ...] | None = None
    scores: tuple[float, ...]

    @model_validator(mode="after")
    def _one_score_each(self) -> EvaluateOutput:
        if len(self.scores) != len(self.question_ids):
            raise ValueError(f"{len(self.scores)} scores for {len(self.question_ids)} question_ids")
        if not all(0 <= score <= 1 for score in self.scores):
            raise ValueError("scores must lie within 0 and 1")
        return self


@dataclass(frozen=True)
class Scores:
    """One side on one problem."""

    question_ids: tuple[str, ...]
    clusters: tuple[str, ...] | None
    scores: NDArray[np.float64]
    """(questions, universes), averaged over `runs` runs."""
    runs: int
    graphs: tuple[str, ...]
    """Keys of the graphs that were scored, sorted."""


@dataclass(frozen=True)
class Side:
    """One of the two that are compared."""

    name: str
    problems: dict[str, Scores]
    runs: Runs | None = None
    unscored: tuple[str, ...] = ()
    """Problems on which runs ended without a graph, and how many: there is no score to compare there."""


@dataclass(frozen=True)
class Compared:
    """The comparison of two sides."""

    first: str
    second: str
    problems: Table
    overall: Table | None
    """Over all problems; None without shared seeds."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "first": self.first,
            "second": self.second,
            "problems": self.problems.records(),
            "overall": None if self.overall is None else {**self.overall.records()[0], "note": self.overall.note},
        }


def read_side(text: str, results: Path | None) -> Side:
    """Reads a side: an `evaluate --json` file, a folder of one method's results, FOLDER:METHOD, or, with a folder of
    results, the name of a method in it. Raises InputError.
    """
    path = Path(text)
    if path.is_file():
        return _evaluated(path)
    if path.is_dir():
        runs = read_runs(path)
        if len(runs.methods) > 1:
            raise InputError(
                f"holds results of {', '.join(runs.methods)}; choose one with {text}:{runs.methods[0]}", source=path
            )
        return _of_method(runs, runs.methods[0], text)
    folder, colon, method = text.rpartition(":")
    if colon and Path(folder).is_dir():
        return _of_method(read_runs(Path(folder)), method, text)
    if results is None:
        raise InputError(
            "is no file and no folder; to compare two methods, name their folder with --results", source=text
        )
    return _of_method(read_runs(results), text, text)


def _evaluated(path: Path) -> Side:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES} bytes", source=path)
        output = EvaluateOutput.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=path) from None
    except ValidationError as error:
        message = f"is no output of `ttgbench evaluate --json`: {validation_message(error)}"
        raise InputError(message, source=path) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", source=path) from None
    scores = Scores(output.question_ids, output.clusters, np.array(output.scores)[:, None], 1, (output.key,))
    return Side(str(path), {f"{output.task}, universe {output.universe}": scores})


def _of_method(runs: Runs, method: str, name: str) -> Side:
    if method not in runs.methods:
        raise UnknownName("method", method, runs.methods)
    problems = {}
    unscored = []
    for problem in runs.problems:
        cells = runs.cells(problem, method)
        if reason := without_graph(cells):
            unscored.append(f"{problem}: {reason} of {name}")
        elif cells:
            labels = cells[0].clusters or None
            keys = tuple(sorted(final.key for final in finals(cells)))
            problems[problem] = Scores(cells[0].question_ids, labels, question_scores(cells), len(cells), keys)
    own = Runs(tuple(r for r in runs.results if r.method.name == method), runs.suite)
    return Side(name, problems, own, tuple(unscored))


def compare_sides(first: Side, second: Side, margin: float | None = None) -> Compared:
    """Every problem that both have. margin: of practical equivalence; default: the suite's.

    Raises InputError if they share no problem or answered other questions.
    """
    shared = [problem for problem in first.problems if problem in second.problems]
    if not shared:
        unscored = [*first.unscored, *second.unscored]
        names = f"{', '.join(first.problems) or 'none'} and {', '.join(second.problems) or 'none'}"
        raise InputError(
            "; ".join([f"have no problem in common: {names}", *unscored]),
            source=f"{first.name} and {second.name}",
        )
    suite = first.runs.suite if first.runs else None
    if margin is None and suite is not None:
        margin = suite.margin
    found = [_compared(problem, first.problems[problem], second.problems[problem]) for problem in shared]
    return Compared(
        first.name, second.name, _table(first, second, shared, found, margin), _overall(first, second, suite)
    )


def _compared(problem: str, a: Scores, b: Scores) -> Comparison:
    if a.question_ids != b.question_ids or a.scores.shape != b.scores.shape:
        raise InputError("the two sides did not answer the same questions in as many universes", source=problem)
    return compare(a.scores, b.scores, np.random.default_rng(0), clusters=a.clusters, question_ids=a.question_ids)


def _table(
    first: Side, second: Side, shared: Sequence[str], found: Sequence[Comparison], margin: float | None
) -> Table:
    corrected = holm(np.array([one.p for one in found]))
    rows: list[tuple[Value, ...]] = []
    for problem, one, p in zip(shared, found, corrected, strict=True):
        a, b = first.problems[problem], second.problems[problem]
        rows.append(
            (
                problem,
                float(a.scores.mean()),
                float(b.scores.mean()),
                Interval(one.difference, one.low, one.high),
                one.p,
                float(p) if len(found) > 1 else None,
                one.mde,
                SAME if a.graphs == b.graphs else replace(one, p=float(p)).verdict(margin),
                one.test,
                one.n,
                f"{a.runs} and {b.runs}",
            )
        )
    columns = (
        Column("problem"),
        Column("first", "accuracy"),
        Column("second", "accuracy"),
        Column("difference", "first minus second, paired over questions, 95%", signed=True),
        Column("p", "of no difference", 4),
        Column("p (Holm)", "corrected for the number of problems", 4),
        Column("detectable", "smallest difference that would have been found with probability 0.8"),
        Column("verdict", "of the first, by the corrected p"),
        Column("test"),
        Column("units", "independent questions, or groups of questions where the task has them"),
        Column("runs", "averaged within the question"),
    )
    declared = f"Equivalent: within {margin:g}. " if margin is not None else "No margin of equivalence was declared. "
    note = f"{declared}It speaks of other questions of these tasks, for the graphs that these runs found."
    if unscored := [*first.unscored, *second.unscored]:
        note += f" Left out, and no verdict over all problems: {'; '.join(unscored)}."
    return Table("comparison", f"{first.name} against {second.name}", columns, rows, note)


def _overall(first: Side, second: Side, suite: Suite | None) -> Table | None:
    """Both as methods over problems and seeds."""
    if first.runs is None or second.runs is None or first.unscored or second.unscored:
        return None
    names = ("first", "second")
    results = tuple(
        result.model_copy(update={"method": result.method.model_copy(update={"name": name})})
        for name, side in zip(names, (first, second), strict=True)
        for result in side.runs.results  # type: ignore[union-attr]
        if result.problem in first.problems and result.problem in second.problems
    )
    if len({result.suite_hash for result in results}) > 1:
        return None
    grid = make_grid(Runs(results, suite))
    return None if grid is None or len(grid.methods) < 2 else pairs_table(grid)
