"""Runs a command that does not outlive whoever started it: python supervise.py COMMAND...

When the starter ends, however it ends (kill -9 too), or asks by SIGTERM, the whole process group of the command is
told to stop, and killed after GRACE seconds. When the command ends, what is left of its group is killed and its status
passed on. Standard library only and no package imports, so that it starts at once under any interpreter.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from types import FrameType

GRACE = 10.0
POLL = 0.2
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """The status of the command, or 128 + signal as shells do."""
    starter = int(os.environ.get("TTGBENCH_STARTER", os.getppid()))
    stopped = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    # This process has one thread: code before exec is safe, and the thread that the death signal hangs on stays.
    child = subprocess.Popen(sys.argv[1:], start_new_session=True, preexec_fn=_die_with_parent)
    while child.poll() is None and not stopped and os.getppid() == starter:
        time.sleep(POLL)
    if child.poll() is None:
        _signal(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE)
    _signal(child.pid, signal.SIGKILL)  # the group: helpers of the command may have survived it
    status = child.wait()
    return status if status >= 0 else 128 - status


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _die_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
