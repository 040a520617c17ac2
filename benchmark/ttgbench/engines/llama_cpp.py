"""The embedded engine: llama.cpp's own server inside this process (xllamacpp), one per model, continuous batching."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from ttgbench.engines import options
from ttgbench.engines.base import Completion, Engine, Request
from ttgbench.engines.client import OpenAIEngine
from ttgbench.errors import EngineError, InputError
from ttgbench.models.pool import ModelCard
from ttgbench.models.weights import fetch
from ttgbench.util.extras import missing, require

SLOTS = 16
CONTEXT = 2048
"""Tokens per slot, at most the card's context length."""


class LlamaCppEngine:
    """Starts its server, and fetches the weights, when the first request comes: a run that needs none loads none."""

    def __init__(self, card: ModelCard, slots: int = SLOTS) -> None:
        self.slots = slots
        self.name = f"llama_cpp/xllamacpp-{version('xllamacpp')}"
        self._card = card
        self._starting = asyncio.Lock()
        self._server: Any = None
        self._client: OpenAIEngine | None = None

    async def generate(self, request: Request) -> Completion:
        """See `Engine.generate`. Raises InputError if the weights cannot be had."""
        async with self._starting:
            if self._client is None:
                self._server = await asyncio.to_thread(self._start)
                url = f"{self._server.listening_address}/v1"
                self._client = OpenAIEngine(url, self._card, slots=self.slots, name=self.name)
        return await self._client.generate(request)

    async def close(self) -> None:
        """Stops the server and frees the model."""
        client, server = self._client, [self._server]
        self._client = self._server = None
        if client is not None:
            await client.close()
        # Goes with its last reference, and waits for requests under way: not on the loop that these need to end.
        await asyncio.to_thread(server.clear)

    def _start(self) -> Any:
        xllamacpp = require("xllamacpp")
        params = xllamacpp.CommonParams()
        params.model.path = str(fetch(self._card))
        params.model_alias = {self._card.name}
        params.n_parallel = self.slots
        params.n_ctx = self.slots * min(CONTEXT, self._card.context_length)
        params.cache_ram_mib = 0  # the default keeps up to 8 GiB of old prompts
        params.swa_full = True  # sliding-window models (Gemma) reuse no prompt prefix otherwise
        params.warmup = False
        params.verbosity = -1
        params.cpuparams.poll = params.cpuparams_batch.poll = 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _cores()
        try:
            return xllamacpp.Server(params)
        except Exception as error:  # the binding raises bare RuntimeErrors
            raise EngineError(f"llama.cpp cannot load {params.model.path}: {error}") from None


def _cores() -> int:
    """Those that this process may use: threads that wait for one another on fewer cores cost most of the speed."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make(cards: Sequence[ModelCard], slots: int | None, text: str) -> Mapping[str, Engine]:
    """One server per card. Raises InputError with what to install without xllamacpp."""
    options.parse(options.Options, text, "llama_cpp")
    if (hint := missing("xllamacpp")) is not None:
        raise InputError(hint, source="engine llama_cpp")
    return {card.name: LlamaCppEngine(card, slots or SLOTS) for card in cards}
