"""Model servers on the machines of a Ray cluster: Ray chooses the GPUs, requests go there by HTTP.

Every node needs ttgbench and vLLM. Each model has GPUs of its own; models that share one in turn are a matter of one
machine, without Ray.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from ttgbench.engines.vllm.placement import GIB, Machine, Need, Placement, Plan, plan
from ttgbench.engines.vllm.process import LocalServer, ServerSpec
from ttgbench.errors import EngineError, InputError
from ttgbench.models.weights import cache_dir
from ttgbench.util.extras import require

WIDTHS = (1, 2, 4, 8, 16)
STOP_SECONDS = 30.0


class RayServer:
    """A Server whose process is the child of an actor; Ray ends the actor with us, and the leash the process."""

    def __init__(self, spec: ServerSpec) -> None:
        self._spec = spec
        self._host: Any = None

    async def start(self) -> str:
        """See `Server.start`. Waits until the cluster has the GPUs to spare."""
        await self.stop()
        # No CPU is asked for: cells may hold them all while they wait for this server.
        self._host = _host_class().options(num_gpus=self._spec.gpus, num_cpus=0).remote(self._spec)
        try:
            return str(await self._host.start.remote())
        except require("ray").exceptions.RayError as error:
            await self.stop()
            raise EngineError(f"the server of {self._spec.model}: {_reason(error)}") from None

    async def died(self) -> str:
        """See `Server.died`; a lost worker or node is the end of its server."""
        if self._host is None:
            return "is not running"
        try:
            return str(await self._host.died.remote())
        except require("ray").exceptions.RayError as error:
            return f"lost its Ray worker: {_reason(error)}"

    async def stop(self) -> None:
        """Ends process and actor, and gives the GPUs back."""
        host, self._host = self._host, None
        if host is None:
            return
        ray = require("ray")
        with contextlib.suppress(ray.exceptions.RayError, TimeoutError):
            await asyncio.wait_for(host.stop.remote(), STOP_SECONDS)
        ray.kill(host)


class _Host:
    """The actor: one LocalServer on the node where Ray puts it, on the GPUs that Ray gives it."""

    def __init__(self, spec: ServerSpec) -> None:
        ray = require("ray")
        self._server = LocalServer(spec, cache_dir() / "logs", host=ray.util.get_node_ip_address())

    async def start(self) -> str:
        return await self._server.start()

    async def died(self) -> str:
        return await self._server.died()

    async def stop(self) -> None:
        await self._server.stop()


def connect(address: str) -> None:
    """Joins the cluster, once per process. Raises InputError if it is not there."""
    ray = require("ray")
    if ray.is_initialized():
        return
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise InputError(f"no Ray cluster: {str(error)[:300]}", source="--engine vllm", field="ray") from None


def spread(needs: Sequence[Need], gpu_gib: float | None) -> Plan | None:
    """Each model on as few GPUs of its own as hold it; None if the cluster has no GPU.

    gpu_gib: free memory of one GPU; None: asked of one. Raises InputError if there are too few GPUs.
    """
    there = int(require("ray").cluster_resources().get("GPU", 0))
    if not there:
        return None
    free = int(gpu_gib * GIB) if gpu_gib is not None else _free_bytes()
    placements = [_alone(need, free, there) for need in needs]
    wanted = sum(len(placement.gpus) for placement in placements)
    if wanted > there:
        raise InputError(
            f"the models need {wanted} GPUs, each its own; the Ray cluster has {there}", source="--engine vllm"
        )
    return Plan((tuple(placements),), "stay")


def _alone(need: Need, free: int, there: int) -> Placement:
    widths = [width for width in WIDTHS if width <= there]
    for width in widths[:-1]:
        with contextlib.suppress(InputError):
            return plan([need], Machine((free,) * width, 0)).placement(need.model)
    return plan([need], Machine((free,) * widths[-1], 0)).placement(need.model)


def _free_bytes() -> int:
    ray = require("ray")

    def free() -> int:
        from ttgbench.engines.vllm.hardware import free_gpus

        return min(free_gpus().values(), default=0)

    return int(ray.get(ray.remote(num_gpus=1, num_cpus=0)(free).remote()))


def _host_class() -> Any:
    return require("ray").remote(_Host)


def _reason(error: Exception) -> str:
    """The cause that matters: what our code raised over there, else what Ray says."""
    cause = getattr(error, "cause", None) or error
    return f"{cause}".strip().splitlines()[-1][:1000]
