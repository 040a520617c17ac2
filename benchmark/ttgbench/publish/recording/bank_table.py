"""What the finished segments of a bank say about its tasks: models alone, votes, second-level nodes, gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttgbench.evaluate.base import Evaluation
from ttgbench.evaluate.grades import grades_of
from ttgbench.evaluate.rates import Rates, node_rates
from ttgbench.evaluate.store.store import Store
from ttgbench.problems.bank.plan import BankPlan, Segment
from ttgbench.publish.recording.bank_open import OpenBank, opened
from ttgbench.publish.recording.best import Best, best_graph, by_groups, by_question
from ttgbench.publish.recording.gates import Answers, Gate, gates, pass_at, vote_of
from ttgbench.stats import Interval, accuracy_interval
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
    groups: int
    """Groups of questions that share something, such as a template: what is independent. Else as many as questions."""
    largest: int
    """Questions in the largest group."""
    universes: int
    rows: list[Row]
    readings: list[Reading]
    rates: list[Rates]
    best: Best | None
    """None with fewer than two groups."""
    gates: list[Gate]


def bank_tables(
    plan: BankPlan, folder: Path, finished: Sequence[Segment], data_dir: Path | None = None
) -> list[TaskTable]:
    """A table for each task with a segment that is `finished`: `look(plan, folder).done`.

    Starts no engine. Raises StoreError, InputError.
    """
    by_task: dict[tuple[str, str], list[Segment]] = {}
    for segment in finished:
        by_task.setdefault((segment.task, segment.split), []).append(segment)
    tables = []
    for done in by_task.values():
        with opened(plan, folder, done, data_dir) as bank:
            tables.append(_table(bank))
    return tables


def _table(bank: OpenBank) -> TaskTable:
    plan, task, done, store = bank.plan, bank.task, bank.finished, bank.store
    batches = [
        bank.recorded.evaluate(plan.graphs(), range(part.start, part.stop), part.universe, part.split) for part in done
    ]
    questions = {question.id: question for question in task.questions(bank.split)}
    parts = [_answers(plan, task, store, questions, batch) for batch in batches]
    rates = node_rates((each for batch in batches for each in batch), store, task.card, plan.prompts)
    answers = _joined(plan, parts)
    return TaskTable(
        task=task.card.name,
        questions=len(np.unique(answers.questions)),
        groups=len(np.unique(answers.groups)),
        largest=int(np.bincount(answers.groups[np.unique(answers.questions, return_index=True)[1]]).max()),
        universes=len({segment.universe for segment in done}),
        rows=[*_alone(plan, answers, batches), *_second(plan, answers, batches)],
        readings=list(_readings(plan, answers)),
        rates=rates,
        best=best_graph(answers, np.random.default_rng(0)),
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
    names = [node.name for node in plan.nodes.second]
    own = {name: node.model for name, node in zip(names, plan.second, strict=True) if {*node.inputs} == {node.model}}
    second = {name: at + number for number, name in enumerate(names)}
    groups = cluster_numbers(groups_of(asked) or None, len(asked))
    indices = np.array([question.index for question in asked])
    return Answers(np.array(codes), np.array(right), indices, groups, samples, second, own)


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
    groups = answers.groups[np.unique(answers.questions, return_index=True)[1]].tolist()
    interval = accuracy_interval(by_question(answers, values), clusters=groups)
    minus = None
    if model in answers.samples:
        minus = by_groups(answers, values, answers.right[:, answers.samples[model]].mean(axis=1))
    return Row(graph, float(values.mean()), interval.low, interval.high, minus, tokens_in, tokens_out)
