"""Turns among models that cannot all be awake: all ready work of one wave, then the next."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class Phases:
    """Lets requests of one wave through; those of others wait, which is all that an executor notices.

    switch(old, new): puts the old wave to rest (None: none is awake) and wakes the new one. linger: seconds without a
    request after which the awake wave is taken to have no ready work left: long enough for what it answered last to be
    recorded and to make successors ready. Next comes the wave with most requests waiting, the first of several.
    Belongs to one event loop.
    """

    def __init__(self, switch: Callable[[int | None, int], Awaitable[None]], linger: float = 0.2) -> None:
        self._switch, self._linger = switch, linger
        self._awake: int | None = None
        self._inside = self._entered = 0
        self._waiting: dict[int, list[asyncio.Future[None]]] = defaultdict(list)
        self._switching = False
        self._turn: asyncio.Task[None] | None = None
        self.switches = 0
        """How often a wave was woken."""

    @asynccontextmanager
    async def awake(self, wave: int) -> AsyncIterator[None]:
        """Waits for the wave's turn, which lasts at least until the block ends. Raises what `switch` raised."""
        if wave == self._awake and not self._switching:
            self._enter()
        else:
            await self._admitted(wave)
        try:
            yield
        finally:
            self._leave()

    async def close(self) -> None:
        """Ends a turn under way; who waits is cancelled."""
        if self._turn is not None:
            self._turn.cancel()
            await asyncio.gather(self._turn, return_exceptions=True)
        for waiting in self._waiting.values():
            for future in waiting:
                future.cancel()
        self._awake = None

    async def _admitted(self, wave: int) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting[wave].append(future)
        self._consider()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._leave()  # it was let in, and cancelled before it noticed
            raise

    def _enter(self) -> None:
        self._inside += 1
        self._entered += 1

    def _leave(self) -> None:
        self._inside -= 1
        self._consider()

    def _consider(self) -> None:
        if not self._inside and self._turn is None and self._wanted():
            self._turn = asyncio.create_task(self._next())

    def _wanted(self) -> dict[int, int]:
        """Requests that wait, by wave."""
        for wave, waiting in self._waiting.items():
            self._waiting[wave] = [future for future in waiting if not future.done()]
        return {wave: len(waiting) for wave, waiting in sorted(self._waiting.items()) if waiting}

    async def _next(self) -> None:
        try:
            entered = None if self._awake is not None else self._entered
            while entered != self._entered:
                entered = self._entered
                await asyncio.sleep(self._linger)
                if self._inside:
                    return
            wanted = self._wanted()
            if wanted:
                await self._wake(max(wanted, key=lambda wave: wanted[wave]))
        except Exception as error:
            for future in [future for waiting in self._waiting.values() for future in waiting if not future.done()]:
                future.set_exception(error)
        finally:
            self._turn = None

    async def _wake(self, wave: int) -> None:
        if wave != self._awake:
            self._switching = True
            old, self._awake = self._awake, None
            try:
                await self._switch(old, wave)
            finally:
                self._switching = False
            self._awake = wave
            self.switches += 1
        for future in self._waiting.pop(wave):
            if not future.done():
                future.set_result(None)
                self._enter()
