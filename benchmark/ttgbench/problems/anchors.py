"""Anchors: per problem of a suite, the values that count as 0 and 1, frozen with the suite's version.

0 is the best single model within the per-query budget, 1 the optimum where the space was enumerated, else the best
graph that searches have found. Both are values of the problem's objective on its test questions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ttgbench.errors import InputError
from ttgbench.util.yaml_input import validation_message

ANCHORS = files("ttgbench.problems") / "suites" / "anchors"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Anchor(_Record):
    """The two fixed points of one problem."""

    zero: float
    """Value of the best single model."""
    one: float
    """Value of the best graph known."""
    kind: Literal["optimum", "best-known"]
    """"optimum": every graph of the space was evaluated."""
    zero_graph: dict[str, Any]
    one_graph: dict[str, Any]

    @model_validator(mode="after")
    def _apart(self) -> Anchor:
        if not self.zero < self.one:
            raise ValueError(f"one ({self.one}) must be above zero ({self.zero})")
        return self

    def normalised(self, value: float) -> float:
        """0 at the best single model, 1 at the best known; below and above are possible."""
        return (value - self.zero) / (self.one - self.zero)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return self.model_dump(mode="json")


class AnchorFile(_Record):
    """`suites/anchors/<label>.json`."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    suite: str
    """Label of the suite."""
    method: str
    """How they were found, in words."""
    problems: dict[str, Anchor]

    def to_json(self) -> str:
        """Text with a line per field, for diffs."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1) + "\n"


def anchor_path(label: str) -> Path:
    """Where the anchors of a suite lie."""
    return Path(str(ANCHORS / f"{label}.json"))


def load_anchors(label: str, problems: Iterable[str]) -> Mapping[str, Anchor] | None:
    """The shipped anchors of a suite's problems, None if there are none. Raises InputError if they are of others."""
    path = anchor_path(label)
    if not path.is_file():
        return None
    anchors = _read(path, path.stat().st_mtime_ns)
    if set(anchors) != set(problems):
        message = f"are not anchors of the problems of {label}; a changed suite needs another name or version"
        raise InputError(message, source=path, field="problems")
    return anchors


@lru_cache(maxsize=16)
def _read(path: Path, modified: int) -> Mapping[str, Anchor]:
    """The problems of a file, read again when it was modified: every cell of a run asks for its suite's hash."""
    try:
        return AnchorFile.model_validate_json(path.read_bytes()).problems
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None
