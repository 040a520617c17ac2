"""A model card from a repository of the Hugging Face Hub: `config.json` says what the model is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError

MAX_CONFIG_BYTES = 1 << 20
UNGATED = ("gpt2", "gpt_neox", "opt", "phi", "starcoder2", "falcon", "mpt", "bloom")
"""Architectures whose feed-forward layers have two matrices; the others have a gate too."""


def card_from_hub(hub_id: str) -> dict[str, Any]:
    """Fields of a card, as far as the repository tells. Raises InputError."""
    import huggingface_hub

    try:
        path = Path(huggingface_hub.hf_hub_download(hub_id, "config.json"))
        info = huggingface_hub.HfApi().model_info(hub_id)
    except Exception as error:  # the library raises a dozen kinds, of three packages
        message = f"config.json cannot be fetched: {type(error).__name__}: {str(error)[:200]}"
        raise InputError(message, source=hub_id) from None
    config = _read(path, hub_id)
    licences = [tag.removeprefix("license:") for tag in info.tags or () if tag.startswith("license:")]
    return {
        "name": re.sub(r"[^a-z0-9._-]", "-", hub_id.rpartition("/")[2].lower())[:64],
        "hub_id": hub_id,
        "revision": info.sha or "main",
        "licence": licences[0] if licences else "unknown",
        **card_of_config(config),
    }


def _read(path: Path, source: str) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise InputError(f"config.json is larger than {MAX_CONFIG_BYTES} bytes", source=source)
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"config.json cannot be read: {type(error).__name__}", source=source) from None
    if not isinstance(config, dict):
        raise InputError("config.json must be a JSON object", source=source)
    return config


def card_of_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a transformer's configuration tells of its card; a model that also sees is read by its text part.

    Parameters without embeddings, exactly for the Llama, Qwen, Mistral and Gemma kinds: per layer the projections of
    attention (heads h, key-value heads k, head size d: 2 D h d + 2 D k d) and its biases, three matrices D x F of a
    gated feed-forward layer (of a mixture of experts those that are active, and the router), two norms; the last norm.
    """
    text = config.get("text_config")
    config = {**config, **text} if isinstance(text, dict) else config
    layers, hidden = _whole(config, "num_hidden_layers", "n_layer"), _whole(config, "hidden_size", "n_embd")
    found: dict[str, Any] = {"family": str(config.get("model_type") or "unknown")}
    context = _whole(config, "max_position_embeddings", "n_positions", "model_max_length")
    if context:
        found["context_length"] = context
    if not layers or not hidden:
        return found
    heads = _whole(config, "num_attention_heads", "n_head") or 1
    kv_heads = _whole(config, "num_key_value_heads") or heads
    size = _whole(config, "head_dim") or hidden // heads
    parameters, total = _counts(config, layers, hidden, heads * size, kv_heads * size, size)
    vocabulary = _whole(config, "vocab_size") or 0
    embeddings = vocabulary * hidden * (1 if config.get("tie_word_embeddings", True) else 2)
    return {
        **found,
        "parameters": parameters,
        "total_parameters": total + embeddings,
        "layers": layers,
        "hidden_size": hidden,
        "kv_size": kv_heads * size,
    }


def _counts(config: Mapping[str, Any], layers: int, hidden: int, queries: int, keys: int, head: int) -> tuple[int, int]:
    """Active and all parameters, without embeddings."""
    kind = str(config.get("model_type"))
    bias = config.get("attention_bias", kind.startswith("qwen2"))
    attention = 2 * hidden * queries + 2 * hidden * keys + (queries + 2 * keys if bias else 0)
    norms = 2 * hidden
    if kind.startswith(("qwen3", "gemma3")):
        norms += 2 * head  # of queries and keys
    if kind.startswith(("gemma2", "gemma3")):
        norms += 2 * hidden
    matrices = 2 if kind in UNGATED else 3
    wide = _whole(config, "intermediate_size", "n_inner") or 4 * hidden
    experts = _whole(config, "num_experts", "num_local_experts", "n_routed_experts")
    if not experts:
        each = layers * (attention + norms + matrices * hidden * wide) + hidden
        return each, each
    width = _whole(config, "moe_intermediate_size") or wide
    shared = (_whole(config, "n_shared_experts") or 0) * width + (
        _whole(config, "shared_expert_intermediate_size") or 0
    )
    fixed = attention + norms + hidden * experts + matrices * hidden * shared
    active = _whole(config, "num_experts_per_tok", "num_experts_per_token") or 1
    per_expert = matrices * hidden * width
    return layers * (fixed + active * per_expert) + hidden, layers * (fixed + experts * per_expert) + hidden


def _whole(config: Mapping[str, Any], *names: str) -> int | None:
    """The first of these that is a sensible positive number."""
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
            return value
    return None
