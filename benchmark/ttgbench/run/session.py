"""Puts a problem together from its parts: task, pool, store, engines. Made once per command, closed at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from ttgbench.engines import Engine, background, launch
from ttgbench.errors import InputError
from ttgbench.evaluate.base import Evaluator
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Store
from ttgbench.evaluate.synthetic.evaluator import EXACT_QUESTIONS, ExactEvaluator, SyntheticEvaluator
from ttgbench.evaluate.synthetic.family import Instance
from ttgbench.evaluate.synthetic.task import SYNTHETIC_TASKS, SyntheticTask
from ttgbench.graphs.roles import LATEST, PromptSet
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.problems.family.family import space_of
from ttgbench.problems.sampling import SamplingSpec
from ttgbench.problems.suite import ProblemSpec, Suite
from ttgbench.run.agent import EngineAgent, agent_card, agent_sampling, load_agent, own_engine
from ttgbench.run.bank import SuiteBank
from ttgbench.run.context import ProblemContext
from ttgbench.run.recorded import as_recorded, under
from ttgbench.run.workers.client import Harness, RemoteAgent, RemoteEvaluator
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.task import Question, Task
from ttgbench.util.text import counted


class Session:
    """Tasks, engines and evaluators, each made when first needed and shared by every problem that uses it.

    engine: spec as `launch` takes it, or None for a pure replay of the store. agent: "MODEL" or "MODEL=ENGINE".
    agent_engine: of an agent that names none; default: `engine`. Without either, the agent is replayed too.
    harness: evaluates and asks instead of this process, which then needs neither store nor engines.
    """

    def __init__(
        self,
        store: Path | None,
        engine: str | None,
        *,
        slots: int | None = None,
        data_dir: Path | None = None,
        progress: Any = None,
        agent: str | None = None,
        agent_engine: str | None = None,
        harness: Harness | None = None,
    ) -> None:
        agent_engine = agent_engine or engine
        self._path, self._read_only = store, engine is None and (agent is None or agent_engine is None)
        self._store: Store | None = None
        self._engine, self._slots, self._data_dir, self._progress = engine, slots, data_dir, progress
        self._tasks: dict[str, Task] = {}
        self._engines: dict[str, Engine] = {}
        """By the card's fingerprint."""
        self._expected: dict[str, ModelCard] = {}
        self._evaluators: dict[tuple[Any, ...], Evaluator] = {}
        self._banks: dict[str, SuiteBank] = {}
        self._harness, self._agent_engine = harness, agent_engine
        self._agent_spec, self._agent_card = agent, None if agent is None else agent_card(agent)
        # Then its model is launched with the pool's: servers share what GPUs there are.
        self._agent_shares = (
            agent is not None and engine is not None and engine == agent_engine and own_engine(agent) is None
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops evaluators, then the engines that they share, then closes the store."""
        for evaluator in self._evaluators.values():
            evaluator.close()
        for bank in self._banks.values():
            bank.close()
        for engine in self._engines.values():
            background.run(engine.close())
        if (agent := self.__dict__.get("agent")) is not None:
            agent.close()
        if self._store is not None:
            self._store.close()

    @property
    def store(self) -> Store:
        """Opened when first needed: simulated problems need none. Read-only without an engine that may answer."""
        if self._store is None:
            self._store = Store(self._path, read_only=self._read_only)
        return self._store

    @cached_property
    def agent(self) -> EngineAgent | RemoteAgent | None:
        """The search agent, if there is one."""
        card, spec = self._agent_card, self._agent_spec
        if card is None or spec is None:
            return None
        if self._harness is not None:
            return RemoteAgent(self._harness, card, agent_sampling(spec))
        if self._agent_shares:
            return EngineAgent(card, self.store, self._engines_for([card])[card.name], agent_sampling(spec))
        return load_agent(spec, self.store, engine=self._agent_engine)

    def expect(self, suite: Suite) -> None:
        """Lets the engines for any of the suite's problems be planned with those for all others in mind."""
        for spec in suite.problems:
            if spec.evaluator == "generation":
                for card in spec.load_pool():
                    self._expected.setdefault(card.name, card)

    def task(self, name: str) -> Task:
        """The task with this name or path, loaded once."""
        if name not in self._tasks:
            simulated = name in SYNTHETIC_TASKS
            self._tasks[name] = SyntheticTask(name) if simulated else load_task(name, data_dir=self._data_dir)
        return self._tasks[name]

    def evaluator(self, task: Task, pool: Pool, sampling: SamplingSpec, prompts: PromptSet = LATEST) -> Evaluator:
        """The evaluator for these, made once. Answer length and stop strings are the task's."""
        key = (task.card.name, task.card.grader, pool.name, pool.names, sampling, prompts)
        if key not in self._evaluators:
            engines = None if self._engine is None else self._engines_for(pool)
            self._evaluators[key] = GenerationEvaluator(
                task,
                pool,
                sampling.on(task.card),
                self.store,
                engines=engines,
                progress=self._progress,
                prompts=prompts,
            )
        return self._evaluators[key]

    def synthetic_evaluator(self, task: Task, pool: Pool) -> Evaluator:
        """The response model for these two, made once."""
        key = (task.card.name, pool.name, pool.names)
        if key not in self._evaluators:
            self._evaluators[key] = SyntheticEvaluator(task, pool)
        return self._evaluators[key]

    def context(self, suite: Suite, spec: ProblemSpec, seed: int = 0) -> ProblemContext:
        """Everything that a run on this problem needs. seed: decides only where `Suite.variant` depends on it."""
        instance = suite.instance(spec.name, seed)
        if instance is not None:
            return self._drawn(suite, suite.spec_for(spec.name, seed), instance)
        if (bank := self.bank(suite)) is not None:  # looked up in every process, so no harness has to answer
            return bank.context(suite, spec, seed, self.agent)
        self.expect(suite)
        task = self.task(spec.task)
        if suite.recorded is not None:
            if self._harness is None:
                task = as_recorded(task, self.store)
            else:  # the recording is there
                task = under(task, self._harness("grader", problem=spec.name))
        space = spec.load_space(task.card.lengths)
        if spec.evaluator == "synthetic":
            evaluator = self.synthetic_evaluator(task, space.pool)
        elif self._harness is not None:
            evaluator = RemoteEvaluator(self._harness, spec.name, task)
        else:
            evaluator = self.evaluator(task, space.pool, spec.sampling, spec.prompts)
        return ProblemContext(
            suite=suite,
            spec=spec,
            card=task.card,
            space=space,
            search_questions=first_questions(task, "search", spec.search_questions),
            test_questions=first_questions(task, "test", spec.test_questions),
            evaluator=evaluator,
            agent=self.agent,
        )

    def bank(self, suite: Suite) -> SuiteBank | None:
        """The bank that answers a suite, opened once; None if none does. Raises InputError, StoreError."""
        if suite.bank is None:
            return None
        digest = suite.bank.digest
        if digest not in self._banks:
            self._banks[digest] = SuiteBank(suite.bank, self.task, self._data_dir)
        return self._banks[digest]

    def _drawn(self, suite: Suite, spec: ProblemSpec, instance: Instance) -> ProblemContext:
        """The context of an instance: nothing of it is kept, as there are hundreds."""
        assert suite.family is not None
        task, exact = instance.task, suite.family.exact
        kind = ExactEvaluator if exact else SyntheticEvaluator
        searched = first_questions(task, "test", EXACT_QUESTIONS) if exact else list(task.questions("search"))
        return ProblemContext(
            suite=suite,
            spec=spec,
            card=task.card,
            space=space_of(instance),
            search_questions=searched,
            test_questions=searched if exact else list(task.questions("test")),
            evaluator=kind(task, instance.pool, instance.coefficients),
            agent=self.agent,
        )

    def _engines_for(self, cards: Iterable[ModelCard]) -> Mapping[str, Engine]:
        """By model name. Launched together with all that is expected."""
        wanted = {card.name: card for card in cards}
        if any(card.fingerprint not in self._engines for card in wanted.values()):
            assert self._engine is not None
            agent = [self._agent_card] if self._agent_card is not None and self._agent_shares else []
            together = self._expected | {card.name: card for card in agent} | wanted
            new = [card for card in together.values() if card.fingerprint not in self._engines]
            launched = launch(self._engine, new, slots=self._slots)
            self._engines |= {card.fingerprint: launched[card.name] for card in new}
        return {name: self._engines[card.fingerprint] for name, card in wanted.items()}


def first_questions(task: Task, split: str, count: int) -> list[Question]:
    """The first `count` questions of a split; 0 means all. Raises InputError if there are fewer."""
    questions = list(task.questions(split))
    if count > len(questions):
        raise InputError(
            f"the problem wants {counted(count, 'question')}, split {split!r} has {len(questions)}",
            source=task.card.name,
        )
    return questions[: count or len(questions)]
