"""The harness's side of worker processes: it evaluates and asks for all of them, with one store and one set of engines.

    with serving(setup) as workers:      # a Setup; workers that it leads to come back here with `remote.py`
        ...

Methods run in workers; store, engines and graders stay here. So cells that run side by side fill the engines together,
what two of them need is generated once, and a worker that is lost, on whichever machine, takes nothing along. Without
models to ask there is nothing to share, and workers evaluate by themselves.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ttgbench.errors import TTGBenchError
from ttgbench.graphs.graph import Graph
from ttgbench.problems.suite import Suite
from ttgbench.run import serialize
from ttgbench.run.context import ProblemContext
from ttgbench.run.session import Session
from ttgbench.run.workers.base import Setup

LOOPBACK = "127.0.0.1"
MAX_REQUEST = 1 << 28
"""Bytes: some hundred thousand graphs."""


@contextlib.contextmanager
def serving(setup: Setup, progress: Any = None, host: str = LOOPBACK) -> Iterator[Setup]:
    """What workers need. host: the address of this machine under which they reach it. Raises as `Session`."""
    if not setup.live:
        yield setup.for_workers()
        return
    with setup.open(progress) as session:
        server = _Server((host, 0), Service(setup.suite, session))
        thread = threading.Thread(target=server.serve_forever, name="ttgbench-service", daemon=True)
        thread.start()
        try:
            yield setup.for_workers(server.address)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class Service:
    """What workers may call, by any number of threads at once. Arguments and results are JSON."""

    def __init__(self, suite: Suite, session: Session) -> None:
        self._specs = {spec.name: spec for spec in suite.problems}
        self._suite, self._session = suite, session
        session.expect(suite)
        self._agent = session.agent
        self._contexts: dict[str, ProblemContext] = {}
        self._lock = threading.Lock()

    def evaluate(
        self, problem: str, graphs: list[Any], questions: list[int], universe: int, split: str
    ) -> dict[str, Any]:
        """As `Evaluator.evaluate`, on one problem."""
        evaluator = self._context(problem).evaluator
        found = evaluator.evaluate([Graph.from_dict(data) for data in graphs], questions, universe, split)
        return {
            "question_ids": list(found[0].question_ids) if found else [],
            "evaluations": [serialize.evaluation_to_wire(evaluation) for evaluation in found],
        }

    def grader(self, problem: str) -> str:
        """Under which grader this problem's answers are graded here: a recording keeps its own."""
        return self._context(problem).card.grader

    def ask(self, messages: list[Any], schema: Any, universe: int, repeat: int) -> list[Any]:
        """As `Agent.ask`."""
        assert self._agent is not None
        reply = self._agent.ask(messages, schema, universe, repeat)
        return [reply.text, reply.tokens_in, reply.tokens_out]

    def _context(self, problem: str) -> ProblemContext:
        with self._lock:
            if problem not in self._contexts:
                self._contexts[problem] = self._session.context(self._suite, self._specs[problem])
            return self._contexts[problem]


class _Server(ThreadingHTTPServer):
    """Answers whoever knows its address, of which a part is secret."""

    daemon_threads = True
    block_on_close = False  # who still waits for an evaluation is a worker that is gone

    def __init__(self, address: tuple[str, int], service: Service) -> None:
        super().__init__(address, _Handler)
        self.service, self.secret = service, secrets.token_hex(16)

    @property
    def address(self) -> str:
        """URL of the service; its path is the secret that callers must know."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}/{self.secret}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: what a call raises is answered, so this is a worker that is gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        _, secret, name = [*self.path.split("/"), "", ""][:3]
        length = self.headers.get("Content-Length", "")
        service = self.server.service
        calls = {"evaluate": service.evaluate, "grader": service.grader, "ask": service.ask}
        if not hmac.compare_digest(secret.encode(), self.server.secret.encode()) or name not in calls:
            self.send_error(404)
        elif not length.isdigit() or int(length) > MAX_REQUEST:
            self.send_error(413)
        else:
            self._answer(calls[name], self.rfile.read(int(length)))

    def _answer(self, call: Any, body: bytes) -> None:
        try:
            answer: Mapping[str, Any] = {"result": call(**json.loads(body))}
        except TTGBenchError as error:
            answer = {"error": [type(error).__name__, str(error)]}
        except Exception as error:
            self.send_error(500, f"{type(error).__name__}: {error}"[:500].replace("\n", " "))
            return
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):  # a worker that is gone
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""
