"""Evaluation by recorded generations: store first, engines for what is missing; without engines a pure replay.

    evaluator = GenerationEvaluator(task, pool, sampling, Store("runs.sqlite"), engines=launch("llama_cpp", pool))
    [evaluation] = evaluator.evaluate([graph], range(20), universe=0, split="search")

What was read or generated stays in memory as arrays, so that a repeated evaluation is a handful of gathers.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ttgbench.engines import background
from ttgbench.engines.base import Engine, Sampling
from ttgbench.errors import InputError, MissingGeneration
from ttgbench.evaluate.base import Evaluation, NodeUse
from ttgbench.evaluate.batch import Step, Work
from ttgbench.evaluate.columns import FLOPS, NANOSECONDS, PICODOLLARS, TOKENS_IN, TOKENS_OUT, Table
from ttgbench.evaluate.executor import Executor, Progress
from ttgbench.evaluate.grades import grades_of
from ttgbench.evaluate.store.store import Overlay, Store
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.keys import KeyContext, node_keys
from ttgbench.graphs.roles import LATEST, ROLES, PromptSet
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.tasks.task import Task, TaskCard
from ttgbench.util.text import counted

MAX_NAMED = 5
"""At most so many nodes are named in one message."""

_MAX_PLANS = 1 << 14
_MAX_CELLS = 1 << 24  # about 0.7 GB


@dataclass(frozen=True, slots=True)
class _Plan:
    """What evaluating a graph takes, apart from questions and universe."""

    ids: tuple[str, ...]
    """Node ids in topological order, sink last, like the rest."""
    steps: tuple[Step, ...]
    cards: tuple[ModelCard | None, ...]
    predecessors: tuple[tuple[int, ...], ...]


def key_context(task: TaskCard, pool: Pool, sampling: Sampling, prompts: PromptSet) -> KeyContext:
    """What the keys of a task's generations depend on besides their graphs."""
    # Which output wins a vote depends on how answers are extracted.
    graders = {name: f"+{task.grader}" for name, role in ROLES.items() if role.aggregates}
    versions = {name: role.version(prompts) for name, role in ROLES.items()}
    shown = {name: version + graders.get(name, "") for name, version in versions.items() if version is not None}
    models = {card.name: card.fingerprint for card in pool}
    return KeyContext(prompts=shown, models=models, sampling=sampling.fingerprint)


