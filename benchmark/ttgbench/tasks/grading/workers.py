"""Runs a grader in worker processes, so that an answer that hangs, crashes or eats memory costs one grade only.

    with GraderPool("ttgbench.tasks.grading.math:grade", jobs=2, seconds=5) as pool:
        grades = pool.grade([{"output": "\\boxed{5}", "reference": "5"}, ...])

Each worker is a fresh interpreter (never a fork of a process with threads) that speaks JSON lines over its pipes: it
gets the function's name and plain data. The kernel ends it when an item has used `seconds` of processor time
(ITIMER_PROF, which also stops C code that never looks up); the parent ends it when `WALL` times that has passed on the
clock, so that a busy machine does not change grades. It dies with its parent, as it reads the end of its pipe.
"""

from __future__ import annotations

import collections
import contextlib
import json
import logging
import os
import queue
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ttgbench.errors import InputError, TTGBenchError
from ttgbench.tasks.task import UNGRADABLE, Grade

WALL = 4
"""An item may take this many times its processor time on the clock."""

START_SECONDS = 120
"""A worker that is not ready by then never will be: importing sympy takes 1 to 2 s."""

MEMORY = 2 << 30
"""Address space of a worker in bytes. sympy needs about 0.3 GiB."""

_log = logging.getLogger(__name__)


class GraderPool:
    """Grades batches in `jobs` worker processes that stay warm from one batch to the next.

    function: "package.module:name" or "/path/to/file.py:name", called as `name(**item)` and returning a Grade. A
        `warm_up()` beside it is called once per worker, outside any limit.
    jobs: number of workers; 0 grades in this process, without limits, for graders that are cheap and safe.
    seconds: processor time that one item may use.
    memory: bytes of address space of one worker.

    An item whose worker exceeds a limit or dies is UNGRADABLE, as is one whose function raises; the worker is replaced
    and the other items go on. Grades come in the order of the items and do not depend on `jobs`.
    """

    def __init__(self, function: str, *, jobs: int = 2, seconds: float = 5.0, memory: int = MEMORY) -> None:
        if jobs < 0 or seconds <= 0:
            raise InputError(f"jobs must be >= 0 and seconds > 0, not {jobs} and {seconds}", source="GraderPool")
        self.function, self.jobs, self.seconds, self.memory = function, jobs, seconds, memory
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()

    def grade(self, items: Sequence[Mapping[str, Any]]) -> list[Grade]:
        """One grade per item (keyword arguments of the function, plain JSON data), in order.

        Raises InputError when the function cannot be loaded, TTGBenchError when workers do not start.
        """
        with self._lock:
            if not self.jobs:
                return _grade_here(_load(self.function), items)
            while len(self._workers) < min(self.jobs, len(items)):
                self._workers.append(_Worker(self.function, self.seconds, self.memory))
            grades: list[Grade | None] = [None] * len(items)
            todo = iter(range(len(items)))  # next() on a range iterator is atomic: threads share it

            def drain(worker: _Worker) -> None:
                for index in todo:
                    grades[index] = worker.grade(items[index])

            busy = self._workers[: len(items)]
            with ThreadPoolExecutor(max(1, len(busy))) as threads:
                try:
                    for done in [threads.submit(drain, worker) for worker in busy]:
                        done.result()
                finally:
                    collections.deque(todo, maxlen=0)  # after an error or Ctrl-C no thread takes another item
            return [grade if grade is not None else Grade(UNGRADABLE, None) for grade in grades]

    def close(self) -> None:
        """Ends all workers. The pool can be used again; it then starts new ones."""
        with self._lock:
            for worker in self._workers:
                worker.stop()
            self._workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Worker:
    """The parent's side of one worker process: started when first needed, replaced when it died."""

    def __init__(self, function: str, seconds: float, memory: int) -> None:
        self.function, self.seconds, self.memory = function, seconds, memory
        self.process: subprocess.Popen[bytes] | None = None

    def grade(self, item: Mapping[str, Any]) -> Grade:
        request = json.dumps(dict(item)).encode()  # ASCII: lone surrogates travel as escapes
        if self.process is None:
            self._start()
        reply = self._exchange(request, WALL * self.seconds)
        if reply is None:
            _log.info("a grader's worker exceeded its limits or died; the item is ungradable")
            self.stop()
            return Grade(UNGRADABLE, None)
        return Grade(*reply["grade"])

    def stop(self) -> None:
        """Kills the process: between two items there is nothing to save."""
        if self.process is not None:
            self.process.kill()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # what was still buffered for a dead worker
                        pipe.close()
            self.process.wait()
            self.process = None

    def _start(self) -> None:
        package_root = str(Path(__file__).resolve().parents[3])
        path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, self.function, str(self.seconds), str(self.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # One hash seed for all workers: no grade may depend on the order of a set.
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"},
        )
        reply = self._exchange(None, START_SECONDS)
        if reply is None or "error" in reply:
            self.stop()
            if reply is None:
                raise TTGBenchError(f"a worker process for grader {self.function} does not start")
            raise InputError(reply["error"], source=self.function)

    def _exchange(self, request: bytes | None, seconds: float) -> dict[str, Any] | None:
        """Sends a line if there is one and reads the answer's; None when the worker died or is late."""
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            if request is not None:
                self.process.stdin.write(request + b"\n")
                self.process.stdin.flush()
            poll = select.poll()
            poll.register(self.process.stdout, select.POLLIN)
            if not poll.poll(seconds * 1000):
                return None
            line = self.process.stdout.readline()
        except OSError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None


def _grade_here(function: Callable[..., Grade], items: Sequence[Mapping[str, Any]]) -> list[Grade]:
    grades = []
    for item in items:
        try:
            grades.append(function(**item))
        except Exception as error:
            _log.info("the grader failed on an item: %r", error)
            grades.append(Grade(UNGRADABLE, None))
    return grades


def _load(path: str) -> Callable[..., Grade]:
    """The function that `path` names, after its module's `warm_up()`. Raises InputError."""
    import importlib
    import importlib.util

    where, _, name = path.rpartition(":")
    try:
        if where.endswith(".py"):
            spec = importlib.util.spec_from_file_location("ttgbench_grader", where)
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules["ttgbench_grader"] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(where)
        function: Callable[..., Grade] = getattr(module, name)
        getattr(module, "warm_up", lambda: None)()
    except Exception as error:
        message = f"cannot load this grader ({type(error).__name__}: {error}); expected 'package.module:function'"
        raise InputError(message, source=path) from error
    return function


def _serve(path: str, seconds: float, memory: int) -> None:
    """The worker's life: load, say so, then one reply line per request line until the pipe ends."""
    # The grader may print: replies go to a private copy of stdout, and stdout itself to nowhere.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every platform
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def reply(**message: object) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    try:
        function = _load(path)
    except InputError as error:
        return reply(error=error.message)
    reply(ready=True)

    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    while True:
        item = json.loads(requests.get())
        signal.setitimer(signal.ITIMER_PROF, seconds)
        grade = _grade_here(function, [item])[0]
        signal.setitimer(signal.ITIMER_PROF, 0)
        reply(grade=[grade.status, grade.answer])


def _read_requests(requests: queue.SimpleQueue[bytes]) -> None:
    """Reads beside the grading thread, so that the parent's death ends a worker that is still at work."""
    for line in sys.stdin.buffer:
        requests.put(line)
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
