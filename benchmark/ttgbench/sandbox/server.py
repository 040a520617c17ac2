"""The harness's end of one fork server: starting it, with or without bubblewrap, and sending it jobs."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ttgbench.errors import SandboxUnavailable
from ttgbench.sandbox.inside.fork_server import STOP
from ttgbench.sandbox.inside.limits import MAX_BUSY, MAX_DISK_BYTES, Limits

BUBBLEWRAP, PLAIN = "bubblewrap+landlock+seccomp", "landlock+seccomp"
LAYERS = (BUBBLEWRAP, PLAIN)
"""Strongest first."""

_START_SECONDS = 30.0
_GRACE_SECONDS = 10.0  # for a fork server to report after a job's last moment, on a busy machine
_LIBRARIES = os.environ.get("LD_LIBRARY_PATH", "")  # some Pythons do not start without it
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "LD_LIBRARY_PATH": _LIBRARIES,
}  # sets in the same order each time
_BOOT = """
import json, sys
settings = json.loads(sys.argv[1])
sys.path.insert(0, settings["path"])
from inside import fork_server
fork_server.main(settings)
"""

# A parent-death signal follows the *thread* that started the process. So all servers are started by this one, which
# lives as long as the harness.
_launcher = ThreadPoolExecutor(1, thread_name_prefix="sandbox-launcher")


def _after_fork() -> None:
    global _launcher
    _launcher = ThreadPoolExecutor(1, thread_name_prefix="sandbox-launcher")


os.register_at_fork(after_in_child=_after_fork)


class ServerDied(Exception):
    """The fork server has ended; the job may not have been run."""


class Server:
    """One fork server under `layer`. Runs one job at a time. Raises SandboxUnavailable where it does not start."""

    def __init__(self, layer: str) -> None:
        self.layer = layer
        self._owner = os.getpid()
        self._folder: str | None = None
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as errors:
            try:
                command = self._command(theirs.fileno())
                self._process = _launcher.submit(_start, command, theirs.fileno(), errors.fileno()).result()
            except (OSError, RuntimeError) as error:  # RuntimeError: Python is shutting down
                self.control.close()
                self._remove_folder()
                raise SandboxUnavailable(f"{layer}: cannot start ({error})") from None
            atexit.register(self.close)
            theirs.close()
            if not self._receive(_START_SECONDS):
                self.close()
                errors.seek(0)
                said = errors.read(100_000).decode(errors="replace").strip().splitlines()
                raise SandboxUnavailable(f"{layer}: does not start ({said[-1][:500] if said else 'no message'})")

    def _command(self, control: int) -> list[str]:
        python = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
        here = Path(__file__).parent
        settings: dict[str, Any] = {"control": control, "path": str(here), "work": "/tmp", "parent": None}
        wrap: list[str] = []
        if self.layer == BUBBLEWRAP:
            settings["path"] = "/harness"
            wrap = _bubblewrap(python, here / "inside")
        else:
            self._folder = settings["work"] = tempfile.mkdtemp(prefix="ttgbench-sandbox-")
            settings["parent"] = os.getpid()
        return [*wrap, python, "-s", "-S", "-P", "-B", "-c", _BOOT, json.dumps(settings)]

    def submit(self, mode: str, limits: Limits, descriptors: Sequence[int]) -> None:
        """Starts a job (see fork_server.py). The descriptors can be closed afterwards. Raises ServerDied."""
        request = {"mode": mode, "limits": [limits.cpu_seconds, limits.wall_seconds, limits.memory_bytes]}
        try:
            socket.send_fds(self.control, [json.dumps(request).encode()], descriptors)
        except OSError:
            raise ServerDied from None

    def stop(self) -> None:
        """Asks for the end of the running job."""
        with contextlib.suppress(OSError):
            self.control.send(STOP)

    def ends(self, limits: Limits) -> dict[str, Any]:
        """Waits for the job: role -> [end, exit code, cpu seconds] (see fork_server.py).

        Raises ServerDied, SandboxUnavailable (a child could not be locked in; no foreign code has run).
        """
        reply = self._receive(MAX_BUSY * limits.wall_seconds + _GRACE_SECONDS)
        if not reply:
            raise ServerDied
        if "unconfined" in reply:
            raise SandboxUnavailable(f"{self.layer}: {reply['unconfined']}")
        return dict(reply["ends"])

    @property
    def usable(self) -> bool:
        """False in a process that was forked from the one that started the server, and shall leave it alone."""
        return self._owner == os.getpid()

    def close(self) -> None:
        """Ends the server and all below it. May be called twice."""
        atexit.unregister(self.close)
        self.control.close()
        if not self.usable:
            return
        self._process.kill()
        self._process.wait()
        self._remove_folder()

    def _receive(self, seconds: float) -> dict[str, Any]:
        """The next message; {} where none came in time or the server has ended."""
        self.control.settimeout(seconds)
        try:
            return dict(json.loads(self.control.recv(1 << 16) or b"{}"))
        except OSError:
            return {}

    def _remove_folder(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _start(command: list[str], control: int, errors: int) -> subprocess.Popen[bytes]:
    null = subprocess.DEVNULL
    return subprocess.Popen(
        command,
        stdin=null,
        stdout=null,
        stderr=errors,
        pass_fds=[control],
        env=_ENVIRONMENT,
        start_new_session=True,
        cwd="/",
    )


def _bubblewrap(python: str, inside: Path) -> list[str]:
    """The bwrap command: an empty file system with Python and its shared libraries, read-only, and a small /tmp."""
    program = shutil.which("bwrap")
    if program is None:
        raise FileNotFoundError("bwrap is not installed")
    paths = [python, sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), f"{sys.base_prefix}/lib"]
    paths += [path for path in _LIBRARIES.split(":") if path]
    paths += ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/nix/store"]
    command = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for path in sorted({*paths, *map(os.path.realpath, paths)}):  # a folder comes before what lies in it
        command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind-try", path, path]
    for device in ("null", "zero", "urandom", "random"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    command += ["--proc", "/proc", "--size", str(2 * MAX_DISK_BYTES), "--tmpfs", "/tmp", "--chdir", "/tmp"]
    return [*command, "--ro-bind", str(inside), "/harness/inside"]


def memory_file(data: bytes) -> int:
    """A descriptor, at its start, of an anonymous file with this content. The caller closes it."""
    descriptor = os.memfd_create("ttgbench")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(data)
        file.seek(0)
    return descriptor
