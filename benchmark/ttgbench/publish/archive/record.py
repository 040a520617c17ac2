"""`run.json` and `verification.json`: the records of an archived run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from ttgbench.problems.method import Metadata
from ttgbench.publish.archive.layout import HASHED, content_name

Badge = Literal["self-reported", "replay-verified", "re-run"]
BADGES: tuple[Badge, ...] = ("self-reported", "replay-verified", "re-run")
"""By what they are worth."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
HashedName = Annotated[str, Field(pattern=f"^({'|'.join(re.escape(content_name(name)) for name in HASHED)})$")]
Text = Annotated[str, Field(max_length=200)]
AgentName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@[0-9]{1,6}(,[0-9](\.[0-9]{1,3})?)?)?$")]
"""A model, and behind an @ its limit of tokens and its temperature, where they are not the default ones."""
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def to_json(self) -> str:
        """Canonical text: same record, same bytes."""
        data = self.model_dump(mode="json", by_alias=True)
        return json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


class SuiteRef(_Record):
    """Which suite, exactly."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    version: int = Field(ge=1, le=10**6)
    hash: Sha256

    @property
    def label(self) -> str:
        """Name of the suite's folder of results."""
        return f"{self.name}-v{self.version}"


class TaskRef(_Record):
    """Which version of a task, graded by which version of its grader."""

    version: int = Field(ge=0)
    grader: Text


class FileRef(_Record):
    """What a file holds; a packed one: unpacked."""

    sha256: Sha256
    bytes: int = Field(ge=0)


class Hardware(_Record):
    """The machine that ran it. Provenance only: no result depends on it."""

    system: Text = ""
    machine: Text = ""
    processor: Text = ""
    cores: int = Field(default=0, ge=0)
    python: Text = ""


class RunRecord(_Record):
    """`run.json`: what was run with what."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    package_version: str = Field(max_length=40)
    rules: int = Field(default=1, ge=1, le=1000)
    """Version of the rules that the runs were made under; see `ttgbench.problems.rules_version`."""
    suite: SuiteRef
    tasks: dict[Annotated[str, Field(max_length=200)], TaskRef] = Field(min_length=1, max_length=1000)
    method: Metadata
    kind: Literal["method", "graph"]
    """"graph": one published graph per problem, evaluated without any search."""
    engine: Text
    """Name of the engine; "openai" for any server that was given by its address, which is nobody's business."""
    agent: AgentName | None = None
    """Model of the search agent, if the run had one: a name, never a file or an address, which verifiers would open."""
    hardware: Hardware
    seeds: int = Field(ge=1, le=1000)
    """Seeds 0 to seeds - 1, of every problem."""
    prices_date: date | None
    """Latest date of the prices that dollars were counted with."""
    files: dict[HashedName, FileRef]
    """By `content_name`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the listed files in the archive's folder."""
        return tuple(name for name in HASHED if content_name(name) in self.files)

    @property
    def run_id(self) -> str:
        """Content address: 16 hex digits that depend on what the listed files hold."""
        return run_id({name: file.sha256 for name, file in self.files.items()})


class HeldOut(_Record):
    """What a method scored on instances that nobody had seen. Normalised scores, means over strata."""

    season: Sha256
    """Of the salt."""
    public: float
    held_out: float
    gap: float
    """Public less held out."""
    error: float = Field(ge=0)
    """Standard error of the gap, from the runs of each stratum."""
    runs: int = Field(ge=1)
    without_graph: int = Field(default=0, ge=0)
    """Held-out runs that ended without a graph; each scores -1."""

    @property
    def flagged(self) -> bool:
        """Whether the public figure is more than two standard errors better than the held-out one."""
        return self.gap > 2 * self.error


class Renamed(_Record):
    """What a search found where models, families, task, problem and questions had other names."""

    cells: int = Field(ge=1)
    """Cells that ended with a graph under both names."""
    loss: float
    """Mean of the objective on test under the real names, minus that under the others. Far above 0: it remembered."""


class Verification(_Record):
    """`verification.json`: what was checked, by which version. A statement of whoever maintains the results; a
    submission that brings its own is not believed (see `ttgbench verify`)."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    run_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    badge: Badge
    package_version: str = Field(max_length=40)
    cells: int = Field(ge=0)
    """Cells replayed to the same bytes."""
    grades: int = Field(ge=0)
    """Raw answers graded again."""
    rerun: int = Field(default=0, ge=0)
    """Cells run again, live."""
    season: HeldOut | None = None
    """What the method scored on held-out instances, where it was run on them."""
    renamed: Renamed | None = None
    """Every cell run under other names; None where that tells nothing."""

    @model_serializer(mode="wrap")
    def _without_nothing(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What was not checked is not written, as where there was no such check yet."""
        data: dict[str, Any] = dump(self)
        return {key: value for key, value in data.items() if value is not None}


def run_id(hashes: Mapping[str, str]) -> str:
    """First 16 hex digits of sha256 over "name sha256" lines, sorted by name."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
