"""Seasons of procedural tasks: a test split drawn from a secret that is committed to before and published after.

    seasons.yaml of a task folder:  1: {commitment: <sha256 of "task/1/secret">}   later also  seed: <the secret>

Whoever holds the secret gives it in TTGBENCH_SEASON_SEED (itself, or the path of a file with it): `test` is then that
season's. After publication everybody can: the same questions come out, and the commitment shows that they stood fixed.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ttgbench.errors import InputError
from ttgbench.util.yaml_input import read_yaml, validation_message

SEASONS = "seasons.yaml"
VARIABLE = "TTGBENCH_SEASON_SEED"
MIN_SECRET = 16
"""Characters. A shorter secret could be found by trying: its hash is public."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    commitment: str = Field(pattern=r"^[0-9a-f]{64}$")
    seed: str | None = None


@dataclass(frozen=True, slots=True)
class Season:
    """One season with its secret."""

    number: int
    seed: str


def commitment(task: str, number: int, seed: str) -> str:
    """What is published before the season. Raises InputError for a secret that is too short."""
    if len(seed) < MIN_SECRET:
        raise InputError(f"must be at least {MIN_SECRET} characters that nobody can guess", source=VARIABLE)
    return hashlib.sha256(f"{task}/{number}/{seed}".encode("utf-8", "surrogateescape")).hexdigest()


def read_secret(given: str | None = None) -> str | None:
    """The secret from this text or else the environment; a path stands for the file's content."""
    text = given or os.environ.get(VARIABLE)
    if not text:
        return None
    path = Path(text)
    try:
        return path.read_text("utf-8").strip() if path.is_file() else text
    except (OSError, ValueError):
        return text


def read_seasons(folder: Path) -> dict[int, _Entry]:
    """The seasons of a task folder by number; empty if it has none. Raises InputError."""
    path = folder / SEASONS
    if not path.is_file():
        return {}
    try:
        return TypeAdapter(dict[int, _Entry]).validate_python(read_yaml(path))
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def season_of(folder: Path, task: str, secret: str | None) -> Season | None:
    """The season that this secret opens; None without a secret or for a task without seasons.

    Raises InputError where the secret fits no commitment.
    """
    seasons = read_seasons(folder)
    if secret is None or not seasons:
        return None
    for number, entry in seasons.items():
        if commitment(task, number, secret) == entry.commitment:
            return Season(number, secret)
    known = ", ".join(f"season {number} ({entry.commitment[:12]}...)" for number, entry in seasons.items())
    raise InputError(f"this secret fits no commitment of {folder / SEASONS}: {known}", source=VARIABLE)
