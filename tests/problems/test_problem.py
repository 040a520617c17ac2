"""The problem holds against whatever a method hands to it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import EngineError, InputError
from ttgbench.evaluate.base import MAX_REDRAWS, TEST_UNIVERSE, redraw
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import single
from ttgbench.methods.conformance.agents import ToyAgent
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.models.cost import generation_flops
from ttgbench.problems.problem import Problem
from ttgbench.problems.views import Reply

HELLO = [{"role": "user", "content": "hello"}]
HUGE = pytest.param(10**5000, id="huge")


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
        ([1.5], "whole number, not 1.5"),
        ([True], "whole number, not True"),
        ([10**5000], "from 0 to 15"),
        (["0"], "whole number, not '0'"),
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


@given(st.integers(0, 1000), st.integers(0, MAX_REDRAWS), st.integers(0, 1000), st.integers(0, MAX_REDRAWS))
def test_redraws_share_no_universe_with_each_other_or_with_the_test(one, repeat, other, another):
    assert (redraw(one, repeat) == redraw(other, another)) == ((one, repeat) == (other, another))
    assert repeat == 0 or redraw(one, repeat) >= 2 * TEST_UNIVERSE


@pytest.mark.parametrize("repeat", [-1, MAX_REDRAWS + 1, HUGE, 0.5, "1", None, True, np.True_, float("nan")])
def test_repeats_are_checked(sitting, repeat):
    with pytest.raises(InputError, match="repeat"):
        sitting.problem.evaluate(single("ant"), repeat=repeat)
    assert sitting.ledger.spent == 0


@pytest.mark.parametrize("count", [-1, 0, 17, HUGE, 1.0, True, "1"])
def test_no_number_of_questions_that_there_are_not_is_affordable(sitting, count):
    with pytest.raises(InputError, match="questions: must be a whole number from 1 to 16"):
        sitting.problem.can_afford(single("ant"), count)
