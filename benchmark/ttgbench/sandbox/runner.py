"""Running programs and tests in the sandbox: a pool of fork servers under one layer, and what came of a run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ttgbench.errors import SandboxUnavailable
from ttgbench.sandbox.inside.limits import MAX_OUTPUT_BYTES, Limits
from ttgbench.sandbox.server import Server, ServerDied, memory_file

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one contained program."""

    status: str
    """One of "exited" (see exit_code), "killed" (by signal -exit_code), "timeout", and "output", "threads", "disk" (too
    much of that)."""
    exit_code: int
    stdout: bytes
    """At most the output limit, as stderr."""
    stderr: bytes
    layer: str
    seconds: float
    """Wall time. Varies from run to run; belongs in no result."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of one candidate and its tests."""

    status: str
    """"passed", "failed" (a test), "error" (the code does not load), "crashed" (its process), "timeout", "ungradable"
    (the tests' fault)."""
    detail: str
    """One line for a reader; "" where passed."""
    layer: str


class Sandbox:
    """Contained processes under one layer. Thread-safe: each running job has a fork server to itself."""

    def __init__(self, layer: str) -> None:
        self.layer = layer
        self._idle: list[Server] = []
        self._lock = threading.Lock()

    def run_python(
        self, code: str, *, stdin: bytes = b"", limits: Limits = Limits(), output_bytes: int = MAX_OUTPUT_BYTES
    ) -> Outcome:
        """Runs a program as `python FILE` would, with the standard library and an empty folder as its current one.

        Raises SandboxUnavailable.
        """

        def job(server: Server) -> Outcome:
            began = time.monotonic()
            with _files({"code": code}, stdin) as files, contextlib.ExitStack() as stack:
                pipes = [os.pipe(), os.pipe()]
                readers = [stack.enter_context(open(reader, "rb", buffering=0)) for reader, _ in pipes]
                try:
                    server.submit("script", limits, [*files, *(writer for _, writer in pipes)])
                finally:
                    for _, writer in pipes:
                        os.close(writer)
                outputs, overflow = _collect(readers, output_bytes, server)
                end, exit_code, _ = server.ends(limits)["script"]
            status = "output" if overflow else "timeout" if end in ("cpu", "wall") else end
            status = "killed" if status == "exited" and exit_code < 0 else status
            return Outcome(status, exit_code, outputs[0], outputs[1], self.layer, time.monotonic() - began)

        return self._with_server(job)

    def judge(self, candidate: str, tests: str, entry_point: str | None, setup: str, limits: Limits) -> Judgement:
        """Runs tests against a candidate, each in a process and an interpreter of its own (see inside/judge.py).

        Raises SandboxUnavailable.
        """

        def job(server: Server) -> Judgement:
            orders = {"setup": setup, "tests": tests, "entry_point": entry_point}
            report_out, report_in = os.pipe()
            with open(report_out, "rb") as report, _files({"setup": setup, "candidate": candidate}, orders) as files:
                try:
                    server.submit("judged", limits, [*files, report_in])
                finally:
                    os.close(report_in)
                ends = server.ends(limits)
                return Judgement(*_verdict(ends, report.read()), self.layer)

        return self._with_server(job)

    def close(self) -> None:
        """Ends all idle fork servers. The sandbox can be used again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for server in idle:
            server.close()

    def _with_server(self, job: Callable[[Server], _Result]) -> _Result:
        """Does a job on an idle or a new fork server; once more on a new one where the first has died."""
        for _ in range(2):
            with self._lock:
                usable = (self._idle.pop() for _ in list(self._idle))
                server = next((server for server in usable if server.usable), None)
            server = server or Server(self.layer)
            try:
                result = job(server)
            except ServerDied:
                server.close()
                self.close()
                continue
            except BaseException:
                server.close()
                raise
            with self._lock:
                self._idle.append(server)
            return result
        raise SandboxUnavailable(f"{self.layer}: the fork server ended twice during one job")


@contextlib.contextmanager
def _files(*contents: object) -> Iterator[list[int]]:
    """Descriptors of anonymous files: bytes as they are, anything else as JSON."""
    files = [memory_file(item if isinstance(item, bytes) else json.dumps(item).encode()) for item in contents]
    try:
        yield files
    finally:
        for descriptor in files:
            os.close(descriptor)


def _collect(readers: Sequence[io.FileIO], limit: int, server: Server) -> tuple[list[bytes], bool]:
    """What the streams said until all were closed or the server reported, at most `limit` bytes each, and whether one
    said more (the job is then stopped)."""
    outputs = [bytearray() for _ in readers]
    with selectors.DefaultSelector() as selector:
        for reader, output in zip(readers, outputs, strict=True):
            selector.register(reader, selectors.EVENT_READ, output)
        while selector.get_map():
            for key, _ in selector.select():
                chunk = key.fileobj.read(1 << 16)  # type: ignore[union-attr]
                key.data.extend(chunk)
                if not chunk or len(key.data) > limit:
                    selector.unregister(key.fileobj)
                if len(key.data) > limit:
                    server.stop()
    return [bytes(output[:limit]) for output in outputs], any(len(output) > limit for output in outputs)


def _verdict(ends: dict[str, Any], report: bytes) -> tuple[str, str]:
    """Status and detail. A limit that was passed explains more than what the judge saw of it."""
    reasons = {end for end, _, _ in ends.values()}
    said = json.loads(report) if report else {}
    if said.get("status") == "passed":
        return "passed", ""
    if reasons & {"cpu", "wall"}:
        return "timeout", "it used more than its processor time" if "cpu" in reasons else "it did not end in time"
    if reasons & {"threads", "disk"}:
        return "crashed", f"it used too {'many threads' if 'threads' in reasons else 'much disk'}"
    if not said:
        return "ungradable", f"the judge ended without a verdict (exit code {ends['judge'][1]})"
    code = ends["candidate"][1]
    if said["status"] == "crashed" and code not in (0, -signal.SIGKILL):
        said["detail"] += f" (killed by {signal.Signals(-code).name})" if code < 0 else f" (exit code {code})"
    return said["status"], said["detail"]
