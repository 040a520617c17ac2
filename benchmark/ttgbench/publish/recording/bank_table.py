"""What the finished segments of a bank say about its tasks: models alone, votes, second-level nodes, gates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ttgbench.evaluate.base import Evaluation
from ttgbench.evaluate.grades import grades_of
from ttgbench.evaluate.rates import Rates, node_rates
from ttgbench.evaluate.store.store import Store
from ttgbench.models.pool import load_pool
from ttgbench.publish.recording.bank import BankPlan, Segment, segments
from ttgbench.publish.recording.gates import Answers, Gate, gates, pass_at, vote_of
from ttgbench.run.session import Session
from ttgbench.stats import Interval, accuracy_interval, compare
from ttgbench.stats.units import cluster_numbers
from ttgbench.tasks.task import CORRECT, Question, Task, groups_of


@dataclass(frozen=True)
class Row:
    """One kind of graph on one task."""

    graph: str
    accuracy: float
    low: float | None
    """95% interval (Wilson), over questions, or groups of them where the task has them; None for pass@k, which is an
    estimate over samples."""
    high: float | None
    minus: Interval | None
    """Its last model alone taken off, 95% over the same; None where there is nothing to compare or to say."""
    tokens_in: float | None
    """Of its last node, mean per answer; None for what runs no model."""
    tokens_out: float | None


@dataclass(frozen=True)
class Reading:
    """How often a second-level node is right, by how many of the answers that it reads are."""

    node: str
    right_inputs: int
    inputs: int
    answers: int
    """Questions times universes with so many right inputs."""
    right: float


@dataclass(frozen=True)
class TaskTable:
    """A task as far as it is recorded."""

    task: str
    questions: int
    universes: int
    rows: list[Row]
    readings: list[Reading]
    rates: list[Rates]
    gates: list[Gate]


def bank_tables(plan: BankPlan, folder: Path, data_dir: Path | None = None) -> list[TaskTable]:
    """A table for each task with a finished segment. Starts no engine. Raises StoreError, InputError."""
    by_task: dict[tuple[str, str], list[Segment]] = {}
    for segment in segments(plan):
        if (folder / segment.name).is_file():
            by_task.setdefault((segment.task, segment.split), []).append(segment)
    with TemporaryDirectory(prefix="ttgbench-") as scratch:
        path = Path(scratch) / "store.sqlite"
        with Store(path) as store:
            for done in by_task.values():
                for segment in done:
                    store.import_(folder / segment.name)
        return [_table(plan, path, done, data_dir) for done in by_task.values()]


def _table(plan: BankPlan, store: Path, done: list[Segment], data_dir: Path | None) -> TaskTable:
    with Session(store, None, data_dir=data_dir) as session:
        task = session.task(done[0].task)
        evaluator = session.evaluator(task, load_pool(plan.pool), plan.sampling, plan.prompts)
        batches = [
            evaluator.evaluate(plan.graphs(), range(part.start, part.stop), part.universe, part.split) for part in done
        ]
        questions = {question.id: question for question in task.questions(done[0].split)}
        parts = [_answers(plan, task, session.store, questions, batch) for batch in batches]
        rates = node_rates((each for batch in batches for each in batch), session.store, task.card, plan.prompts)
    answers = _joined(plan, parts)
    return TaskTable(
        task=task.card.name,
        questions=len(np.unique(answers.questions)),
        universes=len({segment.universe for segment in done}),
        rows=[*_alone(plan, answers, batches), *_second(plan, answers, batches)],
        readings=list(_readings(plan, answers)),
        rates=rates,
        gates=gates(answers, np.random.default_rng(0)),
    )


def _nodes(plan: BankPlan, batch: list[Evaluation]) -> list[tuple[int, str]]:
    """(place of a graph in the batch, node key) of all samples, model by model, then of the second-level nodes."""
    found = []
    for place, model in enumerate(plan.samples):
        found += [(place, use.key) for use in batch[place].nodes if use.model == model]
    return found + [(place, batch[place].nodes[-1].key) for place in range(len(plan.samples), len(batch))]


def _answers(
    plan: BankPlan, task: Task, store: Store, questions: dict[str, Question], batch: list[Evaluation]
) -> tuple[list[list[str | None]], list[list[bool]], list[Question]]:
    """Answers and verdicts, (node, question), and the questions."""
    asked, universe = batch[0].question_ids, batch[0].universe
    grades = [
        grades_of(task, store, [((key, name, universe), questions[name]) for name in asked])
        for _, key in _nodes(plan, batch)
    ]
    return (
        [[grade.answer for grade in column] for column in grades],
        [[grade.status == CORRECT for grade in column] for column in grades],
        [questions[name] for name in asked],
    )


def _joined(
    plan: BankPlan, parts: Iterable[tuple[list[list[str | None]], list[list[bool]], list[Question]]]
) -> Answers:
    codes, right, asked = [], [], []
    for answers, verdicts, questions in parts:
        for row, question in enumerate(questions):
            known: dict[str, int] = {}
            given = [column[row] for column in answers]
            codes.append([-1 if text is None else known.setdefault(text, len(known)) for text in given])
            right.append([column[row] for column in verdicts])
            asked.append(question)
    samples, at = {}, 0
    for model, count in plan.samples.items():
        samples[model] = list(range(at, at + count))
        at += count
    names = [_name(plan, number) for number in range(len(plan.second))]
    own = {name: node.model for name, node in zip(names, plan.second, strict=True) if {*node.inputs} == {node.model}}
    second = {name: at + number for number, name in enumerate(names)}
    groups = cluster_numbers(groups_of(asked) or None, len(asked))
    indices = np.array([question.index for question in asked])
    return Answers(np.array(codes), np.array(right), indices, groups, samples, second, own)


def _name(plan: BankPlan, number: int) -> str:
    node = plan.second[number]
    read = " + ".join(f"{node.inputs.count(model)} {model}" for model in dict.fromkeys(node.inputs))
    return f"{node.role} {node.model} of {read}"


def _alone(plan: BankPlan, answers: Answers, batches: list[list[Evaluation]]) -> Iterable[Row]:
    for place, (model, columns) in enumerate(answers.samples.items()):
        right = answers.right[:, columns]
        uses = [use for batch in batches for use in batch[place].nodes if use.model == model]
        tokens = [float(np.mean([getattr(use, name).mean() for use in uses])) for name in ("tokens_in", "tokens_out")]
        yield _row(f"{model} alone", answers, right.mean(axis=1), None, *tokens)
        for k in (k for k in (2, 3, 4, 5, 8) if k <= len(columns)):
            yield Row(f"{model} pass@{k}", pass_at(right, k), None, None, None, None, None)
            yield _row(f"{model} vote of {k}", answers, vote_of(answers, model, k), model)


def _second(plan: BankPlan, answers: Answers, batches: list[list[Evaluation]]) -> Iterable[Row]:
    for number, (name, column) in enumerate(answers.second.items()):
        tops = [batch[len(plan.samples) + number].nodes[-1] for batch in batches]
        tokens = [float(np.mean([getattr(use, kind).mean() for use in tops])) for kind in ("tokens_in", "tokens_out")]
        yield _row(name, answers, answers.right[:, column].astype(float), plan.second[number].model, *tokens)


def _readings(plan: BankPlan, answers: Answers) -> Iterable[Reading]:
    for node, (name, column) in zip(plan.second, answers.second.items(), strict=True):
        read = [at for model in dict.fromkeys(node.inputs) for at in answers.samples[model][: node.inputs.count(model)]]
        right_inputs = answers.right[:, read].sum(axis=1)
        for count in np.unique(right_inputs):
            right = answers.right[right_inputs == count, column]
            yield Reading(name, int(count), len(read), len(right), float(right.mean()))


def _row(
    graph: str,
    answers: Answers,
    values: np.ndarray,
    model: str | None,
    tokens_in: float | None = None,
    tokens_out: float | None = None,
) -> Row:
    """model: whose single answers are taken off."""
    asked, first = np.unique(answers.questions, return_index=True)

    def by_question(rows: np.ndarray) -> np.ndarray:
        return np.array([[rows[answers.questions == question].mean()] for question in asked])

    scores, groups = by_question(values), answers.groups[first].tolist()
    interval = accuracy_interval(scores, clusters=groups)
    minus = None
    if model in answers.samples and len(set(groups)) > 1:
        alone = by_question(answers.right[:, answers.samples[model]].mean(axis=1))
        found = compare(scores, alone, np.random.default_rng(0), clusters=groups)
        if np.isfinite([found.low, found.high]).all():
            minus = Interval(found.difference, found.low, found.high)
    return Row(graph, float(values.mean()), interval.low, interval.high, minus, tokens_in, tokens_out)
