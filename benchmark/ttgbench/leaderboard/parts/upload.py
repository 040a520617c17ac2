"""What an uploaded zip is and whether it is acceptable. Nothing in it is executed."""

from __future__ import annotations

import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ttgbench.errors import InputError
from ttgbench.methods.submission.check import check, check_licence
from ttgbench.methods.submission.pack import unpack
from ttgbench.problems.method import find_method
from ttgbench.problems.suite import load_suite
from ttgbench.publish.archive import Archive, Rejection, find_archives
from ttgbench.publish.archive.layout import LIMITS, PACKED
from ttgbench.publish.archive.read import open_content

MAX_BYTES = 64 << 20
"""Of an upload, and of what comes out of it times four."""
MAX_MEMBERS = 1000


@dataclass(frozen=True)
class Verdict:
    """What was found; archives: results that can be handed in."""

    sentence: str
    problems: tuple[str, ...] = ()
    archives: tuple[Archive, ...] = ()


@contextmanager
def examined(path: Path, suites: tuple[str, ...] = ()) -> Iterator[Verdict]:
    """Unpacks to a folder that is gone afterwards, and says what is in it."""
    with tempfile.TemporaryDirectory(prefix="ttgbench-upload-") as folder:
        try:
            yield _verdict(path, Path(folder), suites)
        except InputError as error:
            yield Verdict("This cannot be handed in.", (str(error),))


def _verdict(path: Path, folder: Path, suites: tuple[str, ...]) -> Verdict:
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES >> 20} MiB; use `ttgbench submit` for large results")
    names = _names(path)
    if any(PurePosixPath(name).name == "run.json" for name in names):
        return _results(path, folder, suites)
    if "submission.yaml" in names:
        return _submission(path, folder)
    raise InputError(
        "holds neither results (SUITE/METHOD/RUN/run.json) nor a packed submission (submission.yaml at the top)"
    )


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"is no usable zip file: {error}") from None


def _submission(path: Path, folder: Path) -> Verdict:
    unpack(path.read_bytes(), folder)
    try:
        metadata = find_method(str(folder)).metadata
        check_licence(metadata)
        # Published graphs are data, so all checks can be made; a method's code is not run here.
        findings = list(check(folder)) if metadata.kind == "graph" else []
    except InputError as error:
        raise InputError(str(error).replace(f"{folder}/", "").replace(str(folder), "the submission")) from None
    faults = tuple(f"{finding.check}: {finding.fault}" for finding in findings if finding.fault)
    if faults:
        return Verdict("This cannot be handed in.", faults)
    return Verdict(
        f"A well-formed submission: {metadata.name}, version {metadata.version}. The page runs no code: check it with "
        "`ttgbench submission check`, run it with `ttgbench submit`, and hand in the results that come out."
    )


def _results(path: Path, folder: Path, suites: tuple[str, ...]) -> Verdict:
    _extract(path, folder)
    known = {suite.label: suite for suite in map(load_suite, suites)}
    found = list(find_archives(_root(folder), suites=known))
    problems = tuple(f"{item.path}: {item.message} ({item.reason})" for item in found if isinstance(item, Rejection))
    archives = tuple(item for item in found if isinstance(item, Archive))
    if problems or not archives:
        return Verdict("This cannot be handed in.", problems or ("holds no results",))
    names = ", ".join(f"{item.record.method.name} on {item.record.suite.label}" for item in archives)
    return Verdict(f"These results can be handed in: {names}.", (), archives)


def _root(folder: Path) -> Path:
    """Results may lie in one folder, as `zip -r results.zip results` packs them."""
    inside = list(folder.iterdir())
    run = next(folder.rglob("run.json"))
    extra = len(run.relative_to(folder).parts) - 4
    return inside[0] if extra == 1 and len(inside) == 1 else folder


def _extract(path: Path, folder: Path) -> None:
    """Plain files with plain names, no more bytes than are allowed, whatever the zip claims. Raises InputError."""
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MAX_MEMBERS:
            raise InputError(f"holds {len(entries):,} files; at most {MAX_MEMBERS:,} are allowed")
        left = 4 * MAX_BYTES
        for entry in entries:
            parts = PurePosixPath(entry.filename).parts
            mode = entry.external_attr >> 16
            if not 1 <= len(parts) <= 6 or ".." in parts or entry.filename.startswith("/") or "\\" in entry.filename:
                raise InputError(f"{entry.filename[:80]!r} is no name for a file of results")
            if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise InputError("is no plain file", field=entry.filename[:80])
            limit = min(left, LIMITS.get(parts[-1], 1 << 20))
            try:
                with archive.open(entry) as stream:
                    data = stream.read(limit + 1)
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
                raise InputError(f"cannot be unpacked: {error}", field=entry.filename[:80]) from None
            if len(data) > limit:
                raise InputError("is larger than is allowed", field=entry.filename[:80])
            left -= len(data)
            target = folder.joinpath(*parts)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
            except OSError as error:
                raise InputError(f"cannot be unpacked: {error.strerror}", field=entry.filename[:80]) from None
            if target.name in PACKED:
                left -= _unpacked_bytes(target, left, entry.filename[:80])


def _unpacked_bytes(path: Path, limit: int, name: str) -> int:
    """Many small files may hold much. Raises InputError for one that holds more than the limit, or is no gzip file."""
    try:
        with open_content(path, limit) as stream:
            return sum(len(chunk) for chunk in iter(lambda: stream.read(1 << 20), b""))
    except InputError as error:
        raise InputError(error.message, field=name) from None
