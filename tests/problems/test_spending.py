"""What a search can spend and what it gets for it: nothing for free, in whatever order, batch and thread."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.evaluate.base import MAX_REDRAWS, redraw
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, mixture_of_agents, parallel, self_consistency, single
from ttgbench.methods.conformance.agents import ToyAgent
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.models.cost import generation_flops, nominal_cost
from ttgbench.problems.problem import end_search

HELLO = [{"role": "user", "content": "hello"}]
GRAPHS = [
    single("ant"),
    single("bee"),
    chain("ant", 2),
    self_consistency("ant", 3),
    parallel("ant", 3, "fuser", "bee"),
    mixture_of_agents(["ant", "bee"], aggregator="ant"),
    Graph([Node("x", "assistant", "ant"), Node("y", "fuser", "bee")], [("x", "y")]),
]
"""They share nodes: what one pays for, another need not."""


class Dear:
    """An evaluator whose answers are `factor` times as long as the toy's."""

    def __init__(self, inner, factor):
        self.inner, self.factor = inner, factor

    def evaluate(self, graphs, questions, universe, split):
        def dearer(use):
            counts = {name: getattr(use, name) * self.factor for name in ("tokens_out", "flops", "picodollars")}
            return dataclasses.replace(use, **counts)

        found = self.inner.evaluate(graphs, questions, universe, split)
        return [dataclasses.replace(one, nodes=tuple(map(dearer, one.nodes))) for one in found]


def sitting_with(factor, evaluations):
    sitting = Sitting(Toy(evaluations=evaluations), agent=ToyAgent())
    sitting.problem.__dict__["_evaluator"] = Dear(sitting.problem.__dict__["_evaluator"], factor)
    return sitting


class Search(RuleBasedStateMachine):
    """Any sequence of calls, against plain bookkeeping of what was paid for."""

    @initialize(factor=st.sampled_from([1, 1, 2, 9]), evaluations=st.sampled_from([0.2, 1.0, 4.0]))
    def start(self, factor, evaluations):
        self.sitting = sitting_with(factor, evaluations)
        self.problem, self.ledger = self.sitting.problem, self.sitting.ledger
        self.evaluator = self.problem.__dict__["_evaluator"]
        self.paid: set[tuple[str, int, int]] = set()
        self.over = False

    @rule(
        graphs=st.lists(st.sampled_from(GRAPHS), min_size=1, max_size=3),
        questions=st.none() | st.lists(st.integers(0, 15), min_size=1, unique=True),
        repeat=st.integers(0, 2) | st.just(MAX_REDRAWS),
    )
    def evaluate(self, graphs, questions, repeat):
        before = self.ledger.balance
        indices = list(range(16)) if questions is None else questions
        nominal = sum(map(self.nominal, graphs)) * len(indices)
        told = self.evaluator.evaluate(graphs, indices, redraw(0, repeat), "search")
        fresh = {
            (use.key, question, repeat): int(flops)
            for one in told
            for use in one.nodes
            for question, flops in zip(indices, use.flops, strict=True)
            if (use.key, question, repeat) not in self.paid
        }
        cost = sum(fresh.values())
        fits = nominal <= before.remaining and not self.over
        affordable = [self.problem.can_afford(graph, len(indices)) for graph in graphs]
        assert all(affordable) or not fits
        try:
            found = self.problem.evaluate_many(graphs, questions, repeat)
        except BudgetExhausted:
            assert not fits or cost > before.remaining
            if fits:
                self.over = True
                assert self.ledger.balance == dataclasses.replace(
                    before, spent=before.limit, overrun=cost - before.remaining
                )
            else:
                assert self.ledger.balance == before
            return
        assert fits
        assert self.ledger.spent == before.spent + cost
        self.paid |= fresh.keys()
        for one, expected in zip(found, told, strict=True):
            assert (one.scores == expected.scores).all()

    @rule(size=st.integers(0, 3000), asked=st.integers(1, 2))
    def ask(self, size, asked):
        before = self.ledger.balance
        for _ in range(asked):
            with contextlib.suppress(BudgetExhausted):
                reply = self.problem.ask([{"role": "user", "content": "x" * size}])
                price = generation_flops(ToyAgent().card, reply.tokens_in, reply.tokens_out)
                assert self.ledger.spent == before.spent + price
            before = self.ledger.balance

    @rule(graph=st.sampled_from(GRAPHS))
    def recommend(self, graph):
        before = self.ledger.balance
        self.problem.recommend(graph)
        assert self.problem.incumbent == graph
        assert self.ledger.balance == before

    @rule(
        call=st.sampled_from(
            [
                lambda problem: problem.evaluate(GRAPHS[0], [0, 0]),
                lambda problem: problem.evaluate(GRAPHS[0], [-1]),
                lambda problem: problem.evaluate(GRAPHS[0], repeat=-1),
                lambda problem: problem.evaluate(GRAPHS[0], repeat=10**5000),
                lambda problem: problem.evaluate(GRAPHS[0], repeat=True),
                lambda problem: problem.evaluate_many([GRAPHS[0], single("gnu")]),
                lambda problem: problem.evaluate_many([GRAPHS[0], None]),
                lambda problem: problem.recommend(chain("cat", 9)),
                lambda problem: problem.ask([]),
            ]
        )
    )
    def call_wrongly(self, call):
        before = self.ledger.balance
        with pytest.raises(InputError):
            call(self.problem)
        assert self.ledger.balance == before

    def nominal(self, graph):
        return nominal_cost(graph, self.problem.space.pool, self.problem.space.lengths).total.flops

    @invariant()
    def everything_adds_up(self):
        balance, events = self.ledger.balance, self.sitting.events
        assert balance.reserved == 0
        assert 0 <= balance.spent <= balance.limit
        assert sum(event.get("charged", 0) for event in events) == balance.spent + balance.overrun
        spends = [event["spent"] for event in events if "spent" in event]
        assert spends == sorted(spends)
        assert not spends or max(spends) == balance.spent
        kinds = [event["event"] for event in events]
        assert kinds.count("withheld") == (balance.overrun > 0)
        if balance.overrun:
            assert not {"evaluate", "ask"} & set(kinds[kinds.index("withheld") :])


