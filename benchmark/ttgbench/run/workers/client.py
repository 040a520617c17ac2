"""An evaluator and a search agent that are another process's: the client of `workers/server.py`."""

from __future__ import annotations

import http.client
import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttgbench.engines import Sampling
from ttgbench.errors import EngineError, InputError, named
from ttgbench.evaluate.base import Evaluation
from ttgbench.graphs.graph import Graph
from ttgbench.models.pool import ModelCard
from ttgbench.problems.arguments import Messages, Schema
from ttgbench.problems.views import Reply
from ttgbench.run import agent, serialize
from ttgbench.tasks.task import Task

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Harness:
    """The process that holds store and engines."""

    address: str

    def __call__(self, name: str, **arguments: Any) -> Any:
        """Calls one of the service's methods; waits as long as it takes.

        Raises what was raised there if it is a TTGBenchError, else EngineError.
        """
        request = urllib.request.Request(f"{self.address}/{name}", json.dumps(arguments).encode(), method="POST")
        try:
            with _DIRECT.open(request) as response:
                said = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EngineError(f"the process that holds the engines does not answer: {error}") from None
        if "error" in said:
            raise named(*said["error"])
        return said["result"]


@dataclass(frozen=True, slots=True)
class RemoteEvaluator:
    """An Evaluator of one problem. task: the same as there; its questions are compared."""

    harness: Harness
    problem: str
    task: Task

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`."""
        chosen = [int(index) for index in questions]
        sent = [graph.to_dict() for graph in graphs]
        said = self.harness(
            "evaluate", problem=self.problem, graphs=sent, questions=chosen, universe=universe, split=split
        )
        here = self.task.questions(split)
        ids = [here[index].id for index in chosen]
        if ids != said["question_ids"]:
            raise InputError(
                "the questions on this machine are not those where the engines are; give both the same data",
                source=self.task.card.name,
                field=split,
            )
        return [
            serialize.evaluation_from_wire(data, graph, ids)
            for data, graph in zip(said["evaluations"], graphs, strict=True)
        ]

    def close(self) -> None:
        """Nothing is held here."""


@dataclass(frozen=True, slots=True)
class RemoteAgent:
    """An Agent."""

    harness: Harness
    card: ModelCard
    sampling: Sampling = agent.SAMPLING

    def worst_case(self, messages: Messages) -> tuple[int, int]:
        """See `Agent.worst_case`."""
        return agent.worst_case(self.card, messages, self.sampling)

    def ask(self, messages: Messages, schema: Schema | None, universe: int, repeat: int) -> Reply:
        """See `Agent.ask`."""
        turns = [dict(turn) for turn in messages]
        return Reply(*self.harness("ask", messages=turns, schema=schema, universe=universe, repeat=repeat))

    def close(self) -> None:
        """Nothing is held here."""
