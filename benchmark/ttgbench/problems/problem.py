"""The problem as a search method meets it: everything it may see, and every way it may spend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.evaluate.base import Evaluation, Evaluator, NodeUse
from ttgbench.graphs.graph import Graph
from ttgbench.models.cost import generation_flops, nanoseconds, picodollars
from ttgbench.models.pool import ModelCard
from ttgbench.problems.arguments import Messages, Schema, checked_messages, listed, whole
from ttgbench.problems.ledger import Ledger, LedgerView
from ttgbench.problems.objective import Objective
from ttgbench.problems.space.space import SearchSpace

SPLIT = "search"
Log = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """What a search method sees of a question: never its reference answer."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The search agent's answer to one `ask`."""

    text: str
    tokens_in: int
    """Failed attempts included, as in `tokens_out`: all of it is billed."""
    tokens_out: int


class Agent(Protocol):
    """The language model behind `problem.ask`. It counts tokens; what they cost is the problem's business."""

    @property
    def card(self) -> ModelCard:
        """Prices and size by which its tokens are billed."""
        ...

    def worst_case(self, messages: Messages) -> tuple[int, int]:
        """The most tokens in and out that one call can take."""
        ...

    def ask(self, messages: Messages, schema: Schema | None, universe: int, repeat: int) -> Reply:
        """The reply. universe: the run's; repeat: how often the run asked exactly this before.

        Deterministic in its arguments once recorded. Raises EngineError, MissingGeneration.
        """
        ...


@dataclass(frozen=True, slots=True)
class TaskView:
    """What a search method may know of the task."""

    name: str
    domain: str
    description: str
    max_tokens: int
    max_question_bytes: int


