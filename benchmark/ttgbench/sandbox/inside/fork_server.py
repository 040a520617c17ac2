"""The fork server: a warm Python that forks one contained child per job. It is trusted, has one thread, and never sees
what the children run: code and reports travel in descriptors that it only passes on.

Started by `ttgbench.sandbox.server` as `python -c "... from inside import fork_server; fork_server.main(SETTINGS)"`.

    request   {"mode": "script" | "judged", "limits": [...]} with the descriptors that the mode's children need
    reply     {"ends": {role: [end, exit code, cpu seconds]}} or {"unconfined": why}
    end       "exited", "cpu", "wall", "threads", "disk" or "stopped"; an exit code -n means: killed by signal n
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from . import confine, kernel, roles, seccomp
from .limits import MAX_BUSY, MAX_DISK_BYTES, MAX_FILE_BYTES, MAX_THREADS, Limits

STOP = b"stop"
"""A request to end the running job."""

_TICK = 0.05  # seconds between two looks at the children's threads and files
_DEVICES = ("/dev/null", "/dev/zero")
_READ_ONLY = ("/dev/urandom", "/dev/random", "/usr/share/zoneinfo")
_HARNESS_ONLY = ("site-packages", "dist-packages")  # other people's code and data, the answers to benchmarks among it

# Children start with the usual modules loaded, and need no shared library from disk.
_WARM = """abc argparse array ast base64 bisect calendar cmath collections contextlib copy csv dataclasses datetime
decimal enum fractions functools hashlib heapq html inspect io itertools json math numbers operator pprint queue random
re secrets statistics string struct textwrap threading time traceback typing unicodedata uuid"""


class Child:
    """One forked process."""

    def __init__(self, role: str, pid: int, ready: int) -> None:
        self.role, self.pid, self.ready = role, pid, ready
        self.handle = os.pidfd_open(pid)
        self.end: str | None = None
        self.exit = (0, 0.0)

    def failure(self) -> str:
        """Waits until the child is locked in; why that failed, or "" where it did not."""
        with open(self.ready, "rb") as pipe:
            message = pipe.read()
        return "" if message == b"ok" else message.decode(errors="replace") or "it ended at once"

    def reap(self, reason: str, cpu_limit: float) -> None:
        """Collects the process, which has ended or is ended here."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        os.close(self.handle)
        code, seconds = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        # On a busy machine the kernel's count for the limit runs ahead of the one it reports.
        spent = code == -signal.SIGXCPU or (code == -signal.SIGKILL and seconds > cpu_limit / 2)
        self.end, self.exit = "cpu" if spent and reason != "wall" else reason, (code, seconds)


