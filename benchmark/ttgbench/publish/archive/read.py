"""Reading archived runs that come from anybody: every byte is checked, and a broken run stops no other."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ttgbench.problems.rules_version import RULES
from ttgbench.problems.suite import Suite, load_suite, suite_names
from ttgbench.publish.archive import check, packed
from ttgbench.publish.archive.layout import (
    CELLS,
    HASHED,
    LIMITS,
    LOGS,
    MAX_LINE_BYTES,
    PACKED,
    RUN,
    STORE,
    SUBMISSION,
    VERIFICATION,
    content_name,
    uses_store,
)
from ttgbench.publish.archive.record import Badge, FileRef, RunRecord, Verification
from ttgbench.publish.archive.rejection import Rejected, Rejection
from ttgbench.run.results import CellResult
from ttgbench.util.versions import why_not_comparable
from ttgbench.util.yaml_input import validation_message

_LEVELS = (
    ("suite", re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}-v[1-9][0-9]{0,5}")),
    ("method", re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")),
    ("run", re.compile(r"[0-9a-f]{16}")),
)
"""The folders between the results folder and an archive, and how they may be called."""
_PASSED_OVER = re.compile(r"\..*|README\.md|LICENSE")
"""Names beside the suites' folders that belong to the repository around the results."""

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Archive:
    """One archived run that has passed every check short of running anything."""

    path: Path
    record: RunRecord
    suite: Suite
    cells: tuple[CellResult, ...]
    """Sorted by problem and seed; every problem of the suite with every seed."""
    verification: Verification | None
    """What the folder says about itself; only as good as whoever may write there."""

    @property
    def run_id(self) -> str:
        return self.record.run_id

    @property
    def badge(self) -> Badge:
        """ "self-reported" where nobody has verified anything."""
        return self.verification.badge if self.verification is not None else "self-reported"

    @property
    def store(self) -> Path | None:
        """The Parquet file of the generations and the agent's replies, if there is one."""
        return self.path / STORE if STORE in self.record.files else None

    @property
    def submission(self) -> Path | None:
        """The packed method, if it is there."""
        return self.path / SUBMISSION if SUBMISSION in self.record.files else None

    def logs(self) -> Iterator[tuple[str, int, list[dict[str, Any]]]]:
        """(problem, seed, events) of every cell, in the order of `cells`; read anew from the file each time."""
        for line in _lines(self.path / LOGS):
            entry = json.loads(line)
            yield entry["problem"], entry["seed"], entry["events"]


def read_archive(path: Path, *, suites: Mapping[str, Suite] | None = None) -> Archive:
    """Reads and checks one archive, without running or grading anything.

    suites: by label, besides those shipped. Raises Rejected (an InputError) with the first thing that is wrong.
    """
    path = Path(os.path.abspath(path))
    for (kind, pattern), folder in zip(_LEVELS, (path.parent.parent, path.parent, path), strict=True):
        if not pattern.fullmatch(folder.name):
            raise Rejected("bad-name", f"{folder.name[:80]!r} cannot name a {kind}", source=path)
    present = _listed(path)
    record = _parsed(RunRecord, path / RUN, _bytes(path / RUN))
    _check_names(path, record)
    suite = _suite_of(record, path, suites)
    _check_store(path, record, suite)
    _check_files(path, record, present)
    cells = tuple(_cells(path / CELLS))
    check.cells(record, suite, cells, source=path / CELLS)
    check.logs(_logs(path / LOGS), cells, source=path / LOGS)
    verification = None
    if VERIFICATION in present:
        verification = _parsed(Verification, path / VERIFICATION, _bytes(path / VERIFICATION))
        if verification.run_id != record.run_id:
            raise Rejected("name-mismatch", "is about another run", source=path / VERIFICATION, field="run_id")
    return Archive(path, record, suite, cells, verification)


