"""The search agent: recorded, replayed, billed, and of no harm whatever its server says."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from ttgbench.engines import Sampling, launch
from ttgbench.engines.base import Request
from ttgbench.engines.client import OpenAIEngine
from ttgbench.errors import ContextOverflow, EngineError, InputError, MissingGeneration, UnknownName
from ttgbench.evaluate.store.store import Store
from ttgbench.methods.conformance.checks import _Watched, run
from ttgbench.methods.conformance.toy import Toy
from ttgbench.methods.solvers.ask import ask_json, parse
from ttgbench.models.pool import load_pool
from ttgbench.problems.method import load_method
from ttgbench.run.agent import EngineAgent, load_agent
from ttgbench.run.score import fallback_share
from ttgbench.testing import ScriptedEngine, toy_pool

HELLO = [{"role": "user", "content": "hello"}]
CARD = toy_pool("small")["small"].model_copy(update={"parameters": 40 * 10**9})
"""Dear enough that a toy's search budget buys some dozens of replies."""
SHORT = Sampling(max_tokens=64)
AGENT_METHODS = ("textgrad", "maao", "opro", "adas", "aflow_mcts", "agent_reinforce", "agent_reinforce_elite")


class Name(BaseModel):
    """A form to fill in."""

    name: str


def scripted(*replies: str) -> ScriptedEngine:
    """Says these, one after the other, the last for ever."""
    engine = ScriptedEngine(lambda request: replies[min(len(engine.requests), len(replies)) - 1])
    return engine


def test_a_reply_is_recorded_and_replays_without_an_engine(tmp_path):
    with Store(tmp_path / "store.sqlite") as store:
        engine = ScriptedEngine(lambda request: f"seed {request.seed}")
        agent = EngineAgent(CARD, store, engine)
        said = [agent.ask(HELLO, {"type": "object"}, universe, repeat) for universe in (0, 1) for repeat in (0, 1)]
        assert len({reply.text for reply in said}) == 4, "other universes and repeats draw other replies"
        assert len(engine.requests) == 4
        assert engine.requests[0].schema == {"type": "object"}
        assert store.verify() == []
    with Store(tmp_path / "store.sqlite", read_only=True) as store:
        replay = EngineAgent(CARD, store, None)
        again = [replay.ask(HELLO, {"type": "object"}, universe, repeat) for universe in (0, 1) for repeat in (0, 1)]
        assert again == said
        with pytest.raises(MissingGeneration, match=r"lacks reply 0 of agent small"):
            replay.ask(HELLO, None, 0, 0)


def test_everything_that_changes_a_reply_changes_its_key():
    agent = EngineAgent(CARD, Store(), None)
    other = EngineAgent(CARD, Store(), None, Sampling(temperature=0.1))
    louder = EngineAgent(toy_pool("a", "b")["b"], Store(), None)
    keys = [agent.key(HELLO, None), agent.key(HELLO, {"type": "object"}), agent.key(HELLO * 2, None)]
    keys += [agent.key([{"role": "system", "content": "hello"}], None), other.key(HELLO, None), louder.key(HELLO, None)]
    assert len(set(keys)) == 6
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys)


def test_a_question_longer_than_the_context_is_an_empty_reply(tmp_path):
    def refuse(request: Request) -> str:
        raise ContextOverflow("too long")

    agent = EngineAgent(CARD, Store(), ScriptedEngine(refuse))
    reply = agent.ask([{"role": "user", "content": "x" * 10**6}], None, 0, 0)
    assert (reply.text, reply.tokens_in, reply.tokens_out) == ("", 0, 0)
    assert agent.worst_case([{"role": "user", "content": "x" * 10**6}]) == (4096, 1024)


