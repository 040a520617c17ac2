"""The problem as a search method meets it: everything it may see, and every way it may spend."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.evaluate.base import MAX_REDRAWS, Evaluation, Evaluator, NodeUse, redraw
from ttgbench.graphs.graph import Graph
from ttgbench.models.budget import bill
from ttgbench.models.cost import picodollars
from ttgbench.problems.arguments import Messages, Schema, checked_messages, listed
from ttgbench.problems.charge import Charge, total
from ttgbench.problems.ledger import Ledger, LedgerView, Reservation
from ttgbench.problems.objective import Objective
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.views import Agent, QuestionView, Reply, TaskView
from ttgbench.util.arguments import shown, whole
from ttgbench.util.text import counted

SPLIT = "search"
Log = Callable[[Mapping[str, Any]], None]


class Problem:
    """Handed to `search(problem, rng)`. Nothing of it can be set.

    Spending is counted here and nowhere else: a node's generation on a question is billed when this run first
    needs it, at its measured cost, whatever a store already holds; later uses in the same run are free. An evaluation
    starts if its nominal cost fits what is left. If its measured cost then does not, the run has spent all it had,
    and the result is withheld.
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
        redraws: int = MAX_REDRAWS,
        project: Callable[[Graph], Graph] | None = None,
    ) -> None:
        """project: of every graph of the space, the one that is evaluated, billed, logged and recommended in its
        place."""
        self._redraws = redraws
        self._project = project or (lambda graph: graph)
        self._name, self._task, self._space, self._objective = name, task, space, objective
        self._questions, self._universe, self._evaluator = tuple(questions), universe, evaluator
        self._ledger, self._write, self._agent = ledger, log, agent
        self._billed: dict[tuple[str, int], NDArray[np.bool_]] = {}
        self._logged_graphs: set[str] = set()
        self._nominal_bills: dict[tuple[str, int], int] = {}
        self._recommended: list[Graph] = []
        self._asked: Counter[str] = Counter()
        self._lock = threading.RLock()
        """Held from billing to logging: nothing is free because another thread bills it and has yet to pay, and events
        stand in the order of what was spent."""
        self._ended = threading.Event()
        self._sealed = True

    def __setattr__(self, name: str, value: object) -> None:
        if "_sealed" in self.__dict__:
            raise AttributeError(f"a Problem cannot be changed; {name!r} was to be set")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Problem cannot be changed; {name!r} was to be deleted")

    def __repr__(self) -> str:
        facts = f"{self._task.name}, {self._space.budget} per query, {counted(len(self._questions), 'question')}"
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
    def redraws(self) -> int:
        """Largest `repeat` of `evaluate`; 0 where the samples are recorded, so that there is one draw of them."""
        return self._redraws

    @property
    def has_agent(self) -> bool:
        """Whether `ask` has a language model behind it here."""
        return self._agent is not None

    @property
    def incumbent(self) -> Graph | None:
        """The graph recommended last."""
        return self._recommended[-1] if self._recommended else None

    def evaluate(self, graph: Graph, questions: Sequence[int] | None = None, repeat: int = 0) -> Evaluation:
        """Scores a graph on search questions (indices; default: all), on the run's own draw of the samples.

        repeat: from 1 on, the samples are drawn again, the `repeat`-th time, and billed anew; every graph of one
        redraw shares it. Raises InputError if the graph is not in the space, an index is wrong or there are fewer
        redraws, and BudgetExhausted if the nominal cost does not fit what remains; nothing is spent then. Raises
        BudgetExhausted, too, if the measured cost does not fit: then all is spent, and the result is withheld.
        """
        return self.evaluate_many([graph], questions, repeat)[0]

    def evaluate_many(
        self, graphs: Sequence[Graph], questions: Sequence[int] | None = None, repeat: int = 0
    ) -> list[Evaluation]:
        """As `evaluate`, all graphs as one batch, which keeps the engines full. All are refused or none."""
        self._check_open()
        indices, repeat = self._checked_indices(questions), self._checked_repeat(repeat)
        graphs = listed(graphs, "graphs", "graphs")
        for graph in graphs:
            self._check_graph(graph)
        if not graphs:
            return []
        meant = [self._project(graph) for graph in graphs]
        nominal = sum(self._nominal(graph, len(indices)) for graph in meant)
        try:
            reservation = self._ledger.reserve(nominal, "evaluation")
        except BudgetExhausted as error:
            self._log({"event": "refused", "graphs": [graph.key for graph in meant], "reason": str(error)})
            raise
        try:
            evaluations = self._evaluator.evaluate(meant, indices, redraw(self._universe, repeat), SPLIT)
        except BaseException:
            self._ledger.release(reservation)
            raise
        chosen = np.asarray(indices)
        with self._lock:
            self._check_open()
            charges = [self._charge(evaluation, chosen, repeat) for evaluation in evaluations]
            spent, cost = self._ledger.spent, total(charges)
            if not self._settle(reservation, cost):
                self._withhold(reservation, cost, graphs=[*map(self._graph_fields, meant)], **_repeated(repeat))
            for evaluation, charge in zip(evaluations, charges, strict=True):
                spent += charge.amount
                self._log_evaluation(evaluation, len(indices), charge, spent, repeat)
        return [replace(found, graph=graph) for found, graph in zip(evaluations, graphs, strict=True)]

    def _settle(self, reservation: Reservation, charge: Charge) -> bool:
        """Whether what was left covered it."""
        self._ledger.settle(reservation, charge.amount)
        return not self._ledger.overrun

    def _withhold(self, reservation: Reservation, charge: Charge, **what: Any) -> NoReturn:
        facts = {"category": reservation.category, **charge.to_dict(), "spent": self._ledger.spent}
        self._log({"event": "withheld", **facts, **what})
        raise BudgetExhausted(f"{reservation.category} cost {charge.amount:,}, more than was left: it is withheld")

    def can_afford(self, graph: Graph, questions: int | None = None) -> bool:
        """Whether `evaluate` on this number of questions (default: all) would be accepted now.

        Raises InputError as `evaluate` does, and for a number of questions that there are not.
        """
        self._check_graph(graph)
        remaining = self._ledger.remaining
        most = len(self._questions)
        count = most if questions is None else whole(questions, "questions", 1, most)
        if self._ledger.overrun:
            return False
        return remaining is None or self._nominal(self._project(graph), count) <= remaining

    def ask(self, messages: Messages, schema: Schema | None = None) -> Reply:
        """Asks the metered search agent. schema: what the answer should be, where the engine can constrain it.

        The same question asked again draws a new answer. Raises InputError without an agent or for messages that are
        none, BudgetExhausted before anything is spent if the most that it can cost does not fit, EngineError.
        """
        if self._agent is None:
            raise InputError("this run has no search agent; start it with one", field="ask")
        self._check_open()
        turns, identity = checked_messages(messages, schema)
        reservation = self._ledger.reserve(self._bill_agent(*self._agent.worst_case(turns)).amount, "agent")
        with self._lock:
            repeat = self._asked[identity]
            self._asked[identity] += 1
        try:
            reply = self._agent.ask(turns, schema, self._universe, repeat)
        except BaseException:
            self._ledger.release(reservation)
            raise
        charge = self._bill_agent(reply.tokens_in, reply.tokens_out)
        with self._lock:
            self._check_open()
            if not self._settle(reservation, charge):
                self._withhold(reservation, charge, reply=reply.text)
            self._log({"event": "ask", **charge.to_dict(), "spent": self._ledger.spent, "reply": reply.text})
        return reply

    def decided(self, by: Literal["agent", "fallback"]) -> None:
        """Tells whether a round followed the agent, or a fallback because its replies were of no use.

        Costs nothing; results carry the share of fallbacks. Raises InputError for another word.
        """
        if by not in ("agent", "fallback"):
            raise InputError(f"must be 'agent' or 'fallback', not {str(by)[:40]!r}", field="by")
        self._log({"event": "decided", "by": by})

    def _bill_agent(self, tokens_in: int, tokens_out: int) -> Charge:
        assert self._agent is not None
        card = self._agent.card
        dollars = int(picodollars(card, tokens_in, tokens_out)) if card.priced else None
        return Charge(int(bill(self._space.budget.ledger_metric, card, tokens_in, tokens_out)), dollars)

    def recommend(self, graph: Graph) -> None:
        """Declares the incumbent from here on; the anytime curve is read from it.

        Raises InputError if the graph is not in the space.
        """
        self._check_graph(graph)
        with self._lock:
            self._check_open()
            if graph != self.incumbent:
                self._recommended.append(graph)
                fields = self._graph_fields(self._project(graph))
                self._log({"event": "recommend", "spent": self._ledger.spent, **fields})

    def _log(self, event: Mapping[str, Any]) -> None:
        with self._lock:
            self._check_open()
            self._write(event)

    def _check_open(self) -> None:
        if self._ended.is_set():
            raise InputError("its search has ended; nothing more can be done with it", field="problem")

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

    def _checked_repeat(self, repeat: int) -> int:
        number = whole(repeat, "repeat")
        if not 0 <= number <= self._redraws:
            why = "" if self._redraws else ": the samples are recorded, so there is one draw of them"
            raise InputError(f"must be from 0 to {self._redraws}, not {shown(number)}{why}", field="repeat")
        return number

    def _nominal(self, graph: Graph, count: int) -> int:
        """What these questions cost at the task's mean lengths, nothing in the store."""
        inputs = Counter([target for _, target in graph.edges])
        total = 0
        for node in graph.nodes:
            if node.model is not None:
                kind = node.model, inputs[node.id]
                if kind not in self._nominal_bills:
                    self._nominal_bills[kind] = self._nominal_bill(*kind)
                total += self._nominal_bills[kind]
        return total * count

    def _nominal_bill(self, model: str, predecessors: int) -> int:
        """Of one generation."""
        lengths = self._space.lengths
        prompt = lengths.question + predecessors * lengths.answer
        return int(bill(self._space.budget.ledger_metric, self._space.pool[model], prompt, lengths.answer))

    def _charge(self, evaluation: Evaluation, chosen: NDArray[np.intp], repeat: int) -> Charge:
        """What of an evaluation on the chosen questions this run has not paid for yet; it is paid for then."""
        amount, dollars = 0, 0
        priced = True
        for use in evaluation.nodes:
            if use.model is None:
                continue
            billed = self._billed.get((use.key, repeat))
            if billed is None:
                billed = self._billed[use.key, repeat] = np.zeros(len(self._questions), dtype=np.bool_)
            fresh = ~billed[chosen]
            if not fresh.any():
                continue
            amount += int(self._amounts(use)[fresh].sum())
            dollars += int(use.picodollars[fresh].sum())
            priced = priced and self._space.pool[use.model].priced
            billed[chosen] = True
        return Charge(amount, dollars if priced else None)

    def _amounts(self, use: NodeUse) -> NDArray[np.int64]:
        """What a node cost on each question, in the ledger's metric."""
        metric = self._space.budget.ledger_metric
        if metric == "flops":
            return use.flops
        if metric == "picodollars":
            return use.picodollars
        assert use.model is not None
        return np.asarray(
            bill(self._space.budget.ledger_metric, self._space.pool[use.model], use.tokens_in, use.tokens_out)
        )

    def _graph_fields(self, graph: Graph) -> dict[str, Any]:
        if graph.key in self._logged_graphs:
            return {"key": graph.key}
        self._logged_graphs.add(graph.key)
        return {"key": graph.key, "graph": graph.canonical().to_dict()}

    def _log_evaluation(self, evaluation: Evaluation, count: int, charge: Charge, spent: int, repeat: int) -> None:
        self._log(
            {
                "event": "evaluate",
                "questions": count,
                **_repeated(repeat),
                "accuracy": round(evaluation.accuracy, 12),
                "value": round(self._objective.value(evaluation), 12),
                **charge.to_dict(),
                "spent": spent,
                **self._graph_fields(evaluation.graph),
            }
        )


def _repeated(repeat: int) -> dict[str, int]:
    """What events say of a redraw."""
    return {"repeat": repeat} if repeat else {}


def end_search(problem: Problem) -> None:
    """From here on the problem refuses whatever spends or is logged, also to threads and later runs that kept it."""
    with problem._lock:
        problem._ended.set()


def full_evaluation(space: SearchSpace, questions: int) -> int:
    """Search questions times the per-query budget, in the ledger's metric."""
    return space.budget.limit_amount(space.pool, space.lengths) * questions
