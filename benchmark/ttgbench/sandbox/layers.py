"""Which containment holds on this machine: found out by trying to break out, not by looking what is installed."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import platform
import socket
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ttgbench.errors import SandboxUnavailable
from ttgbench.sandbox.inside.limits import Limits
from ttgbench.sandbox.runner import Sandbox
from ttgbench.sandbox.server import LAYERS

HOW_TO_GET_ONE = (
    "Needed: Linux 5.13 or newer on x86-64 or arm64, with Landlock among the security modules of the kernel "
    "(/sys/kernel/security/lsm), and system calls that no outer container forbids. Bubblewrap makes a stronger layer "
    "of it: `apt install bubblewrap`, `dnf install bubblewrap` or `pacman -S bubblewrap`."
)

# Each attempt to break out is harmless where it succeeds. `settings` and the name of every attempt are as in `_probe`.
_PROBE = """
import errno, json, os, socket
settings = json.loads(SETTINGS)

def fork():
    if os.fork() == 0:
        os._exit(0)

def write_home():
    with open(settings["mark"], "w"):
        pass

attempts = {
    "connect over TCP": lambda: socket.create_connection(("127.0.0.1", settings["port"]), 2),
    "open a UDP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "open a Unix socket": lambda: socket.socket(socket.AF_UNIX),
    "read $HOME": lambda: os.listdir(settings["home"]),
    "write to $HOME": write_home,
    "read a file outside": lambda: open(settings["canary"]).read(),
    "fork": fork,
    "start a program": lambda: os.posix_spawn(settings["python"], ["python", "-c", "pass"], {}),
    "signal its parent": lambda: os.kill(os.getppid(), 0),
}
found = {}
for name, attempt in attempts.items():
    try:
        attempt()
        found[name] = None
    except OSError as error:
        found[name] = errno.errorcode.get(error.errno, str(error))
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one layer."""

    layer: str
    holds: bool
    reason: str
    """Why it does not hold; "" where it does."""
    probes: tuple[tuple[str, str], ...]
    """(attempt, "refused (EPERM)" or "SUCCEEDED"), where the layer started at all."""

    def __str__(self) -> str:
        probes = ", ".join(f"{attempt}: {result}" for attempt, result in self.probes)
        return f"{self.layer}: {'holds' if self.holds else self.reason}" + (f" [{probes}]" if probes else "")


@functools.lru_cache(maxsize=len(LAYERS))
def probe(layer: str) -> Finding:
    """Starts the layer and tries to break out of it. Once per process."""
    if sys.platform != "linux":
        return Finding(layer, False, f"needs Linux; this is {platform.system()}", ())
    sandbox = sandbox_under(layer)
    try:
        with _bait() as settings:
            code = _PROBE.replace("SETTINGS", repr(json.dumps(settings)))
            outcome = sandbox.run_python(code, limits=Limits(wall_seconds=10))
            leaked = os.path.exists(settings["mark"])
        found: dict[str, str | None] = json.loads(outcome.stdout)
    except (SandboxUnavailable, OSError) as error:
        return Finding(layer, False, str(error).removeprefix(f"{layer}: "), ())
    except ValueError:
        said = outcome.stderr.decode(errors="replace").strip().splitlines()
        return Finding(layer, False, f"the probe did not report ({said[-1] if said else outcome.status})", ())
    broken = [attempt for attempt, error in found.items() if error is None] + ["write to $HOME"] * leaked
    probes = tuple((attempt, f"refused ({error})" if error else "SUCCEEDED") for attempt, error in found.items())
    return Finding(layer, not broken, f"does not contain: {', '.join(broken)}" if broken else "", probes)


@contextlib.contextmanager
def _bait() -> Iterator[dict[str, str | int]]:
    """What the probe goes for: a listening port, a readable file, the home folder."""
    home = os.path.expanduser("~")
    mark = Path(home, f".ttgbench-probe-{uuid.uuid4().hex}")
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.NamedTemporaryFile(prefix="ttgbench-canary-") as canary,
    ):
        try:
            port = listener.getsockname()[1]
            yield {"home": home, "mark": str(mark), "canary": canary.name, "port": port, "python": sys.executable}
        finally:
            with contextlib.suppress(OSError):
                mark.unlink(missing_ok=True)


@functools.lru_cache(maxsize=len(LAYERS))
def sandbox_under(layer: str) -> Sandbox:
    """The process's one sandbox under `layer`, whether or not the layer holds."""
    return Sandbox(layer)


def findings() -> list[Finding]:
    """What was found about every layer, strongest first; for `ttgbench doctor`."""
    return [probe(layer) for layer in LAYERS]


_choosing = threading.Lock()


def choose() -> Sandbox:
    """A sandbox under the strongest layer that holds here.

    Raises SandboxUnavailable where none does: model-written code is then not run at all.
    """
    with _choosing:
        for layer in LAYERS:
            if probe(layer).holds:
                return sandbox_under(layer)
    report = "\n".join(f"  {finding}" for finding in findings())
    raise SandboxUnavailable(f"model-written code cannot be contained on this machine.\n{report}\n{HOW_TO_GET_ONE}")
