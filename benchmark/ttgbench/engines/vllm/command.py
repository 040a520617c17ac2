"""The command that starts a model's vLLM server: its flags and its environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ttgbench.engines.model_files import ModelFiles
from ttgbench.engines.vllm.options import VLLMOptions
from ttgbench.engines.vllm.placement import Placement
from ttgbench.engines.vllm.process import HOST, PORT, ServerSpec
from ttgbench.models.pool import ModelCard


def spec(
    card: ModelCard,
    files: ModelFiles,
    chosen: VLLMOptions,
    slots: int,
    placement: Placement | None,
    gpus: Sequence[int] = (),
    *,
    sleeps: bool = False,
) -> ServerSpec:
    """The command of a model's server. placement: None on a CPU; gpus: the indices that the placement counts from 0."""
    context = min(chosen.max_model_len, card.context_length)
    command = [chosen.python or sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--host", HOST, "--port", PORT, "--served-model-name", card.name, "--model", files.model]
    if files.revision is not None:
        command += ["--revision", files.revision]
    environment = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    command += recorded_arguments(chosen, context, slots, placement)
    if sleeps:
        command.append("--enable-sleep-mode")
        environment["VLLM_SERVER_DEV_MODE"] = "1"  # the endpoints of sleep mode
    if chosen.batch_invariant:
        environment["VLLM_BATCH_INVARIANT"] = "1"
    if placement is None:
        environment["VLLM_CPU_KVCACHE_SPACE"] = str(chosen.cpu_cache_gib)
    elif gpus:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(str(gpus[gpu]) for gpu in placement.gpus)
    return ServerSpec(
        model=card.name,
        command=tuple(command),
        environment={**environment, **chosen.environment},
        startup_seconds=chosen.startup_seconds,
        gpus=0 if placement is None else len(placement.gpus),
    )


def recorded_arguments(chosen: VLLMOptions, context: int, slots: int, placement: Placement | None) -> list[str]:
    """The arguments that may change texts; they are part of the engine's name."""
    arguments = ["--dtype", chosen.dtype, "--max-model-len", str(context), "--max-num-seqs", str(slots)]
    # Without it vLLM takes what a request leaves out from the model's own generation_config.json.
    arguments += ["--generation-config", "vllm", "--enable-prefix-caching"]
    if chosen.quantization is not None:
        arguments += ["--quantization", chosen.quantization]
    if placement is None:
        # On a CPU a request with a seed whose prefill is cut in pieces kills the engine.
        arguments += ["--no-enable-chunked-prefill", "--max-num-batched-tokens", str(max(context, 8192))]
    else:
        # The share of the GPU is no limit beside a cache given in bytes, but a start fails where less than it is free.
        arguments += ["--kv-cache-memory-bytes", str(placement.cache), "--gpu-memory-utilization", "0.05"]
        arguments += ["--tensor-parallel-size", str(placement.tensor_parallel)]
        if placement.copies > 1:
            arguments += ["--data-parallel-size", str(placement.copies)]
    return [*arguments, *chosen.arguments]
