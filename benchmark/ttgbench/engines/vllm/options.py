"""What can be set for vLLM: `--engine vllm:key=value,key=value`, or a YAML file of these."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from ttgbench.engines.options import Options

CONTEXT = 8192
"""Tokens per sequence, at most the card's context length."""


class VLLMOptions(Options):
    """What can be set."""

    models: Mapping[str, str] = Field(default_factory=dict)
    """Model name -> local folder with its weights, instead of the card's Hub id and revision."""
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    quantization: str | None = Field(default=None, pattern=r"^[a-z0-9_-]+$")
    max_model_len: int = Field(default=CONTEXT, ge=64, le=10**7)
    device: Literal["auto", "gpu", "cpu"] = "auto"
    gpus: tuple[int, ...] | None = None
    """Indices of the GPUs that may be used; default: all that CUDA_VISIBLE_DEVICES allows."""
    cpu_cache_gib: int = Field(default=2, ge=1, le=1024)
    """KV cache of each model on a CPU."""
    sleep: bool = True
    """Whether models that do not fit together may use vLLM's sleep mode; otherwise they are stopped."""
    restarts: int = Field(default=3, ge=0, le=1000)
    """How often each server may be lost."""
    startup_seconds: float = Field(default=1800.0, gt=0, le=86400)
    batch_invariant: bool = False
    """Set VLLM_BATCH_INVARIANT: outputs that do not depend on the batch, on hardware that has it, at some cost."""
    python: str | None = None
    """Interpreter that has vLLM; default: ours."""
    arguments: tuple[str, ...] = ()
    """More arguments for every server, e.g. "--enforce-eager"."""
    environment: Mapping[str, str] = Field(default_factory=dict)
    ray: str | None = None
    """Address of a Ray cluster whose nodes run the servers, "auto" for the one on this machine."""
    gpu_gib: float | None = Field(default=None, gt=0, le=10**5)
    """Memory of each of a Ray cluster's GPUs, which cannot be asked from here."""

    @field_validator("arguments", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        return tuple(shlex.split(value)) if isinstance(value, str) else value
