"""A model's files as torch engines need them: where they are, how much memory they take, and their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.models.pool import HubWeights, ModelCard, PathWeights

BITS = {"float32": 32.0, "bfloat16": 16.0, "float16": 16.0, "auto": 16.0, "fp8": 8.0, "int8": 8.0,
        "awq": 4.5, "awq_marlin": 4.5, "gptq": 4.5, "gptq_marlin": 4.5, "bitsandbytes": 4.5}  # fmt: skip
"""Bits per parameter by data type or quantisation; 4.5: four and the scales."""
LARGEST_VOCABULARY = 262_144
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where one model's files are."""

    card: ModelCard
    model: str
    """A local folder, or a Hub id."""
    revision: str | None
    """None for a folder."""

    @property
    def folder(self) -> Path | None:
        """The local folder, the Hub's cache included; None if nothing is here yet."""
        if self.revision is None:
            return Path(self.model)
        import huggingface_hub

        found = huggingface_hub.try_to_load_from_cache(self.model, "config.json", revision=self.revision)
        return Path(found).parent if isinstance(found, str) else None

    def weight_bytes(self, dtype: str, quantization: str | None) -> int:
        """Bytes of the weights in memory: the files' size if they are here, else the card's parameters.

        A card that does not say how many there are in all is taken to have the largest vocabulary in use twice, and
        to be no mixture of experts.
        """
        if quantization is None and dtype in ("auto", "bfloat16", "float16") and (files := list(self._weights())):
            return sum(path.stat().st_size for path in files)
        card = self.card
        total = card.total_parameters or card.parameters + 2 * LARGEST_VOCABULARY * card.hidden_size
        return int(total * BITS.get(quantization or dtype, 16.0) / 8)

    def cache_bytes_per_token(self, dtype: str) -> int:
        """Bytes of KV cache of one token. Without the card's `kv_size`, as if every head had keys of its own."""
        width = self.card.kv_size or self.card.hidden_size
        return 2 * self.card.layers * width * int(BITS[dtype]) // 8

    def digests(self) -> tuple[str, str]:
        """Hashes of weights and chat template, 16 hex digits each. A revision of the Hub is the hash of all files."""
        folder = self.folder
        template = "none" if folder is None else _template_digest(folder)
        if self.revision is not None:
            return self.revision[:16], template
        digest = hashlib.sha256()
        for path in sorted(self._weights()):
            with path.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    digest.update(block)
        return digest.hexdigest()[:16], template

    def _weights(self) -> Iterator[Path]:
        folder = self.folder
        if folder is None:
            return
        for pattern in ("*.safetensors", "*.bin", "*.gguf"):
            if found := list(folder.glob(pattern)):
                yield from found
                return


def locate(card: ModelCard, override: str | None = None) -> ModelFiles:
    """The files of a card: the override, else its first source that torch can read, else its Hub id and revision.

    Raises InputError for a folder that is none, or a card whose weights are a GGUF only.
    """
    if override is not None:
        return ModelFiles(card, str(_folder(Path(override).expanduser())), None)
    for source in card.weights:
        if isinstance(source, PathWeights) and Path(source.path).expanduser().is_dir():
            return ModelFiles(card, str(_folder(Path(source.path).expanduser())), None)
        if isinstance(source, HubWeights) and source.filename is None:
            return ModelFiles(card, source.repo, source.revision)
    if card.weights:
        raise InputError(
            f"its weights are a GGUF file ({card.quantization}), which this engine does not load; "
            f"convert it and give the folder as models.{card.name}=FOLDER, or use --engine transformers or llama_cpp",
            source=card.name,
            field="weights",
        )
    return ModelFiles(card, card.hub_id, card.revision)


def _folder(path: Path) -> Path:
    if not (path / "config.json").is_file():
        raise InputError("must be a folder with a config.json and the model's weights", source=path)
    return path.resolve()


def _template_digest(folder: Path) -> str:
    """Hash of the chat template, wherever the tokenizer keeps it; "none" without one."""
    own = folder / "chat_template.jinja"
    template: Any = own.read_text("utf-8") if own.is_file() else None
    if template is None:
        try:
            template = json.loads((folder / "tokenizer_config.json").read_text("utf-8")).get("chat_template")
        except (OSError, ValueError, AttributeError):
            template = None
    if template is None:
        return "none"
    text = template if isinstance(template, str) else json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