Search.TestCase.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
TestSearch = Search.TestCase


def test_nothing_is_spent_beyond_the_ledger():
    sitting = Sitting(Toy(evaluations=1.5), agent=ToyAgent())
    problem, rng = sitting.problem, np.random.default_rng(0)
    for _ in range(300):
        try:
            if rng.random() < 0.5:
                problem.ask([{"role": "user", "content": "x" * int(rng.integers(50_000))}])
            else:
                problem.evaluate(problem.space.sample(rng))
        except BudgetExhausted:
            pass
        balance = sitting.ledger.balance
        assert 0 <= balance.spent <= balance.limit
        assert balance.reserved == 0
    charged = [event["charged"] for event in sitting.events if "charged" in event]
    assert sum(charged) == sitting.ledger.spent + sitting.ledger.overrun


def test_what_costs_more_than_is_left_is_withheld_and_ends_the_run():
    sitting = sitting_with(factor=100, evaluations=1.0)
    problem, graph = sitting.problem, single("ant")
    assert problem.can_afford(graph)
    with pytest.raises(BudgetExhausted, match="withheld"):
        problem.evaluate(graph)
    assert sitting.ledger.spent == sitting.ledger.limit
    event = sitting.events[-1]
    assert event["event"] == "withheld"
    assert not {"accuracy", "value"} & set(event), "nothing of the result is told or logged"
    assert not problem.can_afford(graph)
    for call in (lambda: problem.evaluate(graph), lambda: problem.evaluate(graph, [0])):
        with pytest.raises(BudgetExhausted, match="overrun"):
            call()
    assert sitting.ledger.spent == sitting.ledger.limit
    assert sitting.ledger.reserved == 0


def test_an_evaluation_starts_if_its_nominal_cost_fits():
    sitting = sitting_with(factor=1, evaluations=1.0)
    problem = sitting.problem
    graphs = [problem.space.sample(np.random.default_rng(seed)) for seed in range(40)]
    for graph in graphs:
        nominal = nominal_cost(graph, problem.space.pool, problem.space.lengths).total.flops * len(problem.questions)
        fits = nominal <= problem.ledger.remaining
        assert problem.can_afford(graph) == fits
        if fits and not sitting.ledger.overrun:
            with contextlib.suppress(BudgetExhausted):
                problem.evaluate(graph)
        if sitting.ledger.overrun:
            break


def test_redraws_are_other_samples_and_billed_anew():
    sitting = Sitting(Toy())
    problem, graph = sitting.problem, single("ant")
    first = problem.evaluate(graph)
    once = sitting.ledger.spent
    assert problem.evaluate(graph).universe == first.universe
    assert sitting.ledger.spent == once, "the same samples are free"
    again = problem.evaluate(graph, repeat=1)
    assert again.universe != first.universe
    assert sitting.ledger.spent > once
    twice = sitting.ledger.spent
    problem.evaluate(graph, repeat=1)
    assert sitting.ledger.spent == twice
    assert sitting.events[-1]["repeat"] == 1
    assert "repeat" not in sitting.events[0]


