"""Recordings that are shipped beside the code, and how a suite is answered from one.

A Parquet file is filled into a store in the user's cache the first time it is used, under the file's hash.
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
from ttgbench.problems.suite import RecordedSpec, Suite
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
    """Lets the store of runs with a search agent begin as a copy of the suite's recording, if it has one.

    Goes on with a store that is there already. Raises as `recorded_store`.
    """
    if suite.recorded is None or store.is_file():
        return
    store.parent.mkdir(parents=True, exist_ok=True)
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


def recorded_store(spec: RecordedSpec) -> Path:
    """The store that holds this recording, filled on first use. Raises InputError if the hash differs, StoreError."""
    target = cache_dir() / "recorded" / f"{spec.sha256[:32]}.sqlite"
    if target.is_file():
        return target
    path = recorded_path(spec.file)
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != spec.sha256:
        raise InputError(f"has sha256 {found}, the suite was made with {spec.sha256}", source=path)
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        with Store(part) as store:
            store.import_(path)
        part.replace(target)  # whoever comes second replaces it by the same content
    finally:
        for left in target.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)
    return target