def test_which_model_is_the_agent():
    store = Store()
    assert load_agent("smollm2-135m=echo", store).card.name == "smollm2-135m"
    assert load_agent("smollm2-135m=http://127.0.0.1:1/v1", store).card.name == "smollm2-135m"
    with pytest.raises(UnknownName, match="did you mean 'smollm2-135m'"):
        load_agent("smollm2-135", store)
    with pytest.raises(InputError, match="base model"):
        load_agent("gemma-3-270m", store)
    with pytest.raises(InputError, match="engine"):
        load_agent("smollm2-135m=warp-drive", store)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"name": "ant"}', "ant"),
        ('Sure:\n```json\n{"name": "ant"}\n```\nDone.', "ant"),
        ('{} {"name": "ant"}', "ant"),
        ('{"note": {"name": "ant"}}', "ant"),
    ],
)
def test_json_is_found_in_prose(text, name):
    assert parse(text, Name).name == name


@pytest.mark.parametrize(
    "text", ["", "no", '{"name": 3}', '{"name": "ant"', "{" * 100_000, '{"a":' * 50_000, "\ud800{"]
)
def test_what_is_no_json_is_an_input_error(text):
    with pytest.raises(InputError, match="the reply"):
        parse(text, Name)


def ask_name(engine: ScriptedEngine, retries: int = 2) -> tuple[str, Any]:
    sitting = _Watched(Toy(), 0, EngineAgent(CARD, Store(), engine))

    def read(form: Name) -> str:
        if form.name not in sitting.problem.space.pool:
            raise InputError(f"there is no model {form.name}")
        return form.name

    said = ask_json(sitting.problem, HELLO, Name, read=read, fallback=lambda: "fallback", retries=retries)
    return said, sitting


def test_a_bad_reply_is_billed_explained_and_asked_again():
    engine = scripted("what?", '{"name": "unicorn"}', '{"name": "bee"}')
    said, sitting = ask_name(engine)
    assert said == "bee"
    assert [event["event"] for event in sitting.events] == ["ask"] * 3
    assert sum(event["charged"] for event in sitting.events) == sitting.ledger.by_category["agent"] > 0
    assert "no model unicorn" in engine.requests[2].prompt.messages[-1].content


def test_after_the_last_retry_comes_the_fallback():
    engine = scripted("what?")
    assert ask_name(engine)[0] == "fallback"
    assert len(engine.requests) == 3
    assert ask_name(none := scripted("what?"), retries=0)[0] == "fallback"
    assert len(none.requests) == 1


class Server:
    """An OpenAI-compatible server on the loopback that answers as its mode says."""

    def __init__(self) -> None:
        self.mode, self.requests = "graph", 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply({"object": "list", "data": [{"id": "small", "object": "model"}]})

            def do_POST(self) -> None:
                server.requests += 1
                self.rfile.read(int(self.headers["content-length"]))
                if server.mode == "silence":
                    time.sleep(0.5)
                if server.mode == "no json":
                    return self.send(b"<html>busy</html>")
                text, tokens = REPLIES[server.mode]
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
                usage = {"prompt_tokens": 50, "completion_tokens": tokens, "total_tokens": 50 + tokens}
                body = {"id": "x", "object": "chat.completion", "created": 0, "model": "small"}
                return self.reply({**body, "choices": [choice], "usage": usage})

            def reply(self, body: Any) -> None:
                self.send(json.dumps(body).encode())

            def send(self, body: bytes) -> None:
                try:
                    self.send_response(200)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the client gave up

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def agent(self, timeout: float = 20.0) -> EngineAgent:
        async def at_once(seconds: float) -> None:
            pass

        return EngineAgent(CARD, Store(), OpenAIEngine(self.url, CARD, timeout=timeout, sleep=at_once), SHORT)