class Problem:
    """Handed to `search(problem, rng)`. Nothing of it can be set.

    Spending is counted here and nowhere else: a node's generation on a question is billed when this run first
    needs it, at its measured cost, whatever a store already holds; later uses in the same run are free.
    """

    def __init__(
        self,
        *,
        name: str,
        task: TaskView,
        space: SearchSpace,
        objective: Objective,
        questions: Sequence[QuestionView],
        universe: int,
        evaluator: Evaluator,
        ledger: Ledger,
        log: Log,
        agent: Agent | None = None,
    ) -> None:
        self._name, self._task, self._space, self._objective = name, task, space, objective
        self._questions, self._universe, self._evaluator = tuple(questions), universe, evaluator
        self._ledger, self._log, self._agent = ledger, log, agent
        self._billed: dict[str, NDArray[np.bool_]] = {}
        self._logged_graphs: set[str] = set()
        self._worst_bills: dict[tuple[str, int], int] = {}
        self._recommended: list[Graph] = []
        self._asked: Counter[str] = Counter()
        self._sealed = True

    def __setattr__(self, name: str, value: object) -> None:
        if "_sealed" in self.__dict__:
            raise AttributeError(f"a Problem cannot be changed; {name!r} was to be set")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Problem cannot be changed; {name!r} was to be deleted")

    def __repr__(self) -> str:
        facts = f"{self._task.name}, {self._space.budget} per query, {len(self._questions)} questions"
        return f"<Problem {self._name}: {facts}>"

    @property
    def name(self) -> str:
        """Name of the problem in its suite."""
        return self._name

    @property
    def task(self) -> TaskView:
        """Name, domain and description of the task."""
        return self._task

    @property
    def space(self) -> SearchSpace:
        """Every graph that may be evaluated or returned, with its pool, lengths and per-query budget."""
        return self._space

    @property
    def objective(self) -> Objective:
        """What is maximised; `problem.objective.value(evaluation)`."""
        return self._objective

    @property
    def questions(self) -> tuple[QuestionView, ...]:
        """The search questions. Test questions are never here."""
        return self._questions

    @property
    def ledger(self) -> LedgerView:
        """What was spent, what remains, and the limit, in the ledger's metric."""
        return self._ledger.view

    @property
    def full_evaluation(self) -> int:
        """The search questions at the per-query budget: the most an evaluation within budget nominally costs."""
        return full_evaluation(self._space, len(self._questions))

    @property
    def has_agent(self) -> bool:
        """Whether `ask` has a language model behind it here."""
        return self._agent is not None

    @property
    def incumbent(self) -> Graph | None:
        """The graph recommended last."""
        return self._recommended[-1] if self._recommended else None

    def evaluate(self, graph: Graph, questions: Sequence[int] | None = None) -> Evaluation:
        """Scores a graph on search questions (indices; default: all), in this run's universe.

        Raises InputError if the graph is not in the space or an index is wrong, BudgetExhausted if the worst case
        does not fit what remains. Nothing is spent then.
        """
        return self.evaluate_many([graph], questions)[0]

    def evaluate_many(self, graphs: Sequence[Graph], questions: Sequence[int] | None = None) -> list[Evaluation]:
        """As `evaluate`, all graphs as one batch, which keeps the engines full. All are refused or none."""
        indices = self._checked_indices(questions)
        graphs = listed(graphs, "graphs", "graphs")
        for graph in graphs:
            self._check_graph(graph)
        if not graphs:
            return []
        worst = sum(self._worst_case(graph, len(indices)) for graph in graphs)
        try:
            reservation = self._ledger.reserve(worst, "evaluation")
        except BudgetExhausted as error:
            self._log({"event": "refused", "graphs": [graph.key for graph in graphs], "reason": str(error)})
            raise
        try:
            evaluations = self._evaluator.evaluate(graphs, indices, self._universe, SPLIT)
        except BaseException:
            self._ledger.release(reservation)
            raise
        chosen = np.asarray(indices)
        charges = [self._charge(evaluation, chosen) for evaluation in evaluations]
        spent = self._ledger.spent
        self._ledger.settle(reservation, sum(charges))
        for evaluation, charge in zip(evaluations, charges, strict=True):
            spent = min(spent + charge, self._ledger.spent)  # an overrun is not spent: see Ledger.settle
            self._log_evaluation(evaluation, len(indices), charge, spent)
        return evaluations

    def can_afford(self, graph: Graph, questions: int | None = None) -> bool:
        """Whether `evaluate` on so many questions (default: all) would be accepted now.

        Raises InputError as `evaluate` does.
        """
        self._check_graph(graph)
        remaining = self._ledger.remaining
        count = len(self._questions) if questions is None else whole(questions, "questions")
        return remaining is None or self._worst_case(graph, count) <= remaining

    def ask(self, messages: Messages, schema: Schema | None = None) -> Reply:
        """Asks the metered search agent. schema: what the answer should be, where the engine can constrain it.

        The same question asked again draws a new answer. Raises InputError without an agent or for messages that are
        none, BudgetExhausted before anything is spent, EngineError.
        """
        if self._agent is None:
            raise InputError("this run has no search agent; start it with one", field="ask")
        turns, identity = checked_messages(messages, schema)
        reservation = self._ledger.reserve(self._bill_agent(*self._agent.worst_case(turns)), "agent")
        try:
            reply = self._agent.ask(turns, schema, self._universe, self._asked[identity])
        except BaseException:
            self._ledger.release(reservation)
            raise
        self._asked[identity] += 1
        charge = self._bill_agent(reply.tokens_in, reply.tokens_out)
        self._ledger.settle(reservation, charge)
        self._log({"event": "ask", "charged": charge, "spent": self._ledger.spent, "reply": reply.text})
        return reply

    def decided(self, by: Literal["agent", "fallback"]) -> None:
        """Tells whether a round followed the agent, or a fallback because its replies were of no use.

        Costs nothing; results carry the share of fallbacks. Raises InputError for another word.
        """
        if by not in ("agent", "fallback"):
            raise InputError(f"must be 'agent' or 'fallback', not {str(by)[:40]!r}", field="by")
        self._log({"event": "decided", "by": by})

    def _bill_agent(self, tokens_in: int, tokens_out: int) -> int:
        assert self._agent is not None
        return int(bill(self._space, self._agent.card, tokens_in, tokens_out))

    def recommend(self, graph: Graph) -> None:
        """Declares the incumbent from here on; the anytime curve is read from it.

        Raises InputError if the graph is not in the space.
        """
        self._check_graph(graph)
        if graph != self.incumbent:
            self._recommended.append(graph)
            self._log({"event": "recommend", "spent": self._ledger.spent, **self._graph_fields(graph)})

    def _check_graph(self, graph: Graph) -> None:
        if type(graph) is not Graph:  # a subclass might be one graph when checked and another when evaluated
            raise InputError(f"must be a ttgbench.Graph, not {type(graph).__name__}", field="graph")
        reason = self._space.contains(graph)
        if reason is not None:
            self._log({"event": "refused", "graphs": [graph.key], "reason": reason})
            raise InputError(f"not in the search space: {reason}", source=f"graph {graph.key[:12]}")

    def _checked_indices(self, questions: Sequence[int] | None) -> tuple[int, ...]:
        count = len(self._questions)
        if questions is None:
            return tuple(range(count))
        indices = tuple(whole(index, "questions") for index in listed(questions, "questions", "indices"))
        if not indices or len(set(indices)) < len(indices) or min(indices) < 0 or max(indices) >= count:
            raise InputError(f"must be distinct indices from 0 to {count - 1}, at least one", field="questions")
        return indices

    def _worst_case(self, graph: Graph, count: int) -> int:
        """Most that these questions can cost: longest question, longest answers, nothing in the store."""
        inputs = Counter([target for _, target in graph.edges])
        total = 0
        for node in graph.nodes:
            if node.model is not None:
                kind = node.model, inputs[node.id]
                if kind not in self._worst_bills:
                    self._worst_bills[kind] = self._worst_bill(*kind)
                total += self._worst_bills[kind]
        return total * count

    def _worst_bill(self, model: str, predecessors: int) -> int:
        """Most that one generation can cost."""
        lengths, longest = self._space.lengths, self._task.max_tokens
        card = self._space.pool[model]
        prompt = lengths.question + self._task.max_question_bytes + predecessors * 2 * longest
        return int(bill(self._space, card, min(prompt, card.context_length), longest))

    def _charge(self, evaluation: Evaluation, chosen: NDArray[np.intp]) -> int:
        """What of an evaluation on the chosen questions this run has not paid for yet; it is paid for then."""
        total = 0
        for use in evaluation.nodes:
            if use.model is None:
                continue
            billed = self._billed.get(use.key)
            if billed is None:
                billed = self._billed[use.key] = np.zeros(len(self._questions), dtype=np.bool_)
                total += int(self._amounts(use).sum())
            else:
                fresh = ~billed[chosen]
                if not fresh.any():
                    continue
                total += int(self._amounts(use)[fresh].sum())
            billed[chosen] = True
        return total

    def _amounts(self, use: NodeUse) -> NDArray[np.int64]:
        """What a node cost on each question, in the ledger's metric."""
        metric = self._space.budget.ledger_metric
        if metric == "flops":
            return use.flops
        if metric == "picodollars":
            return use.picodollars
        assert use.model is not None
        return np.asarray(bill(self._space, self._space.pool[use.model], use.tokens_in, use.tokens_out))

    def _graph_fields(self, graph: Graph) -> dict[str, Any]:
        if graph.key in self._logged_graphs:
            return {"key": graph.key}
        self._logged_graphs.add(graph.key)
        return {"key": graph.key, "graph": graph.canonical().to_dict()}

    def _log_evaluation(self, evaluation: Evaluation, count: int, charge: int, spent: int) -> None:
        self._log(
            {
                "event": "evaluate",
                "questions": count,
                "accuracy": round(evaluation.accuracy, 12),
                "value": round(self._objective.value(evaluation), 12),
                "charged": charge,
                "spent": spent,
                **self._graph_fields(evaluation.graph),
            }
        )


def full_evaluation(space: SearchSpace, questions: int) -> int:
    """Search questions times the per-query budget, in the ledger's metric."""
    return space.budget.limit_amount(space.pool, space.lengths) * questions


_PRICES: Mapping[str, Callable[[ModelCard, Any, Any], Any]] = {
    "flops": generation_flops,
    "picodollars": picodollars,
    "nanoseconds": nanoseconds,
}


def bill(space: SearchSpace, card: ModelCard, tokens_in: Any, tokens_out: Any) -> Any:
    """What tokens (counts or int64 arrays) cost in the ledger's metric; nanoseconds are those of one node alone."""
    return _PRICES[space.budget.ledger_metric](card, tokens_in, tokens_out)
