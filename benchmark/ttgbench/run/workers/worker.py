"""The child process of `supervisor.py`: runs the jobs that come through a connection, one after another.

    python -m ttgbench.run.workers.worker CONNECTION LIFELINE    # two file descriptors

Jobs come pickled from the harness; what goes back is JSON, since this process runs code that nobody vouches for.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from ttgbench.errors import TTGBenchError
from ttgbench.run.workers.base import Job, Performer, Setup

OUTPUT_NAME = "output.txt"
"""What a method printed, beside its result; there is none if it printed nothing."""
COLLECTION = (50_000, 20, 100)
"""When Python looks for cyclic garbage. A search makes millions of small objects and hardly a cycle; with Python's own
thresholds, a seventh of the time of a simulated run goes into looking."""
STARTED = b'"started"'
"""Says that all is loaded and the clock of the job runs."""


def main(connection_fd: int, lifeline_fd: int) -> None:
    """Ends when the connection or the lifeline is closed: when the harness ends, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    gc.set_threshold(*COLLECTION)
    threading.Thread(target=_die_with_the_harness, args=(lifeline_fd,), daemon=True).start()
    connection = Connection(connection_fd)
    with contextlib.suppress(EOFError, BrokenPipeError):
        setup: Setup = connection.recv()
        with setup.open() as session:
            perform = Performer(setup.suite, session, setup.isolate)
            while True:
                job = connection.recv()
                answer = _answer(job, partial(perform.prepare, job))
                if answer is None:
                    connection.send_bytes(STARTED)
                    answer = _answer(job, partial(perform, job))
                connection.send_bytes(json.dumps(answer).encode())


def _die_with_the_harness(lifeline_fd: int) -> None:
    os.read(lifeline_fd, 1)  # returns when the other end is closed
    os.killpg(0, signal.SIGKILL)


def _answer(job: Job, do: Callable[[], None]) -> list[str] | None:
    """None if it was done, else the kind of error and its message."""
    with _output_to(job.folder / OUTPUT_NAME):
        try:
            do()
        except TTGBenchError as error:
            return [type(error).__name__, str(error)]
        except Exception:
            return ["", traceback.format_exc()]
    return None


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Sends stdout and stderr of this process, down to C code, into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = [os.dup(1), os.dup(2)]
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        empty = os.fstat(file).st_size == 0
        for fd in (*saved, file):
            os.close(fd)
        if empty:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
