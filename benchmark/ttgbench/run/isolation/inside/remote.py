"""The problem as an isolated method meets it: the same class, with everything that costs asked of the harness."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from ttgbench.errors import InputError
from ttgbench.evaluate.base import Evaluation
from ttgbench.graphs.graph import Graph
from ttgbench.problems.ledger import Balance, Ledger
from ttgbench.problems.problem import Problem
from ttgbench.problems.views import Reply
from ttgbench.run import serialize
from ttgbench.util.arguments import whole


class Line:
    """JSON lines over two descriptors."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._reader = os.fdopen(incoming, "rb")
        self._outgoing = outgoing

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises TypeError or ValueError for what is no JSON; nothing is sent then."""
        view = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        while view:
            view = view[os.write(self._outgoing, view) :]

    def receive(self) -> Any:
        """The harness's next message."""
        line = self._reader.readline()
        if not line:
            os._exit(1)  # the harness has gone
        return json.loads(line)


class RemoteLedger(Ledger):
    """The harness's ledger as it was when the harness last spoke."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        super().__init__(None)
        self.update(state)

    def update(self, state: Mapping[str, Any]) -> None:
        """Takes over what the harness said."""
        self._balance, self._by_category = serialize.balance_from_wire(state)

    def reserve(self, amount: int, category: str) -> Any:
        raise InputError("only the harness spends", field="ledger")

    @property
    def balance(self) -> Balance:
        """All amounts at one moment."""
        return self._balance


class RemoteProblem(Problem):
    """Space, questions and objective are here; evaluating, asking, recommending and the ledger are the harness's."""

    def __init__(self, line: Line, data: Mapping[str, Any]) -> None:
        self._line = line
        self._latest: list[Graph] = []
        agent: Any = object() if data["has_agent"] else None
        nothing: Any = None
        super().__init__(
            **serialize.problem_parts(data),
            universe=0,
            evaluator=nothing,
            ledger=RemoteLedger(data["ledger"]),
            log=lambda event: None,
            agent=agent,
        )

    @property
    def incumbent(self) -> Graph | None:
        """The graph recommended last."""
        return self._latest[-1] if self._latest else None

    def evaluate_many(
        self, graphs: Iterable[Graph], questions: Sequence[int] | None = None, repeat: int = 0
    ) -> list[Evaluation]:
        """As Problem."""
        indices, repeat = self._checked_indices(questions), self._checked_repeat(repeat)
        if isinstance(graphs, str | bytes | Mapping) or not isinstance(graphs, Iterable):
            raise InputError(f"must be a list of graphs, not {type(graphs).__name__}", field="graphs")
        chosen = list(graphs)
        sent = [_sent(graph) for graph in chosen]
        results = self._call("evaluate_many", graphs=sent, questions=list(indices), repeat=repeat)
        ids = [self._questions[index].id for index in indices]
        return [serialize.evaluation_from_wire(data, graph, ids) for data, graph in zip(results, chosen, strict=True)]

    def can_afford(self, graph: Graph, questions: int | None = None) -> bool:
        """As Problem."""
        count = None if questions is None else whole(questions, "questions", 1, len(self._questions))
        return bool(self._call("can_afford", graph=_sent(graph), questions=count))

    def ask(self, messages: Any, schema: Any = None) -> Reply:
        """As Problem."""
        if self._agent is None:
            raise InputError("this run has no search agent; start it with one", field="ask")
        turns = [dict(turn) if isinstance(turn, Mapping) else turn for turn in messages]
        try:
            json.dumps([turns, schema], allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(f"must be JSON: {error}", field="messages") from None
        return Reply(*self._call("ask", messages=turns, schema=schema))

    def recommend(self, graph: Graph) -> None:
        """As Problem."""
        self._call("recommend", graph=_sent(graph))
        self._latest[:] = [graph]

    def decided(self, by: Literal["agent", "fallback"]) -> None:
        """As Problem."""
        self._call("decided", by=by)

    def _call(self, name: str, **arguments: Any) -> Any:
        with self._lock:  # each thread gets the answer to what it asked
            self._line.send({"call": name, **arguments})
            answer = self._line.receive()
            self._ledger.update(answer["ledger"])  # type: ignore[attr-defined]
        if "refused" in answer:
            raise serialize.refusal_from_wire(answer["refused"])
        return answer["result"]


def _sent(graph: Any) -> dict[str, Any]:
    """A graph as JSON. Raises InputError for what is none, as the harness would."""
    if type(graph) is not Graph:
        raise InputError(f"must be a ttgbench.Graph, not {type(graph).__name__}", field="graph")
    return graph.to_dict()