def test_nothing_that_was_not_covered_is_answered_to_any_thread():
    for seed in range(4):
        sitting = sitting_with(factor=3, evaluations=4.0)
        problem, limit = sitting.problem, sitting.ledger.limit
        graphs = [problem.space.sample(np.random.default_rng([seed, number])) for number in range(6)]
        answered, barrier = [], threading.Barrier(4)

        def method(worker, problem=problem, graphs=graphs, answered=answered, barrier=barrier):
            rng = np.random.default_rng(worker)
            barrier.wait()
            with contextlib.suppress(BudgetExhausted):
                for _ in range(30):
                    chosen = [graphs[i] for i in rng.integers(len(graphs), size=rng.integers(1, 4))]
                    repeat = int(rng.integers(2))
                    answered += [(one, repeat) for one in problem.evaluate_many(chosen, repeat=repeat)]

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(method, range(4)))
        kinds = [event["event"] for event in sitting.events]
        assert "evaluate" not in kinds[kinds.index("withheld") :] if "withheld" in kinds else True
        costs = {(use.key, repeat): int(use.flops.sum()) for one, repeat in answered for use in one.nodes if use.model}
        charged = sum(event["charged"] for event in sitting.events if event["event"] == "evaluate")
        assert sum(costs.values()) == charged <= sitting.ledger.spent <= limit
        assert len(answered) == kinds.count("evaluate")


def test_what_another_thread_has_yet_to_pay_is_not_free():
    sitting = sitting_with(factor=100, evaluations=1.0)
    problem, graph = sitting.problem, single("ant")
    ledger = problem.__dict__["_ledger"]
    settle, second = ledger.settle, []

    def slowly(reservation, actual):
        if not second:
            second.append(ThreadPoolExecutor(1).submit(problem.evaluate, graph, [0]))
            with contextlib.suppress(TimeoutError):
                second[0].exception(timeout=0.05)
        settle(reservation, actual)

    ledger.settle = slowly
    with pytest.raises(BudgetExhausted, match="withheld"):
        problem.evaluate(graph)
    with pytest.raises(BudgetExhausted):
        second[0].result()


def test_threads_log_what_they_spend_in_the_order_in_which_they_spend_it():
    sitting = Sitting(Toy(evaluations=40.0), agent=ToyAgent())
    problem, barrier = sitting.problem, threading.Barrier(4)

    def method(worker):
        rng = np.random.default_rng(worker)
        barrier.wait()
        replies = []
        for _ in range(20):
            graph = problem.space.sample(rng)
            problem.evaluate(graph, rng.permutation(16)[:3])
            problem.recommend(graph)
            replies.append(problem.ask(HELLO, {"type": "integer", "minimum": 0, "maximum": 10**9}).text)
        return replies

    with ThreadPoolExecutor(4) as pool:
        replies = [reply for found in pool.map(method, range(4)) for reply in found]
    assert len(set(replies)) == len(replies), "no two threads were given the same draw"
    spends = [event["spent"] for event in sitting.events if "spent" in event]
    assert spends == sorted(spends)
    last = [event for event in sitting.events if event["event"] == "recommend"][-1]
    assert last["key"] == problem.incumbent.key


@pytest.mark.parametrize(
    "call",
    [
        lambda problem: problem.evaluate(single("ant")),
        lambda problem: problem.evaluate_many([]),
        lambda problem: problem.recommend(single("bee")),
        lambda problem: problem.ask(HELLO),
        lambda problem: problem.decided("agent"),
    ],
)
def test_a_problem_is_of_no_use_after_its_search(call):
    sitting = Sitting(Toy(), agent=ToyAgent())
    sitting.problem.evaluate(single("ant"))
    sitting.problem.recommend(single("ant"))
    end_search(sitting.problem)
    before, events = sitting.ledger.balance, len(sitting.events)
    with pytest.raises(InputError, match="its search has ended"):
        call(sitting.problem)
    assert sitting.ledger.balance == before
    assert len(sitting.events) == events
    assert sitting.problem.incumbent == single("ant")


def test_what_is_under_way_when_the_search_ends_is_neither_told_nor_logged():
    sitting = Sitting(Toy())
    inner = sitting.problem.__dict__["_evaluator"]

    class Ending:
        def evaluate(self, *arguments):
            end_search(sitting.problem)
            return inner.evaluate(*arguments)

    sitting.problem.__dict__["_evaluator"] = Ending()
    with pytest.raises(InputError, match="its search has ended"):
        sitting.problem.evaluate(single("ant"))
    assert (sitting.ledger.spent, sitting.events) == (0, [])