class ForkServer:
    """Serves requests from `control`, one at a time, until its other end is closed."""

    def __init__(self, control: socket.socket, null: int, work: str) -> None:
        self.control = control
        self.folders = {role: os.path.join(work, role) for role in roles.ROLES}
        self.program = seccomp.program()
        self.null = null
        library = [os.path.join(path, name) for path in sys.path if os.path.isdir(path) for name in os.listdir(path)]
        library = [path for path in library if os.path.basename(path) not in _HARNESS_ONLY]
        self.rules = {}
        self.children: list[Child] = []
        self.work = work
        for role, folder in self.folders.items():
            os.mkdir(folder)
            self.rules[role] = kernel.landlock_rules([*library, *_READ_ONLY], [folder, *_DEVICES])

    def serve(self) -> None:
        while True:
            data, descriptors, _, _ = socket.recv_fds(self.control, 1 << 16, 8)
            if not data:
                return
            if data == STOP:  # meant for a job that had just ended by itself
                continue
            request = json.loads(data)
            limits = Limits(*request["limits"])
            self.start(request["mode"], limits, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            failures = [failure for child in self.children if (failure := child.failure())]
            self.finish("stopped" if failures else self.watch(limits), limits)
            ends = {child.role: [child.end, *child.exit] for child in self.children}
            self.control.send(json.dumps({"unconfined": failures[0]} if failures else {"ends": ends}).encode())
            for child in self.children:
                confine.wipe(self.folders[child.role])

    def start(self, mode: str, limits: Limits, descriptors: Sequence[int]) -> None:
        """Forks the mode's children; the one that decides when all is over comes last."""
        self.children = []
        if mode == "script":
            code, *streams = descriptors
            self.fork("script", limits, [*streams, code])
            return
        for_candidate, for_judge, report = descriptors
        (question_out, question_in), (answer_out, answer_in) = os.pipe(), os.pipe()
        nulls = [self.null] * 3
        self.fork("candidate", limits, [*nulls, for_candidate, question_out, answer_in])
        self.fork("judge", limits, [*nulls, for_judge, answer_out, question_in, report])
        for descriptor in (question_out, question_in, answer_out, answer_in):
            os.close(descriptor)

    def fork(self, role: str, limits: Limits, descriptors: list[int]) -> None:
        ready_out, ready_in = os.pipe()
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            # Nothing of the fork server may run in the child after this, come what may.
            with _exit_after(1):
                try:
                    confine.confine(
                        limits, self.rules[role], self.program, parent, self.folders[role], [*descriptors, ready_in]
                    )
                except BaseException as error:
                    os.write(ready_in, f"{type(error).__name__}: {error}".encode()[:500])
                    os._exit(1)
                os.write(len(descriptors), b"ok")
                confine.close_others(len(descriptors))
                os._exit(roles.ROLES[role]())
        os.close(ready_in)
        self.children.append(Child(role, pid, ready_out))

    def watch(self, limits: Limits) -> str:
        """Waits until the last child ends, or a limit is passed, or the harness says stop; why it is over."""
        started = time.monotonic()
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        running = {child.handle: child for child in self.children}
        for handle in running:
            poll.register(handle, select.POLLIN)
        while not self.over(time.monotonic() - started, limits):
            events = poll.poll(1000 * _TICK)
            for handle, _ in events:
                if handle not in running:
                    return "stopped"
                child = running.pop(handle)
                poll.unregister(handle)
                child.reap("exited", limits.cpu_seconds)
                if child is self.children[-1]:
                    return "stopped"
            for child in running.values() if not events else ():
                if confine.threads(child.pid) > MAX_THREADS:
                    return "threads"
                folder, limit = self.folders[child.role], MAX_DISK_BYTES
                if confine.too_much_disk(folder, limit, child.pid, MAX_FILE_BYTES):
                    return "disk"
        return "wall"

    def over(self, seconds: float, limits: Limits) -> bool:
        """Whether the job has had its time. What its processes wait for a busy core is not its time, up to a bound."""
        if seconds <= limits.wall_seconds:
            return False
        waited = sum(confine.waited(child.pid) for child in self.children if child.end is None)
        return seconds > min(limits.wall_seconds + waited, MAX_BUSY * limits.wall_seconds)

    def finish(self, reason: str, limits: Limits) -> None:
        """Ends the children that still run."""
        for child in self.children:
            if child.end is None:
                child.reap(reason, limits.cpu_seconds)

    def close(self) -> None:
        """Leaves nothing behind, whatever the server was doing."""
        self.finish("stopped", Limits())
        with contextlib.suppress(OSError):  # within bubblewrap the work folder cannot and need not be removed
            for folder in self.folders.values():
                confine.wipe(folder)
                os.rmdir(folder)
            os.rmdir(self.work)


def _hang_up(control: socket.socket) -> None:
    """Ends `serve` at a point of its own choice: an exception out of a signal could leave children and folders."""
    with contextlib.suppress(OSError):
        control.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _exit_after(code: int) -> Iterator[None]:
    try:
        yield
    finally:
        os._exit(code)


def warm_up() -> None:
    """Imports the usual modules and every extension module of the standard library that can be had."""
    vars(builtins).update(exit=sys.exit, quit=sys.exit)  # what `site` would have done
    skip = ("_tkinter", "readline", "_curses", "_curses_panel", "_dbm", "_gdbm", "nis", "ossaudiodev", "spwd")
    folders = [path for path in sys.path if path.endswith("lib-dynload") and os.path.isdir(path)]
    compiled = {name.split(".")[0] for folder in folders for name in os.listdir(folder)}
    extensions = [n for n in sorted(compiled) if n not in skip and not n.startswith(("_test", "xx", "_xx", "__"))]
    for name in [*_WARM.split(), *extensions]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def main(settings: dict[str, Any]) -> None:
    """Runs the fork server; `settings`: "control" (descriptor of a SOCK_SEQPACKET socket), "work" (an empty folder),
    "parent" (process id of the harness, or None within bubblewrap), "path" (what to take off sys.path)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    kernel.die_with_parent(signal.SIGTERM, settings["parent"])
    control_number, null = confine.own_descriptors(settings["control"])
    control = socket.socket(fileno=control_number)
    sys.path.remove(settings["path"])
    warm_up()
    server = ForkServer(control, null, settings["work"])
    signal.signal(signal.SIGTERM, lambda *_: _hang_up(control))
    gc.freeze()
    control.send(json.dumps({"landlock": kernel.landlock_abi()}).encode())
    os.dup2(null, 2)
    try:
        server.serve()
    finally:
        server.close()
