"""The checks that execute a submission's code, in a process whose end decides nothing.

JSON lines come back: a finding each, then that these were all. A process that ends before it has said so is a fault,
and so is a check that takes longer than CHECK_SECONDS.
Each line carries a word that the process was given before it imported anything foreign, so that code which finds the
descriptor cannot simply write findings of its own. Code that searches the memory of its process still can: these checks
serve those who write a method. What counts for others is verification, where the method runs in isolation.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ttgbench.errors import TTGBenchError, named
from ttgbench.methods.conformance import Finding

_BOOT = "from ttgbench.methods.submission.elsewhere import main; main()"
CHECK_SECONDS = 120.0
_HANGS = (
    "takes longer than {:g} s; evaluations of graphs seen before are free, so a loop that waits for BudgetExhausted "
    "may never end: count your own rounds"
)
_LINE, _MESSAGE = 1 << 16, 4000
"""Longest line in bytes; longest message in characters, each of which JSON may spell in twelve bytes."""


class _Clock:
    """Kills a process unless it is set again in time."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.rang = False
        self._process, self._seconds = process, seconds
        self._timer: threading.Timer | None = None

    def set(self) -> None:
        self.stop()
        self._timer = threading.Timer(self._seconds, self._ring)
        self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        self.rang = True
        self._process.kill()


def findings_elsewhere(folder: Path, seconds: float = CHECK_SECONDS) -> Iterator[Finding]:
    """Findings as they come; at most `seconds` between two. Raises the TTGBenchError that the checks raised.

    What the submission prints goes to stderr.
    """
    word = secrets.token_hex()
    incoming, outgoing = os.pipe()
    path = os.pathsep.join(dict.fromkeys([str(Path(__file__).parents[3]), *filter(None, sys.path)]))
    with os.fdopen(incoming, "rb") as stream:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _BOOT, str(folder.resolve()), str(outgoing)],
                stdin=subprocess.PIPE,
                stdout=sys.__stderr__,
                pass_fds=[outgoing],
                env={**os.environ, "PYTHONPATH": path},
            )
        finally:
            os.close(outgoing)
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(word.encode())
        clock = _Clock(process, seconds)
        try:
            clock.set()
            while line := stream.readline(_LINE):
                finding = _finding(line, word)
                if finding is None:
                    return
                clock.stop()
                yield finding
                clock.set()
            if clock.rang:
                yield Finding("ends in time", f"the check after the last one {_HANGS.format(seconds)}")
                return
            yield Finding("lets its checks finish", f"its code ended the process, with exit code {process.wait()}")
        except ValueError:
            yield Finding("lets its checks finish", "its code wrote among the findings")
        finally:
            clock.stop()
            process.kill()
            process.wait()


def _finding(line: bytes, word: str) -> Finding | None:
    """None after the last. Raises ValueError for what is no line of ours."""
    match json.loads(line):
        case [given, what] if given == word:
            pass
        case _:
            raise ValueError("not said by the checks")
    match what:
        case {"check": str(check), "fault": str() | None as fault}:
            return Finding(check, fault)
        case {"raised": [str(kind), str(message)]}:
            raise named(kind, message)
        case "done":
            return None
    raise ValueError("no finding")


def main() -> None:
    """The other process. Arguments: the submission's folder, and the descriptor that findings are written to."""
    from ttgbench.methods.submission.execute import code_findings

    word = sys.stdin.read()
    with os.fdopen(int(sys.argv[2]), "w", encoding="utf-8") as stream:

        def say(what: object) -> None:
            print(json.dumps([word, what]), file=stream, flush=True)

        try:
            for finding in code_findings(Path(sys.argv[1])):
                fault = None if finding.fault is None else finding.fault[:_MESSAGE]
                say({"check": finding.check, "fault": fault})
            say("done")
        except TTGBenchError as error:
            say({"raised": [type(error).__name__, str(error)[:_MESSAGE]]})
    sys.stdout.flush()
    os._exit(0)  # threads and exit handlers of the submission have nothing left to do
