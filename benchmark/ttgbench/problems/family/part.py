"""What is known of a salt's instances so far: a file of lines, the salt first, that a killed search goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttgbench.errors import InputError
from ttgbench.evaluate.synthetic.family import VERSION
from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.problems.family.record import InstanceRecord
from ttgbench.util.files import write_atomic
from ttgbench.util.yaml_input import validation_message


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_L = TypeVar("_L", bound=_Line)


class _Head(_Line):
    salt: str
    version: int
    """Of the prior that the instances are drawn from."""


class Found(_Line):
    """An instance that the filter let through, and why the draws before it were refused."""

    stratum: str
    number: int = Field(ge=1)
    refused: tuple[str, ...]
    record: InstanceRecord


@dataclass(frozen=True, slots=True)
class Part:
    """The whole lines of such a file."""

    salt: str
    found: Mapping[tuple[str, int], Found]
    """By stratum and number."""


def read_part(path: Path) -> Part | None:
    """None where nothing whole is there. A last line without its end was being written when the search was killed: it
    is left out. Raises InputError naming file and line for any other line that is none.
    """
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    if not lines:
        return None
    head = _line(_Head, path, 1, lines[0])
    if head.version != VERSION:
        message = f"was drawn from version {head.version} of the prior, not {VERSION}; remove it to search again"
        raise InputError(message, source=path, field="line 1")
    found: dict[tuple[str, int], Found] = {}
    for number, line in enumerate(lines[1:], 2):
        one = _line(Found, path, number, line)
        if one.stratum not in STRATA:
            raise InputError(f"there is no stratum {one.stratum[:60]!r}", source=path, field=f"line {number}")
        found[one.stratum, one.number] = one
    return Part(head.salt, found)


def begin_part(path: Path, salt: str) -> Part:
    """What is known of this salt, in a file that can be appended to. Raises InputError for a file of another salt."""
    part = read_part(path) or Part(salt, {})
    if part.salt != salt:
        message = "holds instances of another salt: give that with --salt, or remove the file to search again"
        raise InputError(message, source=path, field="line 1")
    lines: list[BaseModel] = [_Head(salt=salt, version=VERSION), *part.found.values()]
    write_atomic(path, "".join(line.model_dump_json() + "\n" for line in lines))
    return part


def _line(kind: type[_L], path: Path, number: int, line: bytes) -> _L:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        message = f"{validation_message(error)}; remove the line, or the file to search again"
        raise InputError(message, source=path, field=f"line {number}") from None
