"""The fork server: has imported what every method needs, has run nothing of any method, and forks a child for each run.

It has one thread and listens to the harness alone: a child keeps no descriptor of it and, locked in, can neither trace
nor signal it. Started by `ttgbench.run.isolation.fork_server`; speaks JSON over a SOCK_SEQPACKET socket:

    request   {}                       answered with {} once it is warm
    request   {"start": settings}      with the child's three descriptors (see child.py)
    answer    {"pid": pid}             with its pidfd; or {"failed": why}
    request   {"end": pid}             kills the child's process group, where it has not ended
    answer    {"code": exit code}      -n: killed by signal n

A child that has ended stays a zombie until it is asked for, so its process id is nobody else's until then. When the
harness ends, however that be, so does the socket, then the fork server, then its children.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from ttgbench.run.isolation.inside import child
from ttgbench.run.isolation.readable import readable

_SOLVERS = "ttgbench.methods.solvers."
AUTHOR_MODULES = (
    *("ttgbench.baselines", "ttgbench.shapes"),
    *(f"ttgbench.solvers.{name}" for name in ("adas", "aflow", "agent_reinforce", "gptswarm", "maao", "opro")),
    *(f"ttgbench.solvers.{name}" for name in ("probabilistic", "textgrad", "trials")),
    *("ttgbench.graphs.shapes", "ttgbench.graphs.keys", "ttgbench.graphs.draw.svg", "ttgbench.graphs.draw.text"),
    *("ttgbench.problems.problem", "ttgbench.problems.method", "ttgbench.testing"),
    *(f"{_SOLVERS}{name}" for name in ("adas", "aflow", "agent_reinforce", "ask", "baselines", "edits", "insights")),
    *(f"{_SOLVERS}{name}" for name in ("batches", "frame", "gptswarm", "language", "maao", "mixes", "opro")),
    *(
        f"{_SOLVERS}{name}"
        for name in ("paper_prompts", "paper_rules", "policy", "probabilistic", "textgrad", "trials")
    ),
)
"""With what these import, all of ttgbench that an isolated method can import: no file of it can be read later."""
_WARM = ("numpy.random", *AUTHOR_MODULES)
"""Every fork copies the map of this process's memory: what is heavy is not among it."""


def main(settings: Mapping[str, Any]) -> None:
    """Serves until the harness has gone.

    settings: "control" (the socket's descriptor), "path" (`import_path`), "modules" (imported if installed).
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, as a harness may have left it, it would reap by itself
    control = socket.socket(fileno=settings["control"])
    control.set_inheritable(False)
    for name in _WARM:
        importlib.import_module(name)
    for name in settings["modules"]:
        with contextlib.suppress(Exception):  # the method that asks for it is told why
            importlib.import_module(name)
    files = readable(settings["path"])
    gc.freeze()
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 3, socket.MSG_CMSG_CLOEXEC)
        if not data:
            return
        request = json.loads(data)
        answer: dict[str, Any] = {}
        handles: list[int] = []
        if "start" in request:
            try:
                pid = _fork({**request["start"], "files": files}, descriptors, control)
                answer, handles = {"pid": pid}, [os.pidfd_open(pid)]
            except OSError as error:
                answer = {"failed": str(error)}
        elif "end" in request:
            answer = {"code": _end(request["end"])}
        socket.send_fds(control, [json.dumps(answer).encode()], handles)
        for descriptor in (*descriptors, *handles):
            os.close(descriptor)


def _fork(settings: Mapping[str, Any], descriptors: Sequence[int], control: socket.socket) -> int:
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        # Nothing of the fork server may run in the child after this, come what may.
        try:
            control.close()
            child.main({**settings, "parent": parent}, descriptors)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return pid


def _end(pid: int) -> int:
    with contextlib.suppress(ProcessLookupError):  # the child may not yet have made its group
        os.killpg(pid, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