class GenerationEvaluator:
    """An Evaluator. `sampling` is final: the caller has put the task's max_tokens and stop strings into it.

    engines: by model name, or None for a replay. prompts: the set that nodes show to models.
    progress: told about every evaluation, from any thread.
    Several threads may evaluate at once; what two of them lack is generated once.
    """

    def __init__(
        self,
        task: Task,
        pool: Pool,
        sampling: Sampling,
        store: Store,
        engines: Mapping[str, Engine] | None = None,
        progress: Progress | None = None,
        prompts: PromptSet = LATEST,
    ) -> None:
        self._task, self.pool = task, pool
        self._store = Overlay(store) if store.read_only else store
        self._engines, self._progress = engines, progress
        # Without engines it still computes votes.
        self._executor = Executor(task, pool, sampling, engines or {}, self._store, progress, prompts)
        self.key_context = key_context(task.card, pool, sampling, prompts)
        self._plans: dict[object, _Plan] = {}
        self._tables: dict[tuple[int, str], Table] = {}
        self._lock = threading.Lock()  # plans and tables; not held while anything is generated or graded

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`. Generations recorded before an error or Ctrl-C stay recorded."""
        with self._lock:
            table = self._table(universe, split)
            chosen = table.positions(questions)
            plans = [self._plan(graph) for graph in graphs]
            work = self._lacking(table, plans, chosen)
        if work is not None:
            self._generate(table, work)
        with self._lock:
            ungraded = self._ungraded(table, plans, chosen)
        if ungraded:
            self._grade(table, ungraded)
        with self._lock:
            return [self._evaluation(graph, plan, table, chosen) for graph, plan in zip(graphs, plans, strict=True)]

    def close(self) -> None:
        """Stops generating; store and engines stay open for whoever opened them."""
        background.run(self._executor.close())

    def _table(self, universe: int, split: str) -> Table:
        if sum(table.cells for table in self._tables.values()) > _MAX_CELLS:
            self._tables.clear()  # all of it is in the store
        table = self._tables.get((universe, split))
        if table is None:
            table = self._tables[universe, split] = Table(self._task.questions(split), universe, split)
        return table

    def _plan(self, graph: Graph) -> _Plan:
        # By structure: equal graphs made anew need no second canonical labelling.
        structure = (graph.nodes, graph.edges)
        plan = self._plans.get(structure)
        if plan is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            plan = self._plans[structure] = self._make_plan(graph)
        return plan

    def _make_plan(self, graph: Graph) -> _Plan:
        nodes = {node.id: node for node in graph.nodes}
        cards = {node.id: None if node.model is None else self.pool[node.model] for node in graph.nodes}
        if not self._task.card.votable and any(node.model is None for node in graph.nodes):
            raise InputError(f"task {self._task.card.name} has no answers that can be compared", field="vote")
        keys = node_keys(graph, self.key_context)
        position = {name: index for index, name in enumerate(graph.order)}
        sources = [tuple(graph.predecessors(name)) for name in graph.order]
        return _Plan(
            ids=tuple(graph.order),
            steps=tuple(
                Step(keys[name], nodes[name].role, nodes[name].model, tuple(sorted(keys[source] for source in before)))
                for name, before in zip(graph.order, sources, strict=True)
            ),
            cards=tuple(cards[name] for name in graph.order),
            predecessors=tuple(tuple(position[source] for source in before) for before in sources),
        )

    def _lacking(self, table: Table, plans: Sequence[_Plan], chosen: NDArray[np.intp]) -> Work | None:
        """Fills every node's columns from the store; what has to be generated, if anything."""
        seen = self._executor.recorded
        needed: dict[str, Step] = {}
        lacking = set()
        for plan in plans:
            for step, card in zip(plan.steps, plan.cards, strict=True):
                if step.key in needed:
                    continue
                needed[step.key] = step
                column = table.use(step.key, card)
                if not column.recorded[chosen].all():
                    table.load_use(step.key, self._store.usage(step.key, table.universe))
                    lacking.add(step.key)
        if not lacking and self._progress is None:
            return None
        positions = np.unique(chosen)
        missing = np.zeros((len(needed), positions.size), dtype=np.bool_)
        for row, key in enumerate(needed):
            if key in lacking:
                missing[row] = ~table.uses[key].recorded[positions]
        if self._progress is not None:
            self._progress.planned(missing.size, missing.size - int(missing.sum()))
        if not missing.any():
            return None
        if self._engines is None:
            _check_replay(table, tuple(needed.values()), missing)
        questions = [table.questions[position] for position in positions.tolist()]
        return Work(tuple(needed.values()), questions, table.universe, missing, seen)

    def _generate(self, table: Table, work: Work) -> None:
        tokens_in, tokens_out = background.run(self._executor.run(work))
        positions = np.asarray([table.index[question.id] for question in work.questions], dtype=np.intp)
        with self._lock:
            for row, step in enumerate(work.steps):
                new = work.missing[row]
                table.uses[step.key].fill(positions[new], tokens_in[row, new], tokens_out[row, new])

    def _ungraded(self, table: Table, plans: Sequence[_Plan], chosen: NDArray[np.intp]) -> dict[str, list[int]]:
        """Positions of questions without a grade, by sink."""
        wanted: dict[str, list[int]] = {}
        for plan in plans:
            key = plan.steps[-1].key
            graded = table.grade(key).graded
            if key not in wanted and not graded[chosen].all():
                wanted[key] = np.unique(chosen[~graded[chosen]]).tolist()
        return wanted

    def _grade(self, table: Table, wanted: Mapping[str, list[int]]) -> None:
        """Fills in these grades, graded in one go."""
        entries = [
            ((key, table.ids[position], table.universe), table.questions[position])
            for key, positions in wanted.items()
            for position in positions
        ]
        grades = iter(grades_of(self._task, self._store, entries))
        with self._lock:
            for key, positions in wanted.items():
                table.grades[key].fill(positions, [next(grades) for _ in positions])

    def _evaluation(self, graph: Graph, plan: _Plan, table: Table, chosen: NDArray[np.intp]) -> Evaluation:
        uses = []
        finished: list[NDArray[np.int64]] = []
        for name, step, sources in zip(plan.ids, plan.steps, plan.predecessors, strict=True):
            column = table.uses[step.key]
            values = column.values.take(chosen, axis=1)
            values.flags.writeable = False  # and so are the rows taken from it
            read, written, flops, dollars = (values[row] for row in (TOKENS_IN, TOKENS_OUT, FLOPS, PICODOLLARS))
            uses.append(NodeUse(name, step.key, step.model, read, written, flops, dollars, column.priced))
            latency = values[NANOSECONDS]
            if sources:
                latency = latency + functools.reduce(np.maximum, [finished[source] for source in sources])
            finished.append(latency)
        grades = table.grades[plan.steps[-1].key]
        scores = grades.scores.take(chosen)
        scores.flags.writeable = finished[-1].flags.writeable = False
        where = chosen.tolist()
        return Evaluation(
            graph=graph,
            universe=table.universe,
            question_ids=tuple([table.ids[position] for position in where]),
            scores=scores,
            statuses=tuple([grades.statuses[position] for position in where]),
            answers=tuple([grades.answers[position] for position in where]),
            nodes=tuple(uses),
            latency_ns=finished[-1],
        )


def _check_replay(table: Table, steps: Sequence[Step], missing: NDArray[np.bool_]) -> None:
    """Raises MissingGeneration if a model's generation is missing; votes can be computed."""
    lacking = [(step, int(row.sum())) for step, row in zip(steps, missing, strict=True) if step.model and row.any()]
    if not lacking:
        return
    named = [
        f"{count} of {counted(missing.shape[1], 'question')} for node {step.key} ({step.role}, {step.model})"
        for step, count in lacking[:MAX_NAMED]
    ]
    more = f" and {len(lacking) - MAX_NAMED} more nodes" if len(lacking) > MAX_NAMED else ""
    raise MissingGeneration(
        f"the store lacks {counted(sum(count for _, count in lacking), 'generation')} of split {table.split!r}, "
        f"universe {table.universe}: {'; '.join(named)}{more}; evaluate with an engine to generate them"
    )
