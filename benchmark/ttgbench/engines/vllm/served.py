"""An engine whose server is ours: started when first needed and again when lost, at rest while others have the GPU."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from ttgbench.engines.base import Completion, Request
from ttgbench.engines.client import OpenAIEngine
from ttgbench.engines.vllm.process import Server, healthy
from ttgbench.errors import ContextOverflow, EngineError, EngineLost, WrongModel
from ttgbench.models.pool import ModelCard

_log = logging.getLogger(__name__)
DYING_SECONDS = 10.0
"""A server that answers with errors gets so long to end by itself before it is asked whether it is well."""

Naming = Callable[[str], Awaitable[str]]
"""From a ready server's address, the engine's name: what is recorded with each generation."""


class ServedEngine:
    """One model on one server of ours.

    A request that was under way when the server died is sent again to its successor, and only the attempt that came
    back counts: nothing is lost and nothing is billed twice. A server that cannot start, or dies once more than
    `restarts` times, is given up: every request raises EngineLost until the engine is closed.
    turn: what a request waits for before it may use the GPU. starting: shared by servers that must not start at once.
    """

    def __init__(
        self,
        card: ModelCard,
        server: Server,
        *,
        slots: int,
        naming: Naming,
        restarts: int = 3,
        turn: Callable[[], AbstractAsyncContextManager[None]] = contextlib.nullcontext,
        starting: asyncio.Lock | None = None,
    ) -> None:
        self.name, self.slots, self.model = f"served/{card.name}", slots, card.name
        self.restarted = 0
        """How often the server was lost or did not start."""
        self._card, self._server, self._naming, self._restarts, self._turn = card, server, naming, restarts, turn
        self._starting = starting or asyncio.Lock()
        self._changing = asyncio.Lock()
        self._client: OpenAIEngine | None = None
        self._death: asyncio.Task[str] | None = None
        self._given_up: str | None = None
        self.address: str | None = None
        """Where the server listens, while it runs."""

    async def generate(self, request: Request) -> Completion:
        """See `Engine.generate`. Raises EngineLost when the server died too often or does not start."""
        async with self._turn():
            while True:
                client, death = await self._running()
                asked = asyncio.ensure_future(client.generate(request))
                try:
                    await asyncio.wait({asked, death}, return_when=asyncio.FIRST_COMPLETED)
                    if asked.done() and await self._final(asked, client, death):
                        return asked.result()
                finally:
                    asked.cancel()
                    with contextlib.suppress(asyncio.CancelledError, EngineError):
                        await asked
                await self._lost(client, death)

    async def start(self) -> None:
        """Starts the server if it does not run."""
        await self._running()

    async def stop(self) -> None:
        """Ends the server; the next request starts it again."""
        async with self._changing:
            await self._stop()

    async def close(self) -> None:
        """Ends the server; what was given up may be tried again."""
        await self.stop()
        self._given_up = None

    async def _final(self, asked: asyncio.Future[Completion], client: OpenAIEngine, death: asyncio.Task[str]) -> bool:
        """Whether what came back is the request's own answer or fault, not that of a dying server."""
        error = asked.exception()
        if not isinstance(error, EngineError) or isinstance(error, (ContextOverflow, WrongModel)):
            return True
        await asyncio.wait({death}, timeout=DYING_SECONDS)
        return not death.done() and self._client is client and await healthy(str(self.address))

    async def _running(self) -> tuple[OpenAIEngine, asyncio.Task[str]]:
        async with self._changing:
            while self._client is None or self._death is None:
                if self._given_up is not None:
                    raise EngineLost(self._given_up)
                await self._start()
            assert self._client is not None
            assert self._death is not None
            return self._client, self._death

    async def _start(self) -> None:
        try:
            async with self._starting:
                self.address = await self._server.start()
            self.name = await self._naming(self.address)
        except EngineError as error:
            await self._server.stop()
            self._count(str(error), final=not self.restarted)  # what never ran will not run when started again
            return
        self._client = OpenAIEngine(f"{self.address}/v1", self._card, slots=self.slots, name=self.name)
        self._death = asyncio.create_task(self._server.died())

    async def _stop(self) -> None:
        client, death, self._client, self._death, self.address = self._client, self._death, None, None, None
        if death is not None:
            death.cancel()
        if client is not None:
            await client.close()
        await self._server.stop()

    async def _lost(self, client: OpenAIEngine, death: asyncio.Task[str]) -> None:
        """Makes way for a new server, once per death, however many requests notice it."""
        async with self._changing:
            if self._client is not client:
                return
            why = death.result() if death.done() and not death.cancelled() else "runs, but is not well any more"
            await self._stop()
            self._count(f"it {why}")

    def _count(self, why: str, final: bool = False) -> None:
        self.restarted += 1
        _log.warning("the server of %s is lost: %s", self._card.name, why)
        if final or self.restarted > self._restarts:
            self._given_up = f"the server of {self._card.name} was lost {self.restarted} times; {why}"
