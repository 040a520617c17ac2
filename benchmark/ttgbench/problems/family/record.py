"""What is kept of drawn instances: which draw it was, its anchors, and what the filter measured. Shipped as JSON."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttgbench.errors import InputError
from ttgbench.problems.anchors import Anchor
from ttgbench.util.yaml_input import validation_message

INSTANCES = files("ttgbench.problems") / "suites" / "instances"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InstanceRecord(_Record):
    """One instance. Normalised values: 0 at `zero`, 1 at `one`."""

    attempt: int = Field(ge=0)
    """Draws of this instance that the filter refused before this one."""
    zero: float
    """Expected value of the best single model, on the test questions."""
    one: float
    """That of the best graph which the reference search found."""
    zero_graph: dict[str, Any]
    one_graph: dict[str, Any]
    template: float
    """Normalised value of the best graph of one model."""
    random: float
    """Median of random graphs."""
    ceiling: float
    """Normalised value of the graph that looks best on the search questions, drawn four times each."""
    exact_zero: float
    """As `zero`, by what the exact track measures."""
    exact_one: float

    def anchor(self, exact: bool) -> Anchor:
        """What counts as 0 and 1 on a track."""
        return Anchor(
            zero=self.exact_zero if exact else self.zero,
            one=self.exact_one if exact else self.one,
            kind="best-known",
            zero_graph=self.zero_graph,
            one_graph=self.one_graph,
        )


class InstanceFile(_Record):
    """Every instance of a salt, by stratum; instance 1 comes first."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    salt: str = Field(min_length=1, max_length=200)
    version: int
    """Of the prior that they were drawn from."""
    drawn: int = Field(ge=0)
    refused: dict[str, int]
    """By the condition that failed first."""
    instances: dict[str, tuple[InstanceRecord, ...]]

    def to_json(self) -> str:
        """Text with a line per instance."""
        head = self.model_dump_json(by_alias=True, exclude={"instances"})[:-1]
        blocks = []
        for name, records in self.instances.items():
            lines = ",\n".join(record.model_dump_json() for record in records)
            blocks.append(f'"{name}":[\n{lines}]')
        return f'{head},"instances":{{\n' + ",\n".join(blocks) + "}}\n"


@lru_cache(maxsize=8)
def read_instances(path: Path) -> InstanceFile:
    """Raises InputError naming file and field."""
    try:
        return InstanceFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=path) from None
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def shipped(salt: str) -> Path:
    """Where the instances of a public salt lie."""
    return Path(str(INSTANCES / f"{salt}.json"))
