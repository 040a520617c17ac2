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
from ttgbench.stats import accuracy_interval
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
    tokens_in: float | None
    """Of its last node, mean per answer; None for what runs no model."""
    tokens_out: float | None


@dataclass(frozen=True)
class TaskTable:
    """A task as far as it is recorded."""

    task: str
    questions: int
    universes: int
    rows: list[Row]
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
        yield _row(f"{model} alone", answers, right.mean(axis=1), *tokens)
        for k in (k for k in (2, 3, 4, 5, 8) if k <= len(columns)):
            yield Row(f"{model} pass@{k}", pass_at(right, k), None, None, None, None)
            yield _row(f"{model} vote of {k}", answers, vote_of(answers, model, k), None, None)


def _second(plan: BankPlan, answers: Answers, batches: list[list[Evaluation]]) -> Iterable[Row]:
    for number, (name, column) in enumerate(answers.second.items()):
        tops = [batch[len(plan.samples) + number].nodes[-1] for batch in batches]
        tokens = [float(np.mean([getattr(use, kind).mean() for use in tops])) for kind in ("tokens_in", "tokens_out")]
        yield _row(name, answers, answers.right[:, column].astype(float), *tokens)


def _row(graph: str, answers: Answers, values: np.ndarray, tokens_in: float | None, tokens_out: float | None) -> Row:
    asked, first = np.unique(answers.questions, return_index=True)
    means = [values[answers.questions == question].mean() for question in asked]
    interval = accuracy_interval(np.array(means)[:, None], clusters=answers.groups[first].tolist())
    return Row(graph, float(values.mean()), interval.low, interval.high, tokens_in, tokens_out)
