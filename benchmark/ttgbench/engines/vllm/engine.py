"""vLLM: one server process per model, placed on the GPUs by the placement planner, or on the CPU.

    ttgbench run --engine vllm
    ttgbench run --engine vllm:dtype=float16,max_model_len=4096,restarts=1
    ttgbench run --engine vllm:gpu.yaml

Prefix caching is on: graphs share long prompts. A prompt that overflows is refused by the server, and the executor asks
again without its first predecessor.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from ttgbench.engines import options
from ttgbench.engines.base import Engine
from ttgbench.engines.model_files import ModelFiles, locate
from ttgbench.engines.vllm import hardware
from ttgbench.engines.vllm import placement as placing
from ttgbench.engines.vllm.command import spec
from ttgbench.engines.vllm.options import VLLMOptions
from ttgbench.engines.vllm.phases import Phases
from ttgbench.engines.vllm.process import LocalServer, Server, ServerSpec, call
from ttgbench.engines.vllm.served import Naming, ServedEngine
from ttgbench.errors import EngineError, InputError, UnknownName
from ttgbench.models.pool import ModelCard
from ttgbench.models.weights import cache_dir
from ttgbench.util.extras import missing

SLOTS = 128


def make(cards: Sequence[ModelCard], slots: int | None, text: str) -> Mapping[str, Engine]:
    """One engine per card; nothing is started yet. Raises InputError, UnknownName, MissingExtra."""
    chosen = options.parse(VLLMOptions, text, "vllm")
    for name in chosen.models:
        if name not in {card.name for card in cards}:
            raise UnknownName("model", name, [card.name for card in cards], source="--engine vllm", field="models")
    if chosen.python is None and chosen.ray is None and (hint := missing("vllm")) is not None:
        raise InputError(hint, source="engine vllm")
    files = {card.name: locate(card, chosen.models.get(card.name)) for card in cards}
    needs = [need(card, files[card.name], chosen, slots or SLOTS) for card in cards]
    if chosen.ray is not None:
        from ttgbench.engines.vllm import ray_servers

        ray_servers.connect(chosen.ray)
        spread = None if chosen.device == "cpu" else ray_servers.spread(needs, chosen.gpu_gib)
        return _engines(cards, files, chosen, slots or SLOTS, spread, [], ray_servers.RayServer)
    gpus = _gpus(chosen)
    if not gpus:
        return _engines(cards, files, chosen, slots or SLOTS, None, [])
    machine = placing.Machine(tuple(gpus.values()), hardware.free_host(), can_sleep=chosen.sleep)
    return _engines(cards, files, chosen, slots or SLOTS, placing.plan(needs, machine), list(gpus))


def need(card: ModelCard, files: ModelFiles, chosen: VLLMOptions, slots: int) -> placing.Need:
    """What the planner has to know about a model."""
    return placing.Need(
        model=card.name,
        weights=files.weight_bytes(chosen.dtype, chosen.quantization),
        cache=files.cache_bytes_per_token(chosen.dtype) * min(chosen.max_model_len, card.context_length),
        slots=slots,
        work=card.parameters,
    )


def naming(files: ModelFiles, spec: ServerSpec, chosen: VLLMOptions) -> Naming:
    """The name under which generations are recorded: version, weights, template, and all that may change texts."""

    async def name(address: str) -> str:
        version = json.loads(await call("GET", f"{address}/version")).get("version", "unknown")
        weights, template = await asyncio.to_thread(files.digests)
        start = spec.command.index("--dtype")
        invariant = " VLLM_BATCH_INVARIANT=1" if chosen.batch_invariant else ""
        return f"vllm/{version} weights={weights} template={template}{invariant} {' '.join(spec.command[start:])}"

    return name


def _gpus(chosen: VLLMOptions) -> dict[int, int]:
    found = {} if chosen.device == "cpu" else hardware.free_gpus()
    if chosen.gpus is not None:
        lacking = [str(index) for index in chosen.gpus if index not in found]
        if lacking:
            raise InputError(
                f"no GPU {', '.join(lacking)} here; there are {', '.join(map(str, found)) or 'none'}",
                source="--engine vllm",
                field="gpus",
            )
        found = {index: found[index] for index in chosen.gpus}
    if chosen.device == "gpu" and not found:
        raise InputError("nvidia-smi shows no GPU", source="--engine vllm", field="device")
    return found


def _local(spec: ServerSpec) -> Server:
    return LocalServer(spec, cache_dir() / "logs")


def _engines(
    cards: Sequence[ModelCard],
    files: Mapping[str, ModelFiles],
    chosen: VLLMOptions,
    slots: int,
    plan: placing.Plan | None,
    gpus: Sequence[int],
    server: Callable[[ServerSpec], Server] = _local,
) -> Mapping[str, Engine]:
    """Engines that share what is shared: one start at a time, and turns if they cannot all be awake.

    plan: None on a CPU; gpus: the indices of the GPUs that the plan counts from 0, empty if others choose them.
    """
    starting = asyncio.Lock()
    engines: dict[str, ServedEngine] = {}
    turns = None if plan is None or len(plan.waves) == 1 else Phases(_Switch(plan, engines))
    for card in cards:
        placement = None if plan is None else plan.placement(card.name)
        start = spec(
            card, files[card.name], chosen, slots, placement, gpus, sleeps=plan is not None and plan.rest == "sleep"
        )
        engines[card.name] = ServedEngine(
            card,
            server(start),
            slots=slots * (1 if placement is None else placement.copies),
            naming=naming(files[card.name], start, chosen),
            restarts=chosen.restarts,
            turn=_turn(turns, plan, card.name),
            starting=starting,
        )
    return engines


def _turn(turns: Phases | None, plan: placing.Plan | None, model: str) -> Any:
    if turns is None or plan is None:
        return contextlib.nullcontext
    wave = plan.wave_of(model)

    def turn() -> AbstractAsyncContextManager[None]:
        return turns.awake(wave)

    return turn


class _Switch:
    """Puts one wave of engines to rest and wakes another."""

    def __init__(self, plan: placing.Plan, engines: Mapping[str, ServedEngine]) -> None:
        self._plan, self._engines = plan, engines

    async def __call__(self, old: int | None, new: int) -> None:
        running = [engine for engine in self._engines.values() if engine.address is not None]
        waking = {placement.model for placement in self._plan.waves[new]}
        sleeps = self._plan.rest == "sleep"
        for engine in running:
            if engine.model not in waking:
                await self._post(engine, "/sleep?level=1" if sleeps else None)
        for engine in running:
            if engine.model in waking and sleeps:
                await self._post(engine, "/wake_up")

    @staticmethod
    async def _post(engine: ServedEngine, path: str | None) -> None:
        """Asks the server; None, or a server that does not obey: it is stopped, and started by its next request."""
        with contextlib.suppress(EngineError):
            if path is not None:
                await call("POST", f"{engine.address}{path}", seconds=600.0)
                return
        await engine.stop()
