"""A worker process and who looks after it: hands it jobs, stops it at its limit, replaces it when it is gone.

Why not a library's pool: a search may fork, and the children must go when it goes, so every worker leads a process
group that is killed as a whole; and where the pools of concurrent.futures, pebble and loky share one queue between
workers, here each worker has a connection of its own that no other can read or break.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Literal

from ttgbench.errors import named
from ttgbench.problems.method import ONE_THREAD
from ttgbench.run.workers.base import Job, Outcome, Setup

TICK = 0.1
"""Seconds between two looks at whether a silent worker still lives."""
SECONDS_TO_LOAD = 600.0
"""For a method's imports and a problem's data; not counted as search."""


class Gone(Exception):
    """The worker is no more; says how its job ended."""

    def __init__(self, status: Literal["timeout", "died"], message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(slots=True)
class _Worker:
    """A running child. It serves one method, so that what a method breaks in its process is its own."""

    process: subprocess.Popen[bytes]
    connection: Connection
    lifeline: int
    method: str

    def exited(self) -> bool:
        """Leaves the process unreaped, so that its group can still be killed safely."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def kill(self) -> int:
        """Ends the process and all that it forked; returns its exit code, minus the signal that killed it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.connection.close()
        os.close(self.lifeline)
        return self.process.wait()


class Supervisor:
    """Runs jobs one after another in a worker process. Used by one thread, but may be closed by another."""

    def __init__(self, setup: Setup, timeout: float) -> None:
        self._setup, self._timeout = setup, timeout
        self._worker: _Worker | None = None
        self._closed = False
        self._lock = threading.Lock()

    def run(self, job: Job) -> Outcome:
        """Raises as `Backend.run`. A worker that dies gets a second try, in case it was another job's fault."""
        try:
            try:
                self._attempt(job)
            except Gone as gone:
                if gone.status == "timeout":
                    raise
                self._attempt(job)
        except Gone as gone:
            try:
                self._attempt(replace(job, killed=(gone.status, gone.message)))
            except Gone as again:
                return Outcome(job, f"{gone.message}; then its log could not be scored: {again.message}")
        return Outcome(job)

    def close(self) -> None:
        """Ends the worker, whatever it does."""
        with self._lock:
            self._closed = True
            if self._worker is not None:
                self._worker.kill()

    def _attempt(self, job: Job) -> None:
        worker = self._worker_for(job.method)
        try:
            worker.connection.send(job)
            answer = self._next_message(worker, max(self._timeout, SECONDS_TO_LOAD))
            if answer == "started":
                answer = self._next_message(worker, self._timeout)
        except (OSError, EOFError, ValueError):
            raise Gone("died", f"its process ended: {_said(self._lose(worker))}") from None
        if answer is not None:
            kind, message = answer
            if not kind:
                raise RuntimeError(f"{job.folder}: {message}")
            raise named(kind, message)

    def _next_message(self, worker: _Worker, seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        while not worker.connection.poll(TICK):
            if worker.exited():
                raise EOFError
            if time.monotonic() > deadline:
                self._lose(worker)
                raise Gone("timeout", f"ran past its limit of {seconds:g} seconds")
        return json.loads(worker.connection.recv_bytes(1 << 20))

    def _lose(self, worker: _Worker) -> int:
        with self._lock:
            self._unless_closed()
            self._worker = None
            return worker.kill()

    def _worker_for(self, method: str) -> _Worker:
        with self._lock:
            self._unless_closed()
            if self._worker is not None and (self._worker.method != method or self._worker.exited()):
                self._worker.kill()
                self._worker = None
            if self._worker is None:
                self._worker = _start(self._setup, method)
            return self._worker

    def _unless_closed(self) -> None:
        if self._closed:
            raise KeyboardInterrupt


def _start(setup: Setup, method: str) -> _Worker:
    ours, theirs = Pipe()
    lifeline, held = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "ttgbench.run.workers.worker", str(theirs.fileno()), str(lifeline)],
        pass_fds=(theirs.fileno(), lifeline),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    theirs.close()
    os.close(lifeline)
    worker = _Worker(process, ours, held, method)
    with contextlib.suppress(BrokenPipeError):  # noticed when the first job is sent
        ours.send(setup)
    return worker


def _said(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
