"""Seasons: instances that nobody outside has seen, drawn with a salt whose hash is published before anything is run.

`seasons.json` lists them: a season is opened with a hash, closed when nothing more is verified on it, and revealed with
the salt, from which everybody can then draw its instances again.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttgbench.errors import InputError
from ttgbench.problems.family.family import Family
from ttgbench.problems.family.record import InstanceFile
from ttgbench.problems.suite import Suite
from ttgbench.util.files import write_atomic
from ttgbench.util.yaml_input import validation_message

REGISTRY = files("ttgbench.problems") / "suites" / "seasons.json"
SALT = re.compile(r"[A-Za-z0-9._-]{1,200}")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Season(_Record):
    """One season of a suite."""

    number: int = Field(ge=1)
    suite: str
    """Label."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the salt."""
    opened: date
    closed: date | None = None
    salt: str | None = None
    """Once it is revealed."""


class Registry(_Record):
    """All seasons there were."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    seasons: tuple[Season, ...] = ()

    def open(self, suite: str, salt: str, today: date) -> Registry:
        """With one more. Raises InputError for a salt that was used, or while the suite has an open season."""
        digest = commitment(salt)
        if any(season.sha256 == digest for season in self.seasons):
            raise InputError("was the salt of an earlier season; draw a new one", field="--salt")
        if any(season.suite == suite and season.closed is None for season in self.seasons):
            raise InputError(f"{suite} has an open season; close it first", field="season")
        season = Season(number=len(self.seasons) + 1, suite=suite, sha256=digest, opened=today)
        return self.model_copy(update={"seasons": (*self.seasons, season)})

    def close(self, number: int, today: date) -> Registry:
        """With one closed. Raises InputError."""
        if self._season(number).closed is not None:
            raise InputError(f"season {number} is closed", field="season")
        return self._changed(number, closed=today)

    def reveal(self, number: int, salt: str) -> Registry:
        """With the salt of a closed one. Raises InputError if it is open, or its hash is that of another salt."""
        season = self._season(number)
        if season.closed is None:
            raise InputError(f"season {number} is open; who knows its salt knows its instances", field="season")
        if commitment(salt) != season.sha256:
            raise InputError(f"is not the salt of season {number}: its sha256 is not {season.sha256}", field="--salt")
        return self._changed(number, salt=salt)

    def _season(self, number: int) -> Season:
        for season in self.seasons:
            if season.number == number:
                return season
        raise InputError(f"there is no season {number}", field="season")

    def _changed(self, number: int, **update: object) -> Registry:
        seasons = tuple(s.model_copy(update=update) if s.number == number else s for s in self.seasons)
        return self.model_copy(update={"seasons": seasons})


def commitment(salt: str) -> str:
    """What is published of a salt: its sha256. Raises InputError for what can be none."""
    if not SALT.fullmatch(salt):
        raise InputError("must be 1 to 200 letters, digits, dots, dashes and underscores", field="salt")
    return hashlib.sha256(salt.encode()).hexdigest()


def read_registry(path: Path) -> Registry:
    """Empty where there is no file yet. Raises InputError."""
    if not path.exists():
        return Registry()
    try:
        return Registry.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def write_registry(path: Path, registry: Registry) -> None:
    """Whole or not at all."""
    write_atomic(path, json.dumps(registry.model_dump(mode="json", by_alias=True), indent=1) + "\n")


def season_suite(suite: Suite, held: InstanceFile) -> Suite:
    """The suite on instances of another salt: seed k runs on instance 1 + k. Raises InputError without a family."""
    family = family_of(suite)
    count = min(len(records) for records in held.instances.values())
    drawn = {"salt": held.salt, "first": 1, "count": count, "records": dict(held.instances)}
    return suite.model_copy(update={"family": family.model_copy(update=drawn), "seeds": count})


def family_of(suite: Suite) -> Family:
    """What a season of this suite is drawn from. Raises InputError without a family."""
    if suite.family is None:
        raise InputError("has the same problems for every seed; seasons are of families", source=suite.label)
    return suite.family
