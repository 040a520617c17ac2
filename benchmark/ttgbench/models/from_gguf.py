"""A model card from a GGUF file: its header says what the model is."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.models.gguf_header import GGUFHeader, read_gguf_header
from ttgbench.util.files import printable

EMBEDDINGS = ("token_embd.weight", "output.weight", "position_embd.weight")
QUANTIZATIONS = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 32: "BF16"}
QUANTIZATIONS |= {11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M"}
QUANTIZATIONS |= {18: "Q6_K"}
"""By llama.cpp's number of a file type."""


def card_from_gguf(path: Path) -> dict[str, Any]:
    """Fields of a card, as far as the header tells, and the file's hash. Raises InputError."""
    if printable(path.name) != path.name:
        raise InputError("has a name that cannot be printed; rename it", source=printable(str(path)))
    header = read_gguf_header(path)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stem = re.sub(r"[^a-z0-9._-]", "-", path.stem.lower()).strip("-._")[:64] or "model"
    weights = [{"kind": "path", "path": str(path.resolve()), "sha256": digest}]
    return {"name": stem, "hub_id": stem, **_fields(header), "weights": weights}


def _fields(header: GGUFHeader) -> dict[str, Any]:
    facts, kind = header.facts, str(header.facts.get("general.architecture", "unknown"))[:64]

    def number(key: str) -> int | None:
        """A positive number; of a list, one per layer, the mean."""
        value = facts.get(f"{kind}.{key}")
        if isinstance(value, list) and value and all(isinstance(each, int) for each in value):
            value = round(sum(value) / len(value))
        return value if isinstance(value, int) and value > 0 else None

    total = sum(header.tensors.values())
    embeddings = sum(size for name, size in header.tensors.items() if name in EMBEDDINGS)
    experts = sum(size for name, size in header.tensors.items() if "_exps" in name)
    share = (number("expert_used_count") or 1) / (number("expert_count") or 1)
    heads, hidden = number("attention.head_count"), number("embedding_length")
    head = number("attention.key_length") or (hidden // heads if heads and hidden else 0)
    licence, written = facts.get("general.license"), facts.get("general.file_type")
    found = {
        "family": kind,
        "parameters": total - embeddings - experts + round(experts * share) or None,
        "total_parameters": total or None,
        "layers": number("block_count"),
        "hidden_size": hidden,
        "kv_size": (number("attention.head_count_kv") or heads or 0) * head or None,
        "context_length": number("context_length"),
        "licence": licence if isinstance(licence, str) else None,
        "prompting": "chat" if "tokenizer.chat_template" in facts else "completion",
        "quantization": QUANTIZATIONS.get(written) if isinstance(written, int) else None,
    }
    return {key: value for key, value in found.items() if value is not None}