def find_archives(root: Path, *, suites: Mapping[str, Suite] | None = None) -> Iterator[Archive | Rejection]:
    """Every archive below a results folder, in sorted order, and a Rejection for everything that is none.

    Symbolic links are refused, so a Hub snapshot must be downloaded to a folder of plain files (`local_dir=`).
    Raises InputError only where `root` itself is no folder.
    """
    root = Path(os.path.abspath(root))
    if not root.is_dir():
        raise Rejected("missing-file", "is not a folder of results", source=root)
    seen: dict[str, Path] = {}
    for path in _walk(root, root, 0):
        if isinstance(path, Rejection):
            yield path
            continue
        try:
            archive = read_archive(path, suites=suites)
            first = seen.setdefault(archive.record.files[content_name(CELLS)].sha256, path)
            if first != path:
                raise Rejected("duplicate-run", f"the same results as {first.relative_to(root)}", source=path)
            yield archive
        except Rejected as error:
            yield error.rejection(root, path)
        except OSError as error:
            yield Rejected("unreadable", error.strerror or str(error), source=path).rejection(root, path)


def _walk(root: Path, folder: Path, level: int) -> Iterator[Path | Rejection]:
    """The archives' folders. Anything else that lies on the way is a Rejection."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        yield Rejected("unreadable", error.strerror or str(error), source=folder).rejection(root, folder)
        return
    for name in names:
        path = folder / name
        if level == 0 and _PASSED_OVER.fullmatch(name):
            continue
        kind, pattern = _LEVELS[level]
        if path.is_symlink():
            yield Rejected("symlink", "symbolic links are not followed", source=path).rejection(root, path)
        elif not path.is_dir():
            yield Rejected("unexpected-file", f"only folders named after a {kind} belong here", source=path).rejection(
                root, path
            )
        elif not pattern.fullmatch(name):
            yield Rejected("bad-name", f"{name[:80]!r} cannot name a {kind}", source=path).rejection(root, path)
        elif level == 2:
            yield path
        else:
            yield from _walk(root, path, level + 1)


def _listed(path: Path) -> set[str]:
    """Names in an archive's folder, each a plain file of acceptable size. Raises Rejected."""
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        raise Rejected("missing-file", f"no such folder ({error.strerror})", source=path) from None
    for entry in entries:
        facts = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(facts.st_mode):
            raise Rejected("symlink", "only plain files belong here", source=path / entry.name)
        if entry.name not in LIMITS:
            raise Rejected("unexpected-file", f"known files: {', '.join(LIMITS)}", source=path / entry.name)
        if facts.st_size > LIMITS[entry.name]:
            message = f"has {facts.st_size:,} bytes; at most {LIMITS[entry.name]:,} are allowed"
            raise Rejected("too-large", message, source=path / entry.name)
    names = {entry.name for entry in entries}
    for name in (RUN, CELLS, LOGS):
        if name not in names:
            raise Rejected("missing-file", "is missing", source=path / name)
    return names


def _check_names(path: Path, record: RunRecord) -> None:
    said = (record.suite.label, record.method.name, record.run_id)
    folders = (path.parent.parent.name, path.parent.name, path.name)
    for field, want, got in zip(("suite", "method", "files"), said, folders, strict=True):
        if want != got:
            reason = "run-id-mismatch" if field == "files" else "name-mismatch"
            raise Rejected(reason, f"says {want!r}, but lies in folder {got!r}", source=path / RUN, field=field)


@functools.cache
def shipped_suites() -> Mapping[str, Suite]:
    """The shipped suites by label."""
    loaded = [load_suite(name) for name in suite_names()]
    return {f"{suite.name}-v{suite.version}": suite for suite in loaded}


def _suite_of(record: RunRecord, path: Path, suites: Mapping[str, Suite] | None) -> Suite:
    """The suite that the run claims to be of; a shipped one cannot be replaced. Raises Rejected."""
    label = record.suite.label
    suite = {**(suites or {}), **shipped_suites()}.get(label)
    if suite is None:
        raise Rejected("suite-unknown", f"no suite {label!r} is known here", source=path / RUN, field="suite")
    reason = why_not_comparable(
        record.package_version, record.rules, record.suite.hash, expected_rules=RULES, expected_hash=suite.hash
    )
    if reason is not None:
        raise Rejected("suite-mismatch", reason, source=path / RUN)
    return suite


def _check_store(path: Path, record: RunRecord, suite: Suite) -> None:
    """Texts that no run could have used are not taken. Raises Rejected."""
    if STORE in record.names and not uses_store(suite, record.agent):
        message = "runs on a simulated suite without a search agent use no texts"
        raise Rejected("unexpected-file", message, source=path / STORE)


