"""A suite's bank, opened: the contexts of its problems, seed by seed, and the table of all their graphs.

bank = SuiteBank(suite.bank, session.task)
context = bank.context(suite, suite.problems[0], seed=0)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import InputError
from ttgbench.evaluate.bank import BankEvaluator
from ttgbench.evaluate.base import TEST_UNIVERSE, Evaluation
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Overlay, Store
from ttgbench.graphs.graph import Graph
from ttgbench.problems.anchors import Anchor
from ttgbench.problems.bank.split import split_questions
from ttgbench.problems.recorded import BankSpec
from ttgbench.problems.space.bank import BankSpace
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.suite import ProblemSpec, Suite
from ttgbench.problems.views import Agent
from ttgbench.run.context import ProblemContext
from ttgbench.run.recorded import as_recorded, recorded_store
from ttgbench.tasks.task import Question, Task

TEST_DRAWS = 50
"""Choices of alike samples over which a vote's score is averaged on test; see `BankEvaluator`."""


@dataclass(frozen=True, slots=True)
class SeedEvaluator:
    """An Evaluator of what one seed searches and is tested on: questions and universes are numbered as the run has
    them, and looked up where the bank has them."""

    evaluators: Mapping[str, BankEvaluator]
    """By the run's split, as `questions`."""
    questions: Mapping[str, Sequence[int]]
    """Indices in the bank's split."""
    universes: Mapping[int, int]
    """The bank's, by the run's."""
    split: str
    """The task's, of which the bank is."""

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`."""
        asked = [self.questions[split][index] for index in questions]
        found = self.evaluators[split].evaluate(graphs, asked, self.universes[universe], self.split)
        return [replace(evaluation, universe=universe) for evaluation in found]

    def close(self) -> None:
        """Nothing is held here."""


@dataclass(frozen=True, slots=True)
class Table:
    """Every graph of a problem on all questions that its bank holds, in all universes."""

    graphs: Sequence[Graph]
    values: NDArray[np.float64]
    """Shape (graphs,): means of the problem's objective over universes."""

    @property
    def _single(self) -> int:
        alone = [number for number, graph in enumerate(self.graphs) if len(graph.nodes) == 1]
        return max(alone, key=lambda number: self.values[number])

    @property
    def single(self) -> float:
        """Value of the best single model."""
        return float(self.values[self._single])

    @property
    def random(self) -> float:
        """Expected value of a graph as `BankSpace.sample` draws it: its number of nodes first, all numbers alike."""
        sizes = np.array([len(graph.nodes) for graph in self.graphs])
        return float(np.mean([self.values[sizes == size].mean() for size in np.unique(sizes)]))

    def anchor(self) -> Anchor:
        """0 at the best single model, 1 at the best graph. Raises ValidationError where no graph is better."""
        zero, one = self._single, int(np.argmax(self.values))
        return Anchor(
            zero=_ten_digits(self.values[zero]),
            one=_ten_digits(self.values[one]),
            kind="optimum",
            zero_graph=self.graphs[zero].canonical().to_dict(),
            one_graph=self.graphs[one].canonical().to_dict(),
        )


class SuiteBank:
    """A bank's recording, read from the user's cache, and evaluators over it. Starts no engine.

    Raises InputError and StoreError for segments that are missing, broken or another plan's.
    """

    def __init__(self, bank: BankSpec, load: Callable[[str], Task], data_dir: Path | None = None) -> None:
        self._bank, self._load = bank, load
        self._store = Store(recorded_store(bank, data_dir), read_only=True)
        self._evaluators: dict[str, dict[str, BankEvaluator]] = {}
        """By task and, in the run's words, split."""
        self._spaces: dict[str, SearchSpace] = {}
        """By problem: its table of graphs is made once."""
        self._tables: dict[str, Table] = {}
        """By all that a table depends on."""

    def close(self) -> None:
        """Closes evaluators, then the store."""
        for evaluators in self._evaluators.values():
            for evaluator in evaluators.values():
                evaluator.close()
        self._store.close()

    def task(self, spec: ProblemSpec) -> Task:
        """A problem's task, under the grader of the recording."""
        return as_recorded(self._load(spec.task), self._store)

    def asked(self, spec: ProblemSpec) -> list[Question]:
        """The questions of a problem that are recorded in all universes. Raises InputError as the task."""
        questions = self._load(spec.task).questions(self._bank.entry(spec.task).split)
        return [questions[index] for index in self._bank.questions(spec.task)]

    def split(self, suite: Suite, spec: ProblemSpec, seed: int) -> tuple[list[Question], list[Question]]:
        """What a seed searches on, and what it is tested on; the same for all problems of a task. Raises InputError."""
        salt = f"{suite.label} {Path(spec.task).name} {seed}"
        return split_questions(self.asked(spec), salt, spec.search_questions, spec.test_questions)

    def context(self, suite: Suite, spec: ProblemSpec, seed: int, agent: Agent | None = None) -> ProblemContext:
        """Everything that a run with this seed needs. Raises InputError."""
        search, test = self.split(suite, spec, seed)
        space, universes = self.space(suite, spec), self._bank.universes(spec.task)
        searched = universes[suite.search_universe(seed)]
        others = [universe for universe in universes if universe != searched] or [searched]
        tested = {TEST_UNIVERSE + number: others[number] for number in range(suite.test_universes)}
        card = self.task(spec).card
        return ProblemContext(
            suite=suite,
            spec=spec,
            card=card,
            space=_opened(space) if spec.projected else space,
            search_questions=search,
            test_questions=test,
            evaluator=SeedEvaluator(
                self._of(spec),
                {"search": [question.index for question in search], "test": [question.index for question in test]},
                {suite.search_universe(seed): searched, **tested},
                self._bank.entry(spec.task).split,
            ),
            agent=agent,
            project=space.project if spec.projected else None,
        )

    def space(self, suite: Suite, spec: ProblemSpec) -> BankSpace:
        """The graphs of a problem."""
        key = f"{suite.label} {spec.name}"
        if key not in self._spaces:
            self._spaces[key] = suite.load_space(spec, self.task(spec).card.lengths)
        space = self._spaces[key]
        assert isinstance(space, BankSpace)
        return space

    def table(self, suite: Suite, spec: ProblemSpec) -> Table:
        """Every graph's value, as a test counts it: over all that is recorded."""
        key = f"{spec.task} {spec.budget} {spec.objective}"
        if key not in self._tables:
            self._tables[key] = self._table(suite, spec)
        return self._tables[key]

    def check_anchor(self, suite: Suite, spec: ProblemSpec) -> None:
        """Raises InputError where the frozen anchor of a problem, if there is one, is not what its table says."""
        if suite.anchors is None:
            return
        frozen, found = suite.anchors[spec.name], self.table(suite, spec).anchor()
        if not np.allclose([frozen.zero, frozen.one], [found.zero, found.one], rtol=0, atol=1e-9):
            said = f"{frozen.zero:.6f} and {frozen.one:.6f}, its bank {found.zero:.6f} and {found.one:.6f}"
            raise InputError(f"its anchors say {said}", source=f"{suite.label} {spec.name}", field="anchors")

    def _table(self, suite: Suite, spec: ProblemSpec) -> Table:
        space, evaluator = self.space(suite, spec), self._of(spec)["test"]
        graphs, split = list(space.enumerate(len(space))), self._bank.entry(spec.task).split
        values = [
            [spec.objective.value(found) for found in evaluator.evaluate(graphs, asked, universe, split)]
            for asked in [self._bank.questions(spec.task)]
            for universe in self._bank.universes(spec.task)
        ]
        return Table(graphs, np.mean(values, axis=0))

    def _of(self, spec: ProblemSpec) -> dict[str, BankEvaluator]:
        """By the run's split. Searches see first samples, tests the mean over alike ones."""
        if spec.task not in self._evaluators:
            task, store = self.task(spec), Overlay(self._store)
            recorded = GenerationEvaluator(
                task, spec.load_pool(), spec.sampling.on(task.card), self._store, prompts=spec.prompts
            )
            nodes = self._bank.plan.nodes
            made = {
                split: BankEvaluator(recorded, task, store, nodes, draws)
                for split, draws in (("search", 1), ("test", TEST_DRAWS))
            }
            self._evaluators[spec.task] = made
        return self._evaluators[spec.task]


def _opened(space: BankSpace) -> SearchSpace:
    """The open space of the same models, budget and limits."""
    return SearchSpace(**{field.name: getattr(space, field.name) for field in fields(SearchSpace)})


def _ten_digits(value: float) -> float:
    return float(f"{value:.10g}")
