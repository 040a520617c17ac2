"""The process of an isolated method: started, spoken to in JSON lines, held to its limits, ended.

harness                                   method
{"problem": ..., "rng": ..., ...}    ->
                                     <-   {"call": "evaluate_many", "graphs": [...], "questions": null}
{"result": ..., "ledger": ...}       ->
                                     <-   {"returned": graph} or {"raised": [type, message]}
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from ttgbench.errors import MethodDied, MethodStopped, MethodTimeout, SandboxUnavailable
from ttgbench.run.isolation.fork_server import Child, fork_method
from ttgbench.run.isolation.inside.lock import MAX_FILE_BYTES
from ttgbench.run.isolation.limits import IsolationLimits
from ttgbench.sandbox.inside import confine

MAX_MESSAGE_BYTES = 16 << 20
"""Longest line from a method."""
_START_SECONDS = 120.0
_TICK = 0.25  # seconds between two looks at threads and files
_KEPT_OUTPUT = 16 << 10


class MethodProcess:
    """One started process. Used by one thread. Raises SandboxUnavailable where it cannot be contained."""

    def __init__(self, folder: Path, limits: IsolationLimits) -> None:
        self.limits = limits
        self.output = bytearray()
        """The last of what it printed."""
        self._printed = 0
        self._left = limits.seconds
        self._buffer = bytearray()
        self._work = tempfile.mkdtemp(prefix="ttgbench-method-")
        self._looked = 0.0
        to_child, self._to = os.pipe()
        self._from, from_child = os.pipe()
        self._printing, printing = os.pipe()
        self._child: Child | None = None
        self._code: int | None = None
        settings = {"folder": str(folder), "work": self._work, "memory": limits.memory_bytes}
        try:
            self._child = fork_method(settings, [to_child, from_child, printing])
        except BaseException:
            self.close()
            raise
        finally:
            for descriptor in (to_child, from_child, printing):
                os.close(descriptor)
        for descriptor in (self._to, self._from, self._printing):
            os.set_blocking(descriptor, False)

    def wait_until_contained(self) -> None:
        """Waits until it has locked itself in. Raises SandboxUnavailable; nothing of the method has run then."""
        self._left = _START_SECONDS
        try:
            said = self.receive()
        except MethodStopped as error:
            raise SandboxUnavailable(f"a method cannot be isolated here: {error}; it said: {self.said}") from None
        if said.get("contained") is not True:
            raise SandboxUnavailable(f"a method cannot be isolated here: {str(said.get('contained'))[:500]}")
        self._left = self.limits.seconds

    @property
    def said(self) -> str:
        """The last of what it printed, as text."""
        return self.output.decode(errors="replace").strip()

    def send(self, message: dict[str, Any]) -> None:
        """Raises MethodStopped, also where it does not read."""
        view = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        while view:
            self._wait(writing=True)
            try:
                view = view[os.write(self._to, view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._death() from None

    def receive(self) -> dict[str, Any]:
        """The next message. Raises MethodStopped."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > MAX_MESSAGE_BYTES:
                raise MethodDied(f"sent a line of more than {MAX_MESSAGE_BYTES >> 20} MiB")
            self._wait(writing=False)
            with contextlib.suppress(BlockingIOError):
                chunk = os.read(self._from, 1 << 16)
                if not chunk:
                    raise self._death()
                self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise MethodDied("broke the protocol: sent something that is no JSON") from None
        if not isinstance(message, dict):
            raise MethodDied("broke the protocol: sent something that is no message")
        return message

    def close(self) -> None:
        """Ends it and removes its folder. May be called twice."""
        self._end()
        for name in ("_to", "_from", "_printing"):
            if (descriptor := getattr(self, name)) >= 0:
                os.close(descriptor)
                setattr(self, name, -1)
        with contextlib.suppress(OSError):
            confine.wipe(self._work)
            os.rmdir(self._work)

    def _wait(self, *, writing: bool) -> None:
        """Returns when the pipe may be ready, having drained what was printed. Raises MethodStopped at a limit."""
        began = time.monotonic()
        poll = select.poll()
        poll.register(self._to if writing else self._from, select.POLLOUT if writing else select.POLLIN)
        if self._printing >= 0:
            poll.register(self._printing, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(1000 * max(0.0, min(self._left, _TICK)))]
        if self._printing in ready:
            self._drain()
        now = time.monotonic()
        self._left -= now - began
        if self._left <= 0:
            raise MethodTimeout(f"ran longer than {self.limits.seconds:g} s")
        if now - self._looked > _TICK:
            self._looked = now
            self._look()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            chunk = os.read(self._printing, 1 << 16)
            self._printed += len(chunk)
            self.output += chunk
            del self.output[:-_KEPT_OUTPUT]
            if self._printed > self.limits.output_bytes:
                raise MethodDied(f"printed more than {self.limits.output_bytes:,} bytes")
            if not chunk:
                os.close(self._printing)
                self._printing = -1

    def _look(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # it has ended and been reaped
            if self._child is not None and confine.threads(self._child.pid) > self.limits.threads:
                raise MethodDied(f"started more than {self.limits.threads} threads")
        limit = self.limits.disk_bytes
        if self._child is not None and confine.too_much_disk(self._work, limit, self._child.pid, MAX_FILE_BYTES):
            raise MethodDied(f"wrote more than {self.limits.disk_bytes:,} bytes")

    def _death(self) -> MethodDied:
        """What to say of a process that has closed its pipe."""
        if self._child is not None and self._child.ends_within(5):
            self._end()
        while self._printing >= 0 and select.select([self._printing], [], [], 0)[0]:
            self._drain()
        if self._code is None:
            return MethodDied("broke the protocol: closed its pipe")
        if self._code < 0:
            return MethodDied(f"was killed by {signal.Signals(-self._code).name}")
        return MethodDied(f"ended without a result (exit code {self._code})")

    def _end(self) -> None:
        """Kills it, unless it has ended, and notes how it ended."""
        if self._child is not None:
            child, self._child = self._child, None
            self._code = child.end()
