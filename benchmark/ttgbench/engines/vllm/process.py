"""A model server of ours: a process that is started, asked whether it is well, watched, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import re
import signal
import socket
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ttgbench.engines.vllm import supervise
from ttgbench.errors import EngineError

HOST, PORT = "{host}", "{port}"
"""Stand for the server's address in a command."""
LOG_LINES = 8
_TAIL_BYTES = 16384
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """How one server is started."""

    model: str
    """What it serves, for messages and the log's name."""
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to ours."""
    health: str = "/health"
    """Answers 200 when the server is ready and well."""
    startup_seconds: float = 900.0
    gpus: int = 0
    """How many it takes; who places it chooses which."""


class Server(Protocol):
    """One server, on this machine or another. `start` may be called again after it died or was stopped."""

    async def start(self) -> str:
        """Returns its address, e.g. "http://127.0.0.1:40001", once it is ready. Raises EngineError."""
        ...

    async def died(self) -> str:
        """Waits until the process has ended; returns why, with the end of its log."""
        ...

    async def stop(self) -> None:
        """Ends the process and all it started. May be called twice."""
        ...


class LocalServer:
    """A child process on a leash: it ends with us, whatever ends us. Its output goes to a log file."""

    def __init__(self, spec: ServerSpec, logs: Path, host: str = "127.0.0.1") -> None:
        self._spec, self._logs, self._host = spec, logs, host
        self._process: asyncio.subprocess.Process | None = None
        self._log: Path | None = None

    async def start(self) -> str:
        """See `Server.start`. The address has a port that was free a moment ago."""
        await self.stop()
        port = _free_port(self._host)
        command = [part.replace(HOST, self._host).replace(PORT, str(port)) for part in self._spec.command]
        self._log = self._new_log()
        with self._log.open("wb") as stream:
            self._process = await asyncio.create_subprocess_exec(
                *[sys.executable, supervise.__file__, *command],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **self._spec.environment, "TTGBENCH_STARTER": str(os.getpid())},
            )
        address = f"http://{self._host}:{port}"
        try:
            await self._ready(address)
        except BaseException:
            await self.stop()
            raise
        return address

    async def died(self) -> str:
        """See `Server.died`."""
        if self._process is None:
            return "is not running"
        status = await self._process.wait()
        return f"ended with status {status}; the end of {self._log}: {self._tail()}"

    async def stop(self) -> None:
        """Asks the leash to stop the group and waits for it."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), supervise.GRACE + 5)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ready(self, address: str) -> None:
        assert self._process is not None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._spec.startup_seconds
        while not await healthy(address, self._spec.health):
            if self._process.returncode is not None:
                raise EngineError(f"the server of {self._spec.model} {await self.died()}")
            if loop.time() > deadline:
                waited = f"is not ready after {self._spec.startup_seconds:.0f} s"
                raise EngineError(f"the server of {self._spec.model} {waited}; the end of {self._log}: {self._tail()}")
            await asyncio.sleep(0.1)

    def _new_log(self) -> Path:
        self._logs.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9._-]", "_", self._spec.model)
        handle, path = tempfile.mkstemp(prefix=f"{name}-", suffix=".log", dir=self._logs)
        os.close(handle)
        return Path(path)

    def _tail(self) -> str:
        assert self._log is not None
        with self._log.open("rb") as stream:
            stream.seek(max(0, self._log.stat().st_size - _TAIL_BYTES))
            lines = stream.read().decode("utf-8", "replace").splitlines()
        return " | ".join(line.strip()[:300] for line in lines[-LOG_LINES:]) or "(empty)"


async def healthy(address: str, path: str = "/health") -> bool:
    """Whether the address answers 200."""
    try:
        await call("GET", address + path, seconds=5.0)
    except EngineError:
        return False
    return True


async def call(method: str, url: str, seconds: float = 60.0) -> bytes:
    """One request to a server of ours, past all proxies; the body. Raises EngineError unless it answers 2xx."""
    return await asyncio.to_thread(_call, method, url, seconds)


def _call(method: str, url: str, seconds: float) -> bytes:
    request = urllib.request.Request(url, method=method)
    try:
        with _DIRECT.open(request, timeout=seconds) as reply:
            return bytes(reply.read())
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"{method} {url}: {type(error).__name__}: {error}") from None


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
