"""What answers a suite instead of engines: a file that holds all its generations, or a bank of recorded samples."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from ttgbench.errors import InputError, UnknownName
from ttgbench.problems.bank.plan import BankPlan, BankTask, Segment, load_bank, segments
from ttgbench.util.plugins import bundled_folder
from ttgbench.util.yaml_input import validation_message

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RecordedSpec(BaseModel):
    """A recording: a file of `ttgbench/recorded`, or any path."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(min_length=1)
    sha256: Sha256


class BankSpec(BaseModel):
    """A bank: every seed searches some of its questions and is tested on others, in its other universes.

    A suite's file gives the plan's path; folder and segments may be left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: BankPlan
    folder: str = Field(min_length=1)
    """Where the segments lie: a path, or the name of a folder that the package brings along."""
    segments: dict[str, Sha256] = Field(min_length=1)
    """By file name. Those, and no others, are the suite's; a file left out is one that the suite does not ask."""

    @model_validator(mode="after")
    def _planned(self) -> BankSpec:
        planned = {segment.name for segment in segments(self.plan)}
        for name in self.segments:
            if name not in planned:
                raise ValueError(f"segments: {name} is none of the plan {self.plan.name}")
        return self

    @property
    def digest(self) -> str:
        """sha256 of plan and segments."""
        lines = "".join(f"{name} {sha256}\n" for name, sha256 in sorted(self.segments.items()))
        return hashlib.sha256((self.plan.model_dump_json() + lines).encode()).hexdigest()

    def entry(self, task: str) -> BankTask:
        """What the plan says of a task, known by name or path. Raises UnknownName."""
        named = {Path(entry.task).name: entry for entry in self.plan.tasks}
        if Path(task).name not in named:
            raise UnknownName("task", task, named, source=self.plan.name)
        return named[Path(task).name]

    @cached_property
    def _parts(self) -> dict[str, list[Segment]]:
        parts: dict[str, list[Segment]] = {}
        for segment in segments(self.plan):
            if segment.name in self.segments:
                parts.setdefault(Path(segment.task).name, []).append(segment)
        return parts

    def universes(self, task: str) -> tuple[int, ...]:
        """Those in which anything of a task is recorded, in order."""
        return tuple(sorted({segment.universe for segment in self._parts.get(Path(task).name, ())}))

    def questions(self, task: str) -> tuple[int, ...]:
        """Indices, in the plan's split, of the questions that are recorded in all these universes."""
        asked: dict[int, set[int]] = {}
        for segment in self._parts.get(Path(task).name, ()):
            asked.setdefault(segment.universe, set()).update(range(segment.start, segment.stop))
        return tuple(sorted(set.intersection(*asked.values()))) if asked else ()


def _kind(data: Any) -> str:
    return "bank" if isinstance(data, BankSpec) or (isinstance(data, dict) and "plan" in data) else "file"


Recorded = Annotated[Annotated[RecordedSpec, Tag("file")] | Annotated[BankSpec, Tag("bank")], Discriminator(_kind)]


def load_recorded(recorded: Any, source: Path) -> RecordedSpec | BankSpec:
    """What a suite's file says of what answers it; of a bank with what the plan's file and its segments say.

    The plan lies beside the suite, or is one that the package brings along; its segments, if no folder is named, in the
    folder of its name. Raises InputError for anything else than a file or a bank, for a plan that is not there or is
    faulty, and for a folder without segments.
    """
    found = _with_plan(recorded, source)
    try:
        return (BankSpec if _kind(found) == "bank" else RecordedSpec).model_validate(found)
    except ValidationError as error:
        raise InputError(validation_message(error), source=source, field="recorded") from None


def _with_plan(recorded: Any, source: Path) -> Any:
    if not isinstance(recorded, dict) or isinstance(recorded.get("plan", {}), dict):
        return recorded
    name = _path(recorded, "plan", source)
    shipped = bundled_folder("recording") / name
    beside = source.parent / name
    path = beside if beside.is_file() or Path(name).name != name or not shipped.is_file() else shipped
    plan = load_bank(path)
    usual = Path(name).stem if path is shipped else str(Path(name).with_suffix(""))
    folder = _path({"folder": usual, **recorded}, "folder", source)
    if path is not shipped:
        folder = str((source.parent / folder).resolve())
    hashes = {} if "segments" in recorded else {"segments": _hashes(plan, segments_folder(folder), source)}
    return {**recorded, **hashes, "plan": plan.model_dump(mode="json", by_alias=True), "folder": folder}


def _path(recorded: dict[str, Any], key: str, source: Path) -> str:
    found = recorded[key]
    if not isinstance(found, str) or "\0" in found:
        raise InputError("must be a path", source=source, field=f"recorded.{key}")
    return found


def segments_folder(name: str) -> Path:
    """The folder that a bank's `folder` means: one that the package brings along, else a path."""
    shipped = bundled_folder("recording") / name
    return shipped if Path(name).name == name and shipped.is_dir() else Path(name)


def _hashes(plan: BankPlan, folder: Path, source: Path) -> dict[str, str]:
    found = {}
    for segment in segments(plan):
        path = folder / segment.name
        if path.is_file():
            with path.open("rb") as stream:
                found[segment.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    if not found:
        raise InputError(f"no finished segment of {plan.name} in {folder}", source=source, field="recorded.folder")
    return found
