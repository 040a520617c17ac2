"""Recordings that are shipped beside the code, and how a suite is answered from one.

What is recorded is filled into a store in the user's cache the first time it is used, under its hash.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from importlib.resources import files
from pathlib import Path

from ttgbench.errors import InputError
from ttgbench.evaluate.store.store import Store
from ttgbench.models.weights import cache_dir
from ttgbench.problems.bank.folder import look
from ttgbench.problems.recorded import BankSpec, RecordedSpec, segments_folder
from ttgbench.problems.suite import Suite
from ttgbench.tasks.recorded import AsRecorded
from ttgbench.tasks.task import Task
from ttgbench.util.files import replacing

FOLDER = files("ttgbench.run.recorded")


def store_of(suite: Suite, own: Path, agent: str | None = None) -> Path:
    """The store that runs on this suite use: its recording's, if it has one, else their own.

    Raises as `recorded_store`.
    """
    return own if suite.recorded is None or keeps_own(suite, agent) else recorded_store(suite.recorded)


def keeps_own(suite: Suite, agent: str | None) -> bool:
    """Whether runs on this suite write a store: what a search agent says has to be kept too; see `begin`."""
    return suite.recorded is None or agent is not None


def begin(suite: Suite, store: Path) -> None:
    """Lets the store of runs with a search agent begin as a copy of the suite's recording, if that is a file.

    A bank is read where it is. Goes on with a store that is there already. Raises as `recorded_store`.
    """
    if suite.recorded is None or store.is_file():
        return
    store.parent.mkdir(parents=True, exist_ok=True)
    if suite.bank is not None:
        return
    recording = recorded_store(suite.recorded)
    with replacing(store) as part:
        shutil.copyfile(recording, part)


def recorded_path(file: str) -> Path:
    """A shipped file by its name, else the path as it is. Raises InputError."""
    shipped = Path(str(FOLDER / Path(file).name))
    path = shipped if shipped.is_file() and Path(file).name == file else Path(file)
    if not path.is_file():
        raise InputError(f"no recording {file!r}: neither shipped nor a file", source="suite", field="recorded.file")
    return path


def recorded_store(spec: RecordedSpec | BankSpec, data_dir: Path | None = None) -> Path:
    """The store that holds this recording, filled on first use.

    Raises InputError if a file is missing, broken or not the one that the suite was made with, StoreError; of a bank
    also where the store is filled already, as a suite is answered only where its segments lie.
    """
    if isinstance(spec, BankSpec):
        _check_segments(spec)
    digest = spec.sha256 if isinstance(spec, RecordedSpec) else spec.digest
    target = cache_dir() / "recorded" / f"{digest[:32]}.sqlite"
    if target.is_file():
        return target
    if isinstance(spec, RecordedSpec):
        paths = [_checked(recorded_path(spec.file), spec.sha256)]
    else:
        paths = _whole(spec, data_dir)
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        with Store(part) as store:
            for path in paths:
                store.import_(path)
        part.replace(target)  # whoever comes second replaces it by the same content
    finally:
        for left in target.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)
    return target


def as_recorded(task: Task, recording: Store) -> Task:
    """The task under the grader that its recording was made with, if that is not its own."""
    graders = recording.graders(task.card.name)
    return task if not graders or task.card.grader in graders else AsRecorded(task, graders[-1])


def under(task: Task, grader: str) -> Task:
    """The task under this grader, which may be a recording's."""
    return task if task.card.grader == grader else AsRecorded(task, grader)


def _checked(path: Path, sha256: str) -> Path:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise InputError(f"has sha256 {found}, the suite was made with {sha256}", source=path)
    return path


def _check_segments(bank: BankSpec) -> None:
    """Raises InputError for a segment that is not there or not the one that the suite was made with."""
    folder = segments_folder(bank.folder)
    for name, sha256 in bank.segments.items():
        if not (folder / name).is_file():
            raise InputError(f"lacks the segment {name} of {bank.plan.name}", source=folder, field="recorded.folder")
        _checked(folder / name, sha256)


def _whole(bank: BankSpec, data_dir: Path | None) -> list[Path]:
    """The segments of a bank, none of them broken or another plan's. Raises InputError."""
    folder = segments_folder(bank.folder)
    for segment in look(bank.plan, folder, data_dir).broken:
        if segment.name in bank.segments:
            message = "is cut short or damaged; `ttgbench bank` records it again"
            raise InputError(message, source=folder / segment.name)
    return [folder / name for name in bank.segments]