REPLIES = {
    "graph": ('{"nodes": [{"id": "a", "role": "assistant", "model": "bee"}], "edges": []}', 30),
    "garbage": ("\u0000 �� lorem } ipsum {", 20),
    "truncated": ('{"nodes": [{"id": "a", "role": "assis', 12),
    "wrong ids": ('{"nodes": [{"id": "a", "role": "chef", "model": "gpt-9"}], "edges": [["a", "zebra"]]}', 40),
    "endless": ("{ and so on " * 30_000, 30_000),
    "silence": ("", 0),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.mark.parametrize("name", AGENT_METHODS)
@pytest.mark.parametrize("mode", ["graph", "garbage", "truncated", "wrong ids", "endless"])
def test_methods_stand_whatever_a_server_says(server, name, mode):
    server.mode, server.requests = mode, 0
    agent = server.agent()
    graph, sitting = run(load_method(name), Toy(evaluations=6), agent=agent)
    agent.close()
    assert sitting.problem.space.contains(graph) is None
    asked = [event for event in sitting.events if "reply" in event]  # one that costs more than is left is withheld
    assert 0 < len(asked) <= server.requests
    assert sitting.ledger.by_category["agent"] > 0
    assert sitting.ledger.spent <= sitting.ledger.limit


@pytest.mark.parametrize("mode", ["silence", "no json"])
def test_a_server_that_fails_is_an_engine_error_and_not_the_methods_fault(server, mode):
    server.mode = mode
    agent = server.agent(timeout=0.1)
    sitting = _Watched(Toy(), 0, agent)
    with pytest.raises(EngineError):
        load_method("textgrad").search(sitting.problem, np.random.default_rng(0))
    agent.close()
    assert sitting.ledger.reserved == 0


@pytest.mark.models
def test_a_real_model_is_asked_and_replays(tmp_path):
    """SmolLM2 writes JSON of the form, because llama.cpp holds it to the schema; then the same without a model."""
    card = load_pool("embedded")["smollm2-135m"]
    short = Sampling(temperature=0.7, max_tokens=24)

    def converse(agent: EngineAgent) -> tuple[list[str], list[dict[str, Any]]]:
        sitting = _Watched(Toy(), 0, agent)
        question = [{"role": "user", "content": "Which animal is small? Answer as JSON."}]
        said = [
            ask_json(sitting.problem, question, Name, read=lambda form: form.name, fallback=lambda: "none", retries=1)
            for _ in range(2)
        ]
        assert sitting.ledger.by_category["agent"] > 0
        return said, sitting.events

    with Store(tmp_path / "store.sqlite") as store:
        agent = EngineAgent(card, store, launch("llama_cpp", [card], slots=1)[card.name], short)
        live = converse(agent)
        agent.close()
        assert store.info().models == {"smollm2-135m": len(live[1])}
        assert converse(EngineAgent(card, store, None, short)) == live


@pytest.mark.parametrize(
    ("spec", "tokens", "temperature"),
    [
        *(("smollm2-135m", 1024, 0.7), ("smollm2-135m=echo", 1024, 0.7), ("smollm2-135m@16384", 16384, 0.7)),
        *(("smollm2-135m@16384,0.1=echo", 16384, 0.1), ("smollm2-135m@64,0=http://127.0.0.1:1/v1", 64, 0.0)),
    ],
)
def test_an_agents_limits_stand_behind_its_name(spec, tokens, temperature):
    agent = load_agent(spec, Store(), engine=None)
    assert agent.card.name == "smollm2-135m"
    assert (agent.sampling.max_tokens, agent.sampling.temperature) == (tokens, temperature)
    assert agent.worst_case(HELLO)[1] == tokens


@pytest.mark.parametrize("limits", ["", "many", "0", "200000", "16,9", "16,", "16,0.1,2", "-4"])
def test_limits_that_are_none_are_refused(limits):
    with pytest.raises(InputError, match="must be MODEL@TOKENS"):
        load_agent(f"smollm2-135m@{limits}", Store(), engine=None)


def test_the_share_of_fallbacks_is_told():
    sitting = _Watched(Toy(), 0, EngineAgent(CARD, Store(), scripted("what?", "what?", "what?", '{"name": "bee"}')))
    for _ in range(2):
        ask_json(sitting.problem, HELLO, Name, read=lambda form: form.name, fallback=lambda: "none", decides=True)
    assert [event["by"] for event in sitting.events if event["event"] == "decided"] == ["fallback", "agent"]
    assert fallback_share(sitting.events) == 0.5
    assert fallback_share([]) is None
    with pytest.raises(InputError, match="must be 'agent' or 'fallback'"):
        sitting.problem.decided("chance")
