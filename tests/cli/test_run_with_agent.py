"""`ttgbench run --agent`: what the agent says is billed, survives kill -9, and its failures are one clear error."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from ttgbench.cli import main
from ttgbench.engines import retry
from ttgbench.evaluate.store.store import Store
from ttgbench.problems.suite import load_suite
from ttgbench.run.experiment import STORE
from ttgbench.run.results import LOG_NAME, RESULT_NAME
from ttgbench.run.run import cell_folder
from ttgbench.testing import toy_pool

AGENT = "tutor"
SHIPPED = "llama-3.2-3b"
"""Another agent, whose card everybody has."""
CHEAP = "smollm2-135m"
"""One that can be paid from the search budgets of small models."""
AGENTS = (AGENT, SHIPPED, CHEAP)
TOKENS = {"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 70}
GRAPHS = [
    {"nodes": [{"id": "a", "role": "assistant", "model": "large"}], "edges": []},
    {
        "nodes": [{"id": i, "role": "assistant", "model": "small"} for i in "ab"] + [{"id": "v", "role": "vote"}],
        "edges": [["a", "v"], ["b", "v"]],
    },
    {"nodes": [{"id": "a", "role": "chef", "model": "small"}], "edges": []},
]
"""What the agent proposes; the last is refused."""


class Models:
    """An OpenAI-compatible server that is agent and models at once; the same request gets the same answer.

    hold: (kind of request, number): that one is never answered, and `held` is set when it comes.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.hold: tuple[str, int] | None = None
        self.held, self.release = threading.Event(), threading.Event()
        self.broken = False
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send({"data": [{"id": name, "object": "model"} for name in ("small", "large", *AGENTS)]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                kind = "agent" if body["model"] in AGENTS else "evaluation"
                with server._lock:
                    server.requests[kind] += 1
                    hold = server.hold == (kind, server.requests[kind])
                if hold:
                    server.held.set()
                    server.release.wait()
                elif server.broken and kind == "agent":
                    self.send({"error": {"message": "out of order"}}, 500)
                else:
                    message = {"role": "assistant", "content": said(body)}
                    choice = {"index": 0, "finish_reason": "stop", "message": message}
                    facts = {"id": "x", "object": "chat.completion", "created": 0, "model": body["model"]}
                    self.send({**facts, "choices": [choice], "usage": TOKENS})

            def send(self, data: Any, status: int = 200) -> None:
                body = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.handle_error = lambda request, address: None  # type: ignore[method-assign]  # clients get killed
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()


def said(body: dict[str, Any]) -> str:
    """Criticism, a graph, or a small number."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()
    form = body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("properties", {})
    if "criticism" in form:
        return json.dumps({"criticism": f"It lacks {digest.hex()[:8]}."})
    return json.dumps(GRAPHS[digest[0] % len(GRAPHS)]) if "nodes" in form else str(digest[0] % 10)


@pytest.fixture
def models() -> Iterator[Models]:
    server = Models()
    yield server
    server.close()


@pytest.fixture
def command(tmp_path: Path, tiny_suite_file: Path) -> Any:
    """Arguments of a run of one method that asks, given the server's URL and the folder."""
    pool = toy_pool("small", "large", AGENT).model_dump(mode="json", by_alias=True)
    for card, parameters in zip(pool["models"], (10**8, 2 * 10**8, 6 * 10**7), strict=True):
        card["parameters"] = parameters
    (tmp_path / "pool.yaml").write_text(yaml.safe_dump(pool))
    (tmp_path / "two.yaml").write_text(yaml.safe_dump({**pool, "name": "two", "models": pool["models"][:2]}))
    suite = yaml.safe_load(tiny_suite_file.read_text())
    suite["problems"][0] |= {"pool": str(tmp_path / "two.yaml"), "search_questions": 4, "test_questions": 4}
    tiny_suite_file.write_text(yaml.safe_dump(suite))

    def make(url: str, out: Path, *, agent: str | None = None, engine: str | None = None) -> list[str]:
        spec = agent or f"{tmp_path / 'pool.yaml'}/{AGENT}={url}"
        common = ["run", "--suite", str(tiny_suite_file), "--method", "textgrad", "--engine", engine or url]
        return [*common, "--agent", spec, "--out", str(out), "--json"]

    return make


def ttgbench(*arguments: object, monkeypatch: pytest.MonkeyPatch) -> int:
    """The command in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["ttgbench", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def events(out: Path) -> list[dict[str, Any]]:
    log = cell_folder(out, "tiny-math", "textgrad", 0) / LOG_NAME
    return [json.loads(line) for line in log.read_text().splitlines()]


def files(out: Path) -> dict[str, bytes]:
    """What a run must leave behind byte for byte."""
    folder = cell_folder(out, "tiny-math", "textgrad", 0)
    return {name: (folder / name).read_bytes() for name in (LOG_NAME, RESULT_NAME)}


def test_an_agents_tokens_stand_in_the_ledger_beside_the_evaluations(models, command, tmp_path, monkeypatch, capsys):
    assert ttgbench(*command(models.url, tmp_path / "run"), monkeypatch=monkeypatch) == 0
    [result] = json.loads(capsys.readouterr().out)
    assert result["status"] in ("finished", "exhausted")
    happened = events(tmp_path / "run")
    charged = {kind: [e["charged"] for e in happened if e["event"] == kind] for kind in ("ask", "evaluate")}
    spent = {"agent": sum(charged["ask"]), "evaluation": sum(charged["evaluate"])}
    assert result["search"]["by_category"] == happened[-1]["by_category"] == spent
    assert min(spent.values()) > 0
    assert result["search"]["spent"] == sum(spent.values()) <= result["search"]["limit"]
    assert len(charged["ask"]) == models.requests["agent"] > 2
    assert len(set(charged["ask"])) == 1, "every reply took the same tokens"
    with Store(tmp_path / "run" / STORE, read_only=True) as store:
        assert store.info().models[AGENT] == len(charged["ask"])


@pytest.mark.slow
def test_killed_with_an_agent_and_started_again_it_ends_as_if_never_killed(models, command, tmp_path, monkeypatch):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert ttgbench(*command(models.url, whole), monkeypatch=monkeypatch) == 0
    needed = models.requests["agent"]
    assert needed > 3
    asked = 0
    for hold in (("agent", 1), ("agent", 3), ("evaluation", 2)):
        models.requests.clear()
        models.held.clear()
        models.hold = hold
        process = subprocess.Popen(
            [sys.executable, "-m", "ttgbench", *command(models.url, killed)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert models.held.wait(240)
        finally:
            process.kill()
            process.wait()
        asked += models.requests["agent"]
        assert not (cell_folder(killed, "tiny-math", "textgrad", 0) / RESULT_NAME).exists()
    models.hold = None
    models.requests.clear()
    assert ttgbench(*command(models.url, killed), monkeypatch=monkeypatch) == 0
    assert asked + models.requests["agent"] == needed + 2, "only what was never answered was asked again"
    assert events(killed)[-1]["by_category"] == events(whole)[-1]["by_category"]
    assert files(killed) == files(whole)
    models.requests.clear()
    assert ttgbench("replay", killed, monkeypatch=monkeypatch) == 0
    assert not models.requests, "all of it is recorded"


def test_archived_on_a_simulated_suite_its_replies_are_verified_without_it(models, tmp_path, monkeypatch, capsys):
    problem = {"name": "math", "task": "synthetic_math", "pool": "synthetic", "budget": "18 units"}
    problem |= {"search_questions": 20, "test_questions": 40, "evaluator": "synthetic"}
    suite = {"schema": 1, "name": "simulated", "version": 1, "description": "for tests", "seeds": 2}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({**suite, "search_evaluations": 4, "problems": [problem]}))
    chosen = ("--suite", tmp_path / "s.yaml")
    run = ("run", *chosen, "--method", "textgrad", "--agent", f"{SHIPPED}={models.url}", "--jobs", "2")
    assert ttgbench(*run, "--out", tmp_path / "run", monkeypatch=monkeypatch) == 0
    assert models.requests["agent"] > 2
    submit = ("submit", "textgrad", "--run", tmp_path / "run", "--results", tmp_path / "results")
    assert ttgbench(*submit, monkeypatch=monkeypatch) == 0
    models.close()
    capsys.readouterr()
    verify = ("verify", tmp_path / "results", *chosen, "--json")
    assert ttgbench(*verify, monkeypatch=monkeypatch) == 0
    [found] = json.loads(capsys.readouterr().out)["archives"]
    assert (found["badge"], found["cells"], found["rerun"]) == ("replay-verified", 2, 0)
    assert ttgbench(*verify, "--rerun", "1", monkeypatch=monkeypatch) == 1
    assert json.loads(capsys.readouterr().out)["archives"][0]["reason"] == "no-engine"


@pytest.mark.slow
def test_on_a_recorded_suite_the_agent_alone_is_asked(models, tmp_path, monkeypatch, capsys):
    shipped = load_suite("recorded-micro-v1").to_dict()
    smaller = {"name": "smaller", "search_evaluations": 4, "checkpoints": [2, 4]}
    suite = ("--suite", tmp_path / "smaller.yaml")
    suite[1].write_text(yaml.safe_dump({**shipped, **smaller}))
    run = ("run", *suite, "--method", "textgrad", "--seeds", "1")
    asking = ("--agent", f"{CHEAP}={models.url}", "--out", tmp_path / "run")
    assert ttgbench(*run, *asking, monkeypatch=monkeypatch) == 0
    assert set(models.requests) == {"agent"}, "the recording answers the rest"
    asked = models.requests["agent"]
    assert asked > 3
    submit = ("submit", "textgrad", "--run", tmp_path / "run", "--results", tmp_path / "results")
    assert ttgbench(*submit, monkeypatch=monkeypatch) == 0
    verify = ("verify", tmp_path / "results", *suite, "--fewer-seeds", "--json")
    assert ttgbench(*verify, "--rerun", "1", "--engine", models.url, monkeypatch=monkeypatch) == 0
    assert asked < models.requests["agent"] < 2 * asked, "one cell of three was run again"
    models.close()
    assert ttgbench("replay", tmp_path / "run", monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    assert ttgbench(*verify, monkeypatch=monkeypatch) == 0
    [found] = json.loads(capsys.readouterr().out)["archives"]
    assert (found["badge"], found["cells"], found["rerun"]) == ("replay-verified", 3, 0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        ("smollm2-135=echo", "did you mean 'smollm2-135m'"),
        ("gemma-3-270m=echo", "base model"),
        ("smollm2-135m=warp-drive", "unknown engine"),
        ("nowhere.yaml/tutor=echo", "nowhere.yaml"),
        ("smollm2-135m=http://127.0.0.1:{port}/v1", "does not answer: no connection"),
    ],
)
def test_an_agent_that_cannot_be_had_is_one_clear_error(command, tmp_path, monkeypatch, capsys, agent, message):
    monkeypatch.setattr(retry, "RETRIES", 0)
    arguments = command("", tmp_path / "run", agent=agent.format(port=free_port()), engine="echo")
    arguments[arguments.index("--suite") + 1] = "demo"
    assert ttgbench(*arguments, monkeypatch=monkeypatch) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("error:") == 1
    assert message in shown.err
    assert "Traceback" not in shown.err


def test_a_server_that_breaks_down_leaves_no_result_and_the_run_goes_on_later(
    models, command, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(retry, "RETRIES", 0)
    models.broken = True
    assert ttgbench(*command(models.url, tmp_path / "run"), monkeypatch=monkeypatch) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("error:") == 1
    assert "out of order" in shown.err
    assert not list((tmp_path / "run").rglob(RESULT_NAME))
    models.broken = False
    assert ttgbench(*command(models.url, tmp_path / "run"), monkeypatch=monkeypatch) == 0
    assert events(tmp_path / "run")[-1]["by_category"]["agent"] > 0
