"""Two methods, or two evaluated graphs, from files and folders: the verdict on them as a table and a sentence."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ttgbench.errors import InputError, UnknownName
from ttgbench.evaluate.base import Evaluation
from ttgbench.report.judge import ProblemVerdict, Verdict, judge_graphs, judge_methods
from ttgbench.report.results import Results
from ttgbench.report.runs import Runs, read_runs
from ttgbench.report.table import LEAST_P, Column, Table
from ttgbench.util.arguments import file_path, shown
from ttgbench.util.tables import as_html, as_text
from ttgbench.util.text import escaped
from ttgbench.util.yaml_input import validation_message

MAX_BYTES = 64 << 20
SEVERAL = (
    "Intervals are of 95% or more: corrected for the number of problems as p (Holm) is, they leave out zero only where "
    "that is below 0.05."
)
ALIKE = (
    "Where every question shows the same difference, the interval is by the rule of three: so many other questions may "
    "show another one although none of these does."
)


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

    @classmethod
    def of(cls, evaluation: Evaluation) -> EvaluateOutput:
        """What is compared of an evaluation; ids of questions begin with their task."""
        return cls(
            task=evaluation.question_ids[0].partition("@")[0],
            key=evaluation.graph.key,
            universe=evaluation.universe,
            question_ids=evaluation.question_ids,
            clusters=evaluation.clusters or None,
            scores=tuple(evaluation.scores.tolist()),
        )


@dataclass(frozen=True)
class Graph:
    """A graph that was evaluated."""

    name: str
    evaluated: EvaluateOutput

    @property
    def problem(self) -> str:
        """What it was evaluated on."""
        return f"{self.evaluated.task}, universe {self.evaluated.universe}"


@dataclass(frozen=True)
class Method:
    """A method among the results of a folder."""

    name: str
    runs: Runs
    method: str


Side = Graph | Method
"""One of the two that are compared."""


@dataclass(frozen=True)
class Compared:
    """The comparison of two sides."""

    first: str
    second: str
    problems: Table
    verdict: Verdict
    about: str = ""
    """Of methods: what the suite says of itself first."""

    def __str__(self) -> str:
        table = as_text(self.problems.texts(), self.problems.heading)
        about = f"{self.about}\n\n" if self.about else ""
        return f"{about}{self.problems.title}\n{table}\n{self.problems.note}\n\n{self.verdict.sentence}"

    def _repr_html_(self) -> str:
        """How a notebook shows it; every name is escaped."""
        table = as_html(self.problems.texts(), self.problems.heading, caption=self.problems.title)
        about = f"<p><small>{escaped(self.about)}</small></p>" if self.about else ""
        return (
            f"{about}{table}<p><small>{escaped(self.problems.note)}</small></p><p>{escaped(self.verdict.sentence)}</p>"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        overall = self.verdict.overall
        return {
            "first": self.first,
            "second": self.second,
            "about": self.about,
            "verdict": self.verdict.sentence,
            "note": self.problems.note,
            "problems": self.problems.records(),
            "overall": None if overall is None else asdict(overall),
        }


TABLES = ("Table", "DataFrame")
"""What `load_results` returns, and what people make of it."""


@overload
def compare(results: Evaluation, first: Evaluation, /, *, margin: float | None = None) -> Compared: ...


@overload
def compare(
    results: Results | str | Path, first: str, second: str, *, margin: float | None = None, questions: bool = False
) -> Compared: ...


def compare(
    results: Results | str | Path | Evaluation,
    first: str | Evaluation,
    second: str | None = None,
    *,
    margin: float | None = None,
    questions: bool = False,
) -> Compared:
    """Is the first method better than the second, equivalent, or is nothing shown? As `ttgbench compare`.

    results: of `ttgbench.run`, or a folder of results or of archives. first, second: names of methods in them. Or two
    evaluations instead of all three: of two graphs on the same questions in the same universe, by a paired test over
    questions.
    margin: differences in accuracy below this are practically equivalent; default: the suite's, none for graphs.
    questions: whether the verdict on methods speaks of other test questions, too, and not of other runs alone; its
    intervals are never narrower. Refused where seeds draw their own questions of a bank; that on evaluations and on
    instances speaks of others anyway.
    Printed, it is a table and a sentence; `verdict.sentence` is the sentence, `verdict.problems` and `verdict.overall`
    hold the numbers.

    >>> import ttgbench
    >>> def first(problem, rng):
    ...     return problem.space.sample(rng)
    >>> def second(problem, rng):
    ...     return problem.space.sample(rng)
    >>> results = ttgbench.run([first, second], "recorded-micro-v1", seeds=2, progress=False)
    >>> row = ttgbench.compare(results, "first", "second").problems.rows[0]
    >>> row[-3]
    'the same graphs'

    >>> graphs = [ttgbench.shapes.parallel("sim-b-4b", 3), ttgbench.shapes.single("sim-b-1b")]
    >>> three, one = ttgbench.evaluate_many(graphs, "synthetic_math", "synthetic", questions=200, progress=False)
    >>> compared = ttgbench.compare(three, one)
    >>> compared.verdict.problems[0].verdict, compared.verdict.problems[0].units
    ('better', '50 groups of questions')

    Five runs of each method are needed for a verdict. Raises UnknownName for a method that has no results, InputError.
    """
    if margin is not None and not (isinstance(margin, int | float) and 0 < margin <= 1):
        raise InputError(f"must lie above 0 and not above 1, not {shown(margin)}", field="margin")
    if not isinstance(questions, bool):
        raise InputError(f"must be True or False, not {shown(questions)}", field="questions")
    if isinstance(results, Evaluation) and isinstance(first, Evaluation) and second is None:
        a, b = (Graph(one.graph.key[:12], EvaluateOutput.of(one)) for one in (results, first))
        return compare_sides(a, b, margin)
    if isinstance(results, Evaluation) or not (isinstance(first, str) and isinstance(second, str)):
        raise InputError("takes two evaluations, or results and the names of two methods in them", source="compare")
    if isinstance(results, Results):
        runs = results.runs
    elif isinstance(results, str | Path):
        runs = read_runs(file_path(results, "results"))
    else:
        kind = type(results)
        given = "a table: pass the folder that it was read from" if kind.__name__ in TABLES else shown(results)
        message = f"must be what ttgbench.run or ttgbench.Results.read returned, or a folder of results, not {given}"
        raise InputError(message, field="results")
    return compare_sides(_of_method(runs, first, first), _of_method(runs, second, second), margin, questions)


def read_side(text: str, results: Path | None) -> Side:
    """Reads a side: with a folder of results, the name of a method in it; else an `evaluate --json` file, a folder of
    one method's results, or FOLDER:METHOD. Raises InputError.
    """
    known = None if results is None else read_runs(results)
    if known is not None and text in known.methods:
        return _of_method(known, text, text)
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
    if known is None:
        raise InputError(
            "is no file and no folder; to compare two methods, name their folder with --results", source=text
        )
    raise UnknownName("method (and no file or folder)", text, known.methods, source=results)


def _evaluated(path: Path) -> Graph:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES} bytes", source=path)
        data = json.loads(path.read_bytes())
        if isinstance(data, dict) and "nodes" in data and "scores" not in data:
            asked = f"ttgbench evaluate {path} --task TASK --json > FILE"
            raise InputError(f"is a graph; evaluate it first (`{asked}`) and compare FILE", source=path)
        return Graph(str(path), EvaluateOutput.model_validate(data))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=path) from None
    except ValidationError as error:
        message = f"is no output of `ttgbench evaluate --json`: {validation_message(error)}"
        raise InputError(message, source=path) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", source=path) from None


def _of_method(runs: Runs, method: str, name: str) -> Method:
    if method not in runs.methods:
        raise UnknownName("method", method, runs.methods)
    return Method(name, runs, method)


def compare_sides(first: Side, second: Side, margin: float | None = None, questions: bool = False) -> Compared:
    """Two methods over their runs, on every problem that both have; two graphs over the questions that both answered.

    margin: of practical equivalence; default: the suite's. questions: of methods, whether to speak of other questions,
    too. Raises InputError if they cannot be compared.
    """
    both = f"{first.name} and {second.name}"
    if isinstance(first, Method) and isinstance(second, Method):
        verdict = _methods(first, second, margin, questions, both)
        if margin is None and first.runs.suite is not None:
            margin = first.runs.suite.margin
        reach = first.runs.reach(questions)
    elif isinstance(first, Graph) and isinstance(second, Graph):
        verdict = _graphs(first, second, margin, both)
        reach = "other questions of this task, for these two graphs"
    else:
        raise InputError("are a graph and a method; compare two of a kind", source=both)
    declared = f"Equivalent: within {margin:g}." if margin is not None else "No margin of equivalence was declared."
    several = sum(row.p is not None for row in verdict.problems) > 1
    # Only questions have a rule of three: runs that are all alike are taken as they are.
    alike = (isinstance(first, Graph) or questions) and any(
        row.alike and row.low is not None for row in verdict.problems
    )
    spoken = verdict.overall is not None or any(row.tested for row in verdict.problems)
    note = " ".join([declared, *[f"It speaks of {reach}."] * spoken, *[SEVERAL] * several, *[ALIKE] * alike])
    table = _table(f"{first.name} against {second.name}", verdict, note)
    about = first.runs.about if isinstance(first, Method) else ""
    return Compared(first.name, second.name, table, verdict, about)


def _methods(first: Method, second: Method, margin: float | None, questions: bool, both: str) -> Verdict:
    if first.runs.results[0].suite_hash != second.runs.results[0].suite_hash:
        raise InputError("have results of different suites, or of different versions of one", source=both)
    if questions and first.runs.of_bank:
        message = "cannot be used: seeds of this suite draw their own questions, so a verdict speaks of others already"
        raise InputError(message, field="questions")
    terms = first.runs.terms(margin, questions)
    one, other = (side.runs.compared(side.method, side.name, terms.questions) for side in (first, second))
    if not set(one.problems) & set(other.problems):
        names = f"{', '.join(one.problems)} and {', '.join(other.problems)}"
        raise InputError(f"have no problem in common: {names}", source=both)
    return judge_methods(one, other, terms)


def _graphs(first: Graph, second: Graph, margin: float | None, both: str) -> Verdict:
    a, b = first.evaluated, second.evaluated
    if first.problem != second.problem:
        raise InputError(f"have no problem in common: {first.problem} and {second.problem}", source=both)
    if a.question_ids != b.question_ids:
        raise InputError("did not answer the same questions", source=both)
    if a.clusters and b.clusters and a.clusters != b.clusters:
        raise InputError("name unlike groups of questions", source=both)
    scores = [np.array(side.scores)[:, None] for side in (a, b)]
    names = (first.name, second.name)
    return judge_graphs(
        names,
        first.problem,
        scores[0],
        scores[1],
        ids=a.question_ids,
        clusters=a.clusters or b.clusters,
        margin=margin,
        same=a.key == b.key,
    )


def _table(title: str, verdict: Verdict, note: str) -> Table:
    columns = (
        Column("problem"),
        Column("first", "the objective on test: accuracy, where nothing else counts", minor=5),
        Column("second", "likewise", minor=4),
        Column("difference", "first minus second, 95% or more: see the note", signed=True),
        Column("p", "of no difference, on this problem alone", 4, least=LEAST_P, minor=3),
        Column("p (Holm)", "corrected for the number of problems", 4, least=LEAST_P),
        Column(
            "detectable", "smallest difference that this problem alone would have shown with probability 0.8", minor=2
        ),
        Column("verdict", "of the first, by the corrected p"),
        Column("test", minor=6),
        Column("compared", "runs that draw samples of their own, questions (or groups of them), or both", minor=1),
    )
    return Table("comparison", title, columns, [_values(row) for row in verdict.problems], note)


def _values(row: ProblemVerdict) -> tuple[Any, ...]:
    return (
        row.problem,
        row.first,
        row.second,
        row.interval,
        row.p,
        row.p_holm,
        row.mde,
        row.verdict,
        row.test,
        row.units,
    )
