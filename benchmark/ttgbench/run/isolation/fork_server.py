"""The harness's end of the warm process from which isolated methods are forked (see inside/fork_server.py)."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttgbench.errors import SandboxUnavailable
from ttgbench.problems.method import ONE_THREAD
from ttgbench.run.isolation.readable import import_path

_ANSWER_SECONDS = 120.0  # importing and forking, on a busy machine
_KILL_SECONDS = 5.0
_PASSED_ON = ("LD_LIBRARY_PATH",)
"""Of the environment: what some Pythons do not start without."""
_HEAVY = {
    "optuna": ("optuna.samplers",),
    "scipy": ("scipy.linalg", "scipy.optimize", "scipy.spatial", "scipy.special", "scipy.stats"),
    "torch": ("torch", "torch._dynamo"),  # what the first step of an optimiser imports
}
"""What takes long to import, for the methods that use it: each set of these libraries has a fork server of its own."""
_IMPORT = re.compile(rf"^[ \t]*(?:import|from)[ \t]+({'|'.join(_HEAVY)})\b".encode(), re.MULTILINE)
_READ = 1 << 20  # bytes of a file that are searched for imports
_BOOT = """
import json, sys
settings = json.loads(sys.argv[1])
sys.path[:] = settings["path"]
from ttgbench.run.isolation.inside import main
main(settings)
"""


class ForkServerGone(Exception):
    """It has ended, and its children with it."""


@dataclass(frozen=True, slots=True)
class Child:
    """A forked process. `end` is called once, and nothing after it."""

    pid: int
    """Its own until `end`, also where it has ended before."""
    handle: int
    """Its pidfd."""
    server: ForkServer

    def ends_within(self, seconds: float) -> bool:
        """Waits for it to end by itself."""
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def end(self) -> int:
        """Kills it, and its process group; its exit code, minus the signal that killed it."""
        try:
            return int(self.server.ask({"end": self.pid})[0]["code"])
        except ForkServerGone:
            self.ends_within(_KILL_SECONDS)
            return -signal.SIGKILL  # the kernel's answer to the end of the parent
        finally:
            os.close(self.handle)


class ForkServer:
    """A fork server, for any thread of the process that made it. Raises SandboxUnavailable where it does not start."""

    def __init__(self, path: Sequence[str], environment: Mapping[str, str], libraries: Sequence[str]) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(_ANSWER_SECONDS)
        modules = [module for library in libraries for module in _HEAVY[library]]
        settings = {"path": path, "control": theirs.fileno(), "modules": modules}
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-s", "-S", "-P", "-B", "-c", _BOOT, json.dumps(settings)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=[theirs.fileno()],
                    env={**environment, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "HOME": "/"},
                    start_new_session=True,
                    cwd="/",
                )
            self.ask({})
        except (OSError, ForkServerGone) as error:
            self._control.close()
            raise SandboxUnavailable(f"a method cannot be isolated here: {str(error)[-2000:]}") from None

    @property
    def gone(self) -> bool:
        """True once that has been noticed."""
        return self._control.fileno() < 0

    def ask(self, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> tuple[dict[str, Any], list[int]]:
        """The answer, with the descriptors that came along. Raises ForkServerGone."""
        with self._lock:
            try:
                socket.send_fds(self._control, [json.dumps(request).encode()], descriptors, socket.MSG_NOSIGNAL)
                answer, received, _, _ = socket.recv_fds(self._control, 1 << 16, 1, socket.MSG_CMSG_CLOEXEC)
                if not answer:
                    raise EOFError
                return json.loads(answer), received
            except (OSError, EOFError):
                raise ForkServerGone(self._close()) from None
            except BaseException:  # interrupted: the answer to this must not be taken for that to the next request
                self._close()
                raise

    def close(self) -> None:
        """Ends it and its children. May be called twice; does nothing in a fork of the process that made it."""
        with self._lock:
            self._close()

    def leave(self) -> None:
        """For a fork of the process that made it: it shall end with that process, whatever becomes of the fork."""
        self._lock = threading.Lock()  # a thread that is not here may have held it
        self._control.close()

    def _close(self) -> str:
        """Ends it; what it had said."""
        self._control.close()
        said = self._process.stdout
        if self._owner != os.getpid() or said is None or said.closed:
            return ""
        self._process.kill()
        self._process.wait()
        with said:
            os.set_blocking(said.fileno(), False)  # somebody else may hold the other end
            return (said.read(1 << 16) or b"").decode(errors="replace").strip()


_servers: dict[Any, ForkServer] = {}
_lock = threading.Lock()


def fork_method(settings: Mapping[str, Any], descriptors: Sequence[int]) -> Child:
    """Forks a process that locks itself in and runs a method; `settings` and `descriptors`: see inside/child.py.

    The descriptors can be closed afterwards. Raises SandboxUnavailable; nothing of the method has run then.
    """
    libraries = _heavy_libraries(Path(settings["folder"]))
    for _ in range(2):  # a fork server may turn out to be gone
        with contextlib.suppress(ForkServerGone):
            server = _server_with(libraries)
            answer, handles = server.ask({"start": settings}, descriptors)
            if "failed" in answer:
                raise SandboxUnavailable(f"a method cannot be isolated here: {answer['failed']}")
            return Child(answer["pid"], handles[0], server)
    raise SandboxUnavailable("a method cannot be isolated here: the process that starts it keeps dying")


def _heavy_libraries(folder: Path) -> tuple[str, ...]:
    """Those that a submission seems to import. Where that is wrong, an import takes longer, or was for nothing."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if path.is_file():
            with path.open("rb") as stream:
                found.update(name.decode() for name in _IMPORT.findall(stream.read(_READ)))
    return tuple(sorted(found))


def _server_with(libraries: tuple[str, ...]) -> ForkServer:
    """This process's fork server with these libraries, for what is now its import path and environment."""
    path = import_path()
    environment = ONE_THREAD | {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    key = (os.getpid(), libraries, *path, *environment.items())
    with _lock:
        if key not in _servers or _servers[key].gone:
            _servers[key] = ForkServer(path, environment, libraries)
        return _servers[key]


@atexit.register
def _close_all() -> None:
    for server in _servers.values():
        server.close()


def _after_fork() -> None:
    for server in _servers.values():
        server.leave()
    _lock.release()


# A fork waits until no fork server is being started, so that it knows of all the descriptors that it must not keep.
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork)
