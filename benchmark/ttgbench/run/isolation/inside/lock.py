"""How the process gives up files, network and other processes, for good, before anything of the submission is run."""

from __future__ import annotations

import errno
import os
import random
import resource
import socket
from collections.abc import Callable, Mapping
from typing import Any

from ttgbench.sandbox.inside import kernel, seccomp

_MAX_FILES = 256
MAX_FILE_BYTES = 64 << 20


def lock_in(settings: Mapping[str, Any]) -> str | None:
    """Locks this process in, then tries to get out. None, or what does not hold. Raises OSError.

    Left: `settings["files"]` and the submission's folder to read, `settings["work"]` to write.
    """
    paths, listed = settings["files"]
    work = settings["work"]
    rules = kernel.landlock_rules([*paths, settings["folder"]], [work, "/dev/null"], listed)
    os.environ.clear()
    os.environ.update(HOME=work, TMPDIR=work)
    os.chdir(work)
    random.seed(0)
    for kind, limit in (
        (resource.RLIMIT_AS, settings["memory"]),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _MAX_FILES),
    ):
        resource.setrlimit(kind, (limit, limit))
    kernel.drop_capabilities()
    kernel.restrict(rules, seccomp.program())
    os.close(rules)
    broken = [name for name, attempt in _ATTEMPTS.items() if not _refused(attempt)]
    return f"does not contain: {', '.join(broken)}" if broken else None


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


_ATTEMPTS: Mapping[str, Callable[[], Any]] = {
    "open a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "read a file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "write a file": lambda: os.open("/tmp/.ttgbench-probe", os.O_WRONLY | os.O_CREAT),
    "see other processes": lambda: os.open("/proc/1/environ", os.O_RDONLY),
    "fork": _fork,
    "start a program": lambda: os.execv("/bin/true", ["true"]),
    "signal its parent": lambda: os.kill(os.getppid(), 0),
}


def _refused(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno in (errno.EPERM, errno.EACCES)
    return False
