"""The problem holds against whatever a method hands to it."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import BudgetExhausted, EngineError, InputError
from ttgbench.evaluate.base import MAX_REDRAWS, TEST_UNIVERSE, redraw
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import single
from ttgbench.methods.conformance.agents import ToyAgent
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.models.cost import generation_flops, nominal_cost
from ttgbench.problems.problem import Problem, Reply

HELLO = [{"role": "user", "content": "hello"}]


class Impostor(Graph):
    """One graph today, another tomorrow."""


@pytest.fixture
def sitting() -> Sitting:
    return Sitting(Toy(), agent=ToyAgent())


@pytest.mark.parametrize("name", ["space", "budget", "ledger", "evaluate", "_ledger", "_billed", "_agent", "new"])
def test_nothing_can_be_set_or_deleted(sitting, name):
    with pytest.raises(AttributeError):
        setattr(sitting.problem, name, None)
    with pytest.raises(AttributeError):
        delattr(sitting.problem, name)


@pytest.mark.parametrize("graph", [None, "graph", 7, {}, Graph, Impostor([Node("a", "assistant", "ant")])])
def test_only_graphs_are_evaluated(sitting, graph):
    for call in (sitting.problem.evaluate, sitting.problem.recommend, sitting.problem.can_afford):
        with pytest.raises(InputError, match=r"must be a ttgbench\.Graph"):
            call(graph)
    assert sitting.ledger.spent == 0


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ([], "at least one"),
        ([0, 0], "distinct"),
        ([-1], "from 0 to 15"),
        ([16], "from 0 to 15"),
        ([1.5], "whole number, not float"),
        ([True], "truth value"),
        (["0"], "whole number, not str"),
        ("01", "list of indices"),
        ({0: 1}, "list of indices"),
        (3, "list of indices"),
        (itertools.count(), "at most 100,000"),
    ],
)
def test_questions_are_checked(sitting, questions, message):
    with pytest.raises(InputError, match=message):
        sitting.problem.evaluate(single("ant"), questions)
    assert (sitting.ledger.spent, sitting.ledger.reserved) == (0, 0)


def test_graphs_may_come_from_a_generator_and_be_none_at_all(sitting):
    assert len(sitting.problem.evaluate_many(single(name) for name in ("ant", "bee"))) == 2
    assert sitting.problem.evaluate_many([]) == []
    with pytest.raises(InputError, match="list of graphs"):
        sitting.problem.evaluate_many("ant")
    assert sitting.problem.evaluate(single("ant"), np.arange(3)).scores.shape == (3,)


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


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        (None, "messages"),
        ("hello", "messages"),
        ([], "messages"),
        ([None], "messages"),
        ([{"role": "boss", "content": "x"}], "messages"),
        ([{"role": "user"}], "messages"),
        ([{"role": "user", "content": 3}], "messages"),
        (HELLO * 1001, "messages"),
    ],
)
def test_messages_are_checked(sitting, messages, field):
    with pytest.raises(InputError, match=field):
        sitting.problem.ask(messages)
    assert sitting.ledger.spent == 0


@pytest.mark.parametrize("schema", ["x", [1], {"type": object}, {"minimum": float("nan")}])
def test_schemas_are_checked(sitting, schema):
    with pytest.raises(InputError, match="schema"):
        sitting.problem.ask(HELLO, schema)


def test_an_agent_is_billed_by_its_card(sitting):
    reply = sitting.problem.ask(HELLO)
    assert isinstance(reply, Reply)
    price = generation_flops(ToyAgent().card, reply.tokens_in, reply.tokens_out)
    assert sitting.ledger.spent == sitting.ledger.by_category["agent"] == price
    assert sitting.events[-1]["charged"] == price


def test_the_same_question_draws_another_answer(sitting):
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 10**6}}}
    first, second = (sitting.problem.ask(HELLO, schema).text for _ in range(2))
    again = Sitting(Toy(), agent=ToyAgent()).problem
    assert first != second
    assert [again.ask(HELLO, schema).text for _ in range(2)] == [first, second]


def test_a_failing_agent_costs_nothing_and_an_absent_one_is_named():
    sitting = Sitting(Toy(), agent=ToyAgent("failing"))
    with pytest.raises(EngineError):
        sitting.problem.ask(HELLO)
    assert (sitting.ledger.spent, sitting.ledger.reserved) == (0, 0)
    with pytest.raises(InputError, match="no search agent"):
        Sitting(Toy()).problem.ask(HELLO)


def test_a_problem_says_no_more_than_it_should(sitting):
    public = {name for name in dir(Problem) if not name.startswith("_")}
    assert public == {
        *(
            "name",
            "task",
            "space",
            "objective",
            "questions",
            "ledger",
            "full_evaluation",
            "has_agent",
            "redraws",
            "incumbent",
        ),
        *("evaluate", "evaluate_many", "can_afford", "ask", "decided", "recommend"),
    }


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
    sitting = Sitting(Toy(evaluations=evaluations))
    sitting.problem.__dict__["_evaluator"] = Dear(sitting.problem.__dict__["_evaluator"], factor)
    return sitting


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


@given(st.integers(0, 1000), st.integers(0, MAX_REDRAWS), st.integers(0, 1000), st.integers(0, MAX_REDRAWS))
def test_redraws_share_no_universe_with_each_other_or_with_the_test(one, repeat, other, another):
    assert (redraw(one, repeat) == redraw(other, another)) == ((one, repeat) == (other, another))
    assert repeat == 0 or redraw(one, repeat) >= 2 * TEST_UNIVERSE


@pytest.mark.parametrize("repeat", [-1, MAX_REDRAWS + 1, 0.5, "1", None, True])
def test_repeats_are_checked(sitting, repeat):
    with pytest.raises(InputError, match="repeat"):
        sitting.problem.evaluate(single("ant"), repeat=repeat)
    assert sitting.ledger.spent == 0
