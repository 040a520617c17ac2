"""A toy problem: an analytic landscape over graphs, evaluated in microseconds, that behaves like a real one.

Billing, common random numbers and node keys are those of every other evaluator; only the numbers are made up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttgbench.evaluate.base import Evaluation, NodeUse
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.keys import KeyContext, node_keys
from ttgbench.models.budget import Budget
from ttgbench.models.cost import generation_flops, nanoseconds, picodollars
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.problems.ledger import Ledger
from ttgbench.problems.objective import Objective
from ttgbench.problems.problem import Problem, full_evaluation
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.views import Agent, QuestionView, TaskView
from ttgbench.tasks.task import CORRECT, WRONG, Lengths
from ttgbench.testing import toy_pool

LENGTHS = Lengths(question=60, answer=120)
MODELS = {"ant": ("insect", 1), "bee": ("insect", 4), "cat": ("mammal", 16)}
"""Family and billions of parameters."""


@dataclass(frozen=True)
class Toy:
    """One toy problem. The defaults are the plain case; every field is a way in which problems differ."""

    name: str = "toy"
    models: tuple[str, ...] = tuple(MODELS)
    roles: tuple[str, ...] = ("assistant", "fuser", "vote")
    budget: str = "24 units"
    max_nodes: int = 6
    questions: int = 16
    evaluations: float = 6.0
    """The search budget, in full evaluations."""
    latency: bool = False
    """Maximise accuracy against latency."""
    constant: float | None = None
    """If set, the score of every graph on every question."""

    def space(self) -> SearchSpace:
        """The search space."""
        pool = Pool(name="toys", models=tuple(_card(name) for name in self.models))
        return SearchSpace(pool, LENGTHS, Budget.parse(self.budget), self.roles, max_nodes=self.max_nodes)


def _card(name: str) -> ModelCard:
    family, billions = MODELS[name]
    speed = {"prefill_speed": 4000.0 / billions, "decode_speed": 100.0 / billions}
    return toy_pool(name)[name].model_copy(update={"family": family, "parameters": billions * 10**9, **speed})


@dataclass
class Sitting:
    """A toy problem made for one run, with what was logged."""

    toy: Toy
    seed: int = 0
    agent: Agent | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    problem: Problem = field(init=False)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        toy, space = self.toy, self.toy.space()
        questions = [QuestionView(f"toy@1/search/{i:04d}", f"What is {i} + {i}?") for i in range(toy.questions)]
        self.ledger = Ledger(int(toy.evaluations * full_evaluation(space, len(questions))))
        weighted = Objective(kind="accuracy-latency", weight=0.1, reference_seconds=10.0)
        self.problem = Problem(
            name=toy.name,
            task=TaskView("toy", "math", "Sums of two equal numbers.", 2 * LENGTHS.answer),
            space=space,
            objective=weighted if toy.latency else Objective(),
            questions=questions,
            universe=self.seed,
            evaluator=ToyEvaluator(space, questions, toy.constant),
            ledger=self.ledger,
            log=self._take,
            agent=self.agent,
        )

    def _take(self, event: Mapping[str, Any]) -> None:
        self.events.append(dict(event))


class ToyEvaluator:
    """An Evaluator. A node's skill lies between 0 and 1; a question is answered where skill and luck exceed its
    difficulty. Several inputs help a fuser or a vote, but long prompts and long chains hurt."""

    def __init__(self, space: SearchSpace, questions: Sequence[QuestionView], constant: float | None = None) -> None:
        self._space, self._ids, self._constant = space, tuple(question.id for question in questions), constant
        prompts = dict.fromkeys(space.roles, "toy/1")
        self._keys = KeyContext(prompts, {card.name: card.fingerprint for card in space.pool}, "toy")
        self._difficulty = np.random.default_rng(7).random(len(questions))

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`."""
        return [self._evaluate(graph, np.asarray(questions), universe, split) for graph in graphs]

    def close(self) -> None:
        """Nothing to free."""

    def _evaluate(self, graph: Graph, chosen: NDArray[np.int64], universe: int, split: str) -> Evaluation:
        keys = node_keys(graph, self._keys)
        skill: dict[str, float] = {}
        ready: dict[str, NDArray[np.int64]] = {}
        uses = []
        for node_id in graph.order:
            node, before = graph[node_id], graph.predecessors(node_id)
            skill[node_id] = self._skill(node.role, node.model, [skill[i] for i in before])
            tokens = self._tokens(keys[node_id], len(before), universe, split)[:, chosen] * (node.model is not None)
            flops, dollars, seconds = self._prices(node.model, tokens)
            uses.append(NodeUse(node_id, keys[node_id], node.model, tokens[0], tokens[1], flops, dollars))
            ready[node_id] = seconds + np.max([ready[i] for i in before] or [np.zeros_like(seconds)], axis=0)
        luck = self._noise(keys[graph.sink], universe, split).standard_normal(len(self._ids))[chosen]
        right = skill[graph.sink] + 0.1 * luck > self._difficulty[chosen]
        scores = right.astype(np.float64) if self._constant is None else np.full(len(chosen), self._constant)
        return Evaluation(
            graph=graph,
            universe=universe,
            question_ids=tuple(self._ids[i] for i in chosen),
            scores=scores,
            statuses=tuple(CORRECT if score > 0.5 else WRONG for score in scores),
            answers=tuple("1" if score > 0.5 else "0" for score in scores),
            nodes=tuple(uses),
            latency_ns=ready[graph.sink],
        )

    def _skill(self, role: str, model: str | None, inputs: list[float]) -> float:
        size = 0.0 if model is None else np.log10(self._space.pool[model].parameters) - 9.0
        own = 0.35 + 0.12 * size
        if not inputs:
            return own
        best, crowd = max(inputs), 1.0 - 0.8 ** (len(inputs) - 1)
        if role == "vote":
            return float(np.mean(inputs) + 0.15 * crowd)
        gain = (0.10 + 0.25 * crowd if role == "fuser" else 0.12) * (1.0 - best) - 0.015 * len(inputs)
        return best + gain - max(0.0, best - own) * 0.5

    def _prices(self, model: str | None, tokens: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """FLOPs, picodollars and nanoseconds of one node per question; nothing for a node without a model."""
        if model is None:
            return [np.zeros(tokens.shape[1], dtype=np.int64)] * 3
        card = self._space.pool[model]
        return [price(card, tokens[0], tokens[1]) for price in (generation_flops, picodollars, nanoseconds)]

    def _tokens(self, key: str, inputs: int, universe: int, split: str) -> NDArray[np.int64]:
        """Shape (2, questions): tokens in and out."""
        noise = self._noise(key + "/tokens", universe, split)
        answers = noise.integers(LENGTHS.answer // 2, LENGTHS.answer * 3 // 2, len(self._ids))
        return np.stack([np.full(len(self._ids), LENGTHS.question + inputs * LENGTHS.answer), answers])

    @staticmethod
    def _noise(*identity: object) -> np.random.Generator:
        digest = hashlib.sha256(repr(identity).encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))
