"""What cells side by side are worth on one live engine: generations per second with one worker and with several.

    python benchmark/perf/cells.py --engine http://127.0.0.1:8000/v1 --jobs 4
    python benchmark/perf/cells.py --latency 0.25 --jobs 4     # a toy server that answers any request after so long

Two methods that evaluate one graph at a time, on a dozen questions each, so that one run alone cannot fill an engine.
Legs go 1, N, N, 1, each with a store of its own; prints JSON. Starting workers is in the time. The toy server is what a
large GPU is to a few small requests: it takes as many at once as come.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ttgbench.evaluate.store.store import Store
from ttgbench.problems.suite import Suite
from ttgbench.run.experiment import run_on
from ttgbench.run.workers.base import Setup
from ttgbench.run.workers.processes import Processes

METHODS = ["random_search", "local_search"]


def suite(arguments: argparse.Namespace) -> Suite:
    """One problem on one model."""
    problem = {
        "name": "one",
        "task": arguments.task,
        "pool": arguments.pool,
        "models": [arguments.model],
        "budget": "4 units",
        "space": {"max_nodes": 5, "max_width": 4, "max_depth": 3, "max_in_degree": 4},
        "search_questions": arguments.questions,
        "test_questions": arguments.questions,
    }
    return Suite.model_validate(
        {"schema": 1, "name": "cells", "version": 1, "description": "-", "search_evaluations": 4, "problems": [problem]}
    )


class Toy(BaseHTTPRequestHandler):
    """An OpenAI-compatible server that says the same to everybody, after a while."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    latency, model = 0.0, ""

    def do_GET(self) -> None:
        """The models."""
        self._say({"object": "list", "data": [{"id": self.model, "object": "model"}]})

    def do_POST(self) -> None:
        """A completion."""
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.latency)
        text = {"text": "Answer: 7", "message": {"role": "assistant", "content": "Answer: 7"}}
        choice = {"index": 0, "finish_reason": "stop", **text}
        usage = {"prompt_tokens": 50, "completion_tokens": 4, "total_tokens": 54}
        self._say({"id": "0", "object": "completion", "model": self.model, "choices": [choice], "usage": usage})

    def _say(self, answer: dict[str, Any]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


class ToyServer(ThreadingHTTPServer):
    """With room for all that connect at once."""

    daemon_threads = True
    request_queue_size = 1024


def leg(arguments: argparse.Namespace, jobs: int) -> dict[str, Any]:
    """All cells with so many workers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        setup = Setup(suite(arguments), path, arguments.engine, slots=arguments.slots)
        started = time.perf_counter()
        backend = Processes(setup, jobs, 3600.0)
        run_on(backend, Path(folder), setup.suite, METHODS, arguments.seeds, arguments.engine, lambda *_: None)
        seconds = time.perf_counter() - started
        with Store(path, read_only=True) as store:
            info = store.info()
    return {
        "jobs": jobs,
        "seconds": round(seconds, 1),
        "generations": info.generations,
        "tokens_out": info.tokens_out,
        "generations_per_second": round(info.generations / seconds, 2),
    }


def main() -> None:
    """Prints the legs and the ratio of their rates."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--latency", type=float)
    parser.add_argument("--pool", default="embedded")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--task", default="micro_math")
    parser.add_argument("--questions", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--slots", type=int)
    parser.add_argument("--jobs", type=int, default=4)
    arguments = parser.parse_args()
    if arguments.latency is not None:
        Toy.latency, Toy.model = arguments.latency, arguments.model
        server = ToyServer(("127.0.0.1", 0), Toy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        arguments.engine = f"http://127.0.0.1:{server.server_port}/v1"
    legs = [leg(arguments, jobs) for jobs in (1, arguments.jobs, arguments.jobs, 1)]
    rate = {
        jobs: sum(each["generations"] for each in legs if each["jobs"] == jobs)
        / sum(each["seconds"] for each in legs if each["jobs"] == jobs)
        for jobs in (1, arguments.jobs)
    }
    print(json.dumps({"machine": platform.processor() or platform.machine(), "engine": arguments.engine, "legs": legs}))
    print(json.dumps({"ratio": round(rate[arguments.jobs] / rate[1], 3)}))


if __name__ == "__main__":
    main()
