"""Records everything that a bounded search space can need, so that it is replayed for ever after without an engine.

    recipe = load_recipe("recorded-micro-v1")
    with Session(Path("store.sqlite"), "llama_cpp") as session:
        record(prepare(session, recipe))

All graphs of the space share their nodes: each node key is generated once per question and universe. The store is the
only state, so a recording that was killed is started again and goes on; `export.py` makes files of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ttgbench.errors import InputError
from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.rates import Rates, node_rates
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.keys import node_keys
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.suite import ProblemSpec, load_suite, suite_names
from ttgbench.run.session import Session, first_questions
from ttgbench.tasks.task import Question, Task
from ttgbench.util.yaml_input import read_yaml, validation_message

MAX_GRAPHS = 100_000
AT_ONCE = 2048
"""Graphs of one batch; bounds memory, not speed."""


@dataclass(frozen=True)
class Recipe:
    """What is to be recorded: the problems, and how many universes of each split."""

    name: str
    problems: tuple[ProblemSpec, ...]
    search_universes: int
    test_universes: int

    def __post_init__(self) -> None:
        if not self.problems:
            raise InputError("none of its problems has such a task", source=self.name, field="task")


@dataclass(frozen=True)
class Portion:
    """One split of one problem in one universe."""

    split: str
    universe: int
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class KeyUse:
    """One node key of a space."""

    model: str | None
    graded: bool
    """Whether grades of its outputs are ever needed: as a sink, or for a vote."""


@dataclass(frozen=True)
class Subject:
    """A problem with every graph of its space, and what answers it."""

    spec: ProblemSpec
    task: Task
    space: SearchSpace
    evaluator: GenerationEvaluator
    portions: tuple[Portion, ...]

    @cached_property
    def graphs(self) -> tuple[Graph, ...]:
        """Every graph of the space, smallest first. Raises InputError if there are more than MAX_GRAPHS."""
        return tuple(self.space.enumerate(MAX_GRAPHS))

    @cached_property
    def keys(self) -> Mapping[str, KeyUse]:
        """Every node key of these graphs."""
        uses: dict[str, KeyUse] = {}
        for graph in self.graphs:
            keys = node_keys(graph, self.evaluator.key_context)
            voted = {source for node in graph.nodes if node.model is None for source in graph.predecessors(node.id)}
            for node in graph.nodes:
                key = keys[node.id]
                graded = node.id in voted or node.id == graph.sink or (key in uses and uses[key].graded)
                uses[key] = KeyUse(node.model, graded)
        return uses

    @property
    def levels(self) -> Iterator[list[Graph]]:
        """The graphs by depth, AT_ONCE at a time: what one batch draws, the next finds recorded."""
        ordered = sorted(self.graphs, key=lambda graph: graph.depth)
        depths = sorted({graph.depth for graph in ordered})
        for depth in depths:
            level = [graph for graph in ordered if graph.depth == depth]
            for start in range(0, len(level), AT_ONCE):
                yield level[start : start + AT_ONCE]


def rates(subject: Subject, store: Store) -> list[Rates]:
    """How the outputs of a recorded subject relate to their prompts, on its first portion."""
    portion, asked = subject.portions[0], range(len(subject.portions[0].questions))
    evaluations = (
        evaluation
        for graphs in subject.levels
        for evaluation in subject.evaluator.evaluate(graphs, asked, portion.universe, portion.split)
    )
    return node_rates(evaluations, store, subject.task.card, subject.spec.prompts)


@dataclass(frozen=True, slots=True)
class Census:
    """How much a recording is; votes are counted apart, as they cost nothing."""

    problem: str
    graphs: int
    node_keys: int
    model_keys: int
    """Node keys that run a model."""
    generations: int
    """Of models."""
    votes: int
    recorded_generations: int
    """Already in the store."""
    recorded_votes: int

    @property
    def missing(self) -> int:
        """Generations still to be made."""
        return self.generations - self.recorded_generations


def load_recipe(
    source: str, tasks: Sequence[str] = (), *, pool: str | None = None, questions: int = 0, universes: int = 0
) -> Recipe:
    """A recipe from a suite (its name or file) or from the file of a space.

    A space's file has the fields of a suite's problem, name and task apart, and wants `tasks`; of a suite, `tasks`
    choose the problems. questions, universes: at most so many of each split, if not 0. Raises InputError, UnknownName.
    """
    if source in suite_names() or not source.endswith((".yaml", ".yml")) or "problems" in read_yaml(Path(source)):
        suite = load_suite(source)
        if suite.bank is not None:
            raise InputError("is answered by a bank, which `ttgbench bank` records", source=source, field="recorded")
        chosen = [spec for spec in suite.problems if not tasks or spec.task in tasks]
        name, drawn = suite.label, (suite.search_universes or suite.seeds, suite.test_universes)
    else:
        chosen = [_spec(Path(source), task) for task in tasks]
        name, drawn = Path(source).stem, (max(1, universes), max(1, universes))
    problems = []
    for spec in chosen:
        change: dict[str, Any] = {} if pool is None else {"pool": pool}
        change |= {field: _at_most(getattr(spec, field), questions) for field in ("search_questions", "test_questions")}
        problems.append(spec.model_copy(update=change))
    return Recipe(name, tuple(problems), _at_most(drawn[0], universes), _at_most(drawn[1], universes))


def _at_most(count: int, limit: int) -> int:
    """The smaller one, where 0 means no limit."""
    return min(count, limit) if count and limit else count or limit


def _spec(path: Path, task: str) -> ProblemSpec:
    try:
        return ProblemSpec.model_validate({**read_yaml(path), "name": Path(task).name, "task": task})
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def prepare(session: Session, recipe: Recipe) -> list[Subject]:
    """Loads tasks and enumerates spaces; starts no engine. Raises InputError."""
    subjects = []
    for spec in recipe.problems:
        if spec.evaluator != "generation":
            raise InputError("draws nothing that could be recorded", source=spec.name, field="evaluator")
        task = session.task(spec.task)
        space = spec.load_space(task.card.lengths)
        evaluator = session.evaluator(task, space.pool, spec.sampling, spec.prompts)
        assert isinstance(evaluator, GenerationEvaluator)
        search = tuple(first_questions(task, "search", spec.search_questions))
        test = tuple(first_questions(task, "test", spec.test_questions))
        portions = [Portion("search", universe, search) for universe in range(recipe.search_universes)]
        portions += [Portion("test", TEST_UNIVERSE + number, test) for number in range(recipe.test_universes)]
        subjects.append(Subject(spec, task, space, evaluator, tuple(portions)))
    return subjects


def census(subject: Subject, store: Store) -> Census:
    """Counts what one subject takes, and how much of it the store holds."""
    models, votes = (
        [key for key, use in subject.keys.items() if (use.model is None) is vote] for vote in (False, True)
    )
    per_key = sum(len(portion.questions) for portion in subject.portions)

    def recorded(keys: list[str]) -> int:
        return sum(
            len({question.id for question in portion.questions} & store.usage(key, portion.universe).keys())
            for portion in subject.portions
            for key in keys
        )

    return Census(
        problem=subject.spec.name,
        graphs=len(subject.graphs),
        node_keys=len(subject.keys),
        model_keys=len(models),
        generations=len(models) * per_key,
        votes=len(votes) * per_key,
        recorded_generations=recorded(models),
        recorded_votes=recorded(votes),
    )


def record(subjects: Sequence[Subject], report: Callable[[Subject, Portion], object] = lambda *_: None) -> None:
    """Generates, votes and grades what is missing: the largest portions first, each level by level.

    report: told of every portion before it begins. What was recorded before an error stays: start again to go on.
    Raises EngineError, InputError, StoreError.
    """
    work = [(subject, portion) for subject in subjects for portion in subject.portions]
    work.sort(key=lambda entry: -len(entry[0].keys) * len(entry[1].questions))  # stable
    for subject, portion in work:
        report(subject, portion)
        for graphs in subject.levels:
            subject.evaluator.evaluate(graphs, range(len(portion.questions)), portion.universe, portion.split)