def _check_files(path: Path, record: RunRecord, present: set[str]) -> None:
    """Every file is there, listed, and what run.json says it is. Raises Rejected."""
    for name in (CELLS, LOGS):
        if name not in record.names:
            raise Rejected("hash-mismatch", f"does not list {content_name(name)}", source=path / RUN, field="files")
    for name in HASHED:
        if (name in present) != (name in record.names):
            there = "is not listed in run.json" if name in present else "is listed in run.json, but missing"
            raise Rejected("hash-mismatch" if name in present else "missing-file", there, source=path / name)
    for name in record.names:
        expected, found = record.files[content_name(name)], digest(path / name)
        if found != expected:
            message = f"has sha256 {found.sha256[:12]}... and {found.bytes:,} bytes; run.json says "
            message += f"{expected.sha256[:12]}... and {expected.bytes:,}"
            raise Rejected("hash-mismatch", message, source=path / name)


def open_plain(path: Path) -> Any:
    """Opens a plain file for reading bytes; a link that was put there meanwhile is not followed. Raises Rejected."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        raise Rejected("unreadable", error.strerror or str(error), source=path) from None


def open_content(path: Path, limit: int | None = None) -> Any:
    """As `open_plain`; a packed file, by its name, is unpacked while it is read, no further than to `limit` bytes
    (default: the file's own limit). Reading raises Rejected as well."""
    stream = open_plain(path)
    if path.name not in PACKED:
        return stream
    return packed.unpacked(stream, LIMITS[path.name] if limit is None else limit, path)


def digest(path: Path) -> FileRef:
    """What run.json says of a file. Raises Rejected (too-large, bad-gzip, unreadable)."""
    found, size, limit = hashlib.sha256(), 0, LIMITS[path.name]
    with open_content(path) as stream:
        while chunk := stream.read(1 << 20):
            found.update(chunk)
            size += len(chunk)
            if size > limit:
                raise Rejected("too-large", f"has more than the {limit:,} bytes that are allowed", source=path)
    return FileRef(sha256=found.hexdigest(), bytes=size)


def _bytes(path: Path) -> bytes:
    with open_plain(path) as stream:
        data: bytes = stream.read(LIMITS[path.name] + 1)
    return data


def _parsed(model: type[_Model], path: Path, data: bytes) -> _Model:
    """A record whose bytes are its canonical text. Raises Rejected."""
    try:
        record = model.model_validate_json(data)
        canonical = record.to_json().encode() == data  # type: ignore[attr-defined]
    except ValidationError as error:
        raise Rejected("schema", validation_message(error), source=path) from None
    except ValueError as error:  # infinities, lone surrogates
        raise Rejected("schema", str(error), source=path) from None
    if not canonical:
        raise Rejected("not-canonical", "is not what the package writes for this content", source=path)
    return record


def _lines(path: Path) -> Iterator[bytes]:
    """Lines with their newlines. Raises Rejected for one that is too long or that does not end."""
    with open_content(path) as stream:
        while line := stream.readline(MAX_LINE_BYTES + 1):
            if not line.endswith(b"\n"):
                reason = "too-large" if len(line) > MAX_LINE_BYTES else "not-canonical"
                raise Rejected(reason, f"a line is longer than {MAX_LINE_BYTES:,} bytes or has no end", source=path)
            yield line


def _cells(path: Path) -> Iterator[CellResult]:
    for number, line in enumerate(_lines(path), 1):
        try:
            cell = CellResult.model_validate_json(line)
            canonical = check.canonical(cell.model_dump(mode="json", by_alias=True), sort_keys=True)
        except ValidationError as error:
            raise Rejected("schema", validation_message(error), source=path, field=f"line {number}") from None
        except (ValueError, RecursionError) as error:
            raise Rejected("schema", str(error)[:200], source=path, field=f"line {number}") from None
        if canonical != line:
            message = "is not what the package writes for this result"
            raise Rejected("not-canonical", message, source=path, field=f"line {number}")
        yield cell


def _logs(path: Path) -> Iterator[Any]:
    for number, line in enumerate(_lines(path), 1):
        try:
            entry = json.loads(line)
            canonical = check.canonical(entry)
        except (ValueError, RecursionError) as error:
            raise Rejected(
                "schema", f"{type(error).__name__}: {error}"[:200], source=path, field=f"line {number}"
            ) from None
        if canonical != line:
            message = "is not what the package writes for this log"
            raise Rejected("not-canonical", message, source=path, field=f"line {number}")
        yield entry
