"""What asking for JSON costs and says, beside what the tests of the agent itself show."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from ttgbench.errors import BudgetExhausted, EngineError, InputError
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.methods.solvers.ask import MAX_REPLY, QUOTED, RETRIES, ask_json, parse
from ttgbench.problems.views import Reply
from ttgbench.testing import toy_pool

QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which model?"}]


class Choice(BaseModel):
    """A form to fill in."""

    model: str


class Parrot:
    """An Agent that says these, one after the other, the last for ever."""

    def __init__(self, *replies: str) -> None:
        self.card = toy_pool("ant")["ant"].model_copy(update={"parameters": 40 * 10**9})
        self.replies, self.heard = replies, []

    def worst_case(self, messages):
        return 400, 100

    def ask(self, messages, schema, universe, repeat):
        self.heard.append((messages, schema, repeat))
        text = self.replies[min(len(self.heard), len(self.replies)) - 1]
        if text == "gone":
            raise EngineError("gone")
        return Reply(text, tokens_in=100, tokens_out=10)


def ask(agent: Parrot, sitting: Sitting | None = None, **named) -> tuple[str, Sitting]:
    sitting = sitting or Sitting(Toy(), agent=agent)
    named = {"read": lambda form: form.model, "fallback": lambda: "fallback", **named}
    return ask_json(sitting.problem, QUESTION, Choice, **named), sitting


def charges(sitting: Sitting) -> list[int]:
    return [event["charged"] for event in sitting.events if event["event"] == "ask"]


@pytest.mark.parametrize("bad", ["", "no", '{"model": 3}', '{"model": "ant"'])
def test_invalid_replies_are_billed_like_others_and_retried_so_many_times(bad):
    said, sitting = ask(agent := Parrot(bad))
    assert said == "fallback"
    assert len(agent.heard) == 1 + RETRIES
    [each] = set(charges(sitting))
    _, good = ask(Parrot('{"model": "ant"}'))
    assert charges(good) == [each]
    assert sitting.ledger.by_category == {"agent": (1 + RETRIES) * each}
    assert sitting.ledger.reserved == 0


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_the_caller_says_how_often(retries):
    ask(agent := Parrot("no"), retries=retries)
    assert len(agent.heard) == 1 + retries


def test_a_usable_reply_ends_it_and_the_fallback_is_not_made():
    def fallback() -> str:
        raise AssertionError("not needed")

    said, sitting = ask(agent := Parrot("no", '{"model": "bee"}', '{"model": "cat"}'), fallback=fallback)
    assert said == "bee"
    assert len(agent.heard) == len(charges(sitting)) == 2


def test_the_question_goes_along_each_time_with_the_last_complaint_only():
    ask(agent := Parrot("first", "second", "third"))
    assert list(agent.heard[0][0]) == QUESTION
    for number, said in ((1, "first"), (2, "second")):
        messages = list(agent.heard[number][0])
        assert messages[:2] == QUESTION
        assert [turn["role"] for turn in messages[2:]] == ["assistant", "user"]
        assert messages[2]["content"] == said
        assert "no JSON object" in messages[3]["content"]
    assert all(schema == Choice.model_json_schema() for _, schema, _ in agent.heard)


def test_the_same_complaint_draws_another_reply():
    ask(agent := Parrot("no"))
    assert [repeat for _, _, repeat in agent.heard] == [0, *range(RETRIES)]


def test_neither_an_endless_reply_nor_an_endless_complaint_is_quoted_whole():
    def read(form: Choice) -> str:
        raise InputError("x" * 10 * QUOTED)

    ask(agent := Parrot(json.dumps({"model": "y" * 10 * QUOTED})), read=read)
    quoted, complaint = list(agent.heard[1][0])[2:]
    assert len(quoted["content"]) == QUOTED
    assert QUOTED <= len(complaint["content"]) < 2 * QUOTED


def test_of_an_endless_reply_only_the_start_is_read():
    whole = '{"model": "ant"}'
    assert parse(" " * (MAX_REPLY - len(whole)) + whole + "!" * MAX_REPLY, Choice).model == "ant"
    with pytest.raises(InputError):
        parse(" " * MAX_REPLY + whole, Choice)


def test_no_budget_for_a_retry_is_exhausted_with_the_first_reply_billed():
    agent = Parrot("no")
    one = Sitting(Toy(), agent=agent).problem._bill_agent(400, 100).amount
    full = Sitting(Toy(evaluations=1)).ledger.limit
    sitting = Sitting(Toy(evaluations=1.05 * one / full), agent=agent)
    with pytest.raises(BudgetExhausted):
        ask(agent, sitting)
    assert len(agent.heard) == 1
    assert charges(sitting) == [sitting.ledger.spent]
    assert sitting.ledger.spent > 0


def test_a_failing_server_is_not_taken_for_a_bad_reply():
    sitting = Sitting(Toy(), agent=(agent := Parrot("no", "gone")))
    with pytest.raises(EngineError):
        ask(agent, sitting)
    assert len(agent.heard) == 2
    assert len(charges(sitting)) == 1
    assert sitting.ledger.reserved == 0


def test_what_read_raises_of_its_own_goes_through():
    def read(form: Choice) -> str:
        raise KeyError(form.model)

    with pytest.raises(KeyError, match="ant"):
        ask(Parrot('{"model": "ant"}'), read=read)
