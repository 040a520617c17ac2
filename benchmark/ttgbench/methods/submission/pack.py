"""A submission folder as one zip file: same folder, same bytes, on every machine; and back, from bytes of anybody."""

from __future__ import annotations

import io
import os
import re
import stat
import zipfile
from pathlib import Path

from ttgbench.errors import InputError

MAX_FILES = 200
MAX_FILE_BYTES = 2 << 20
MAX_TOTAL_BYTES = 6 << 20
_LEFT_OUT = re.compile(r"__pycache__|.*\.py[co]|\..*")
"""Caches and hidden files: they are no part of a method."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}")
_MAX_DEPTH = 8
_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(folder: Path) -> bytes:
    """The folder's files, sorted, without times, owners or compression.

    Raises InputError for what has no place in a submission.
    """
    files = _files(folder)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """Writes the packed files below an existing, empty folder.

    Raises InputError for links, names that lead elsewhere, too many or too large files, whatever they claim to be;
    nothing is written then.
    """
    files = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES:
                raise InputError(f"holds {len(entries):,} files; at most {MAX_FILES} are allowed")
            for entry in entries:
                if entry.filename in files:
                    raise InputError(f"holds {entry.filename[:80]!r} twice")
                files[entry.filename] = _member(archive, entry)
                _check_total(files)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise InputError(f"is no usable zip file: {error}") from None
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise InputError(f"cannot be unpacked: {error.strerror}", field=name) from None


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """One file, read no further than is allowed. Raises InputError."""
    parts = entry.filename.split("/")
    if len(parts) > _MAX_DEPTH or not all(_NAME.fullmatch(part) and not _LEFT_OUT.fullmatch(part) for part in parts):
        raise InputError(f"{entry.filename[:80]!r} is no name for a file of a submission")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise InputError("is no plain file", field=entry.filename)
    with archive.open(entry) as stream:
        content = stream.read(MAX_FILE_BYTES + 1)
    _check_size(entry.filename, len(content))
    return content


def _files(folder: Path) -> dict[str, bytes]:
    """Relative name to content, sorted. Raises InputError."""
    files: dict[str, bytes] = {}
    pending = [folder]
    while pending:
        for entry in sorted(os.scandir(pending.pop()), key=lambda entry: entry.name):
            path = Path(entry.path)
            if _LEFT_OUT.fullmatch(entry.name):
                continue
            name = path.relative_to(folder).as_posix()
            if not _NAME.fullmatch(entry.name) or name.count("/") >= _MAX_DEPTH:
                raise InputError("letters, digits and . _ + - are allowed in names, 8 folders deep", source=path)
            facts = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(facts.st_mode):
                pending.append(path)
            elif not stat.S_ISREG(facts.st_mode):
                raise InputError("is a link or no plain file; put a copy there", source=path)
            else:
                _check_size(str(path), facts.st_size)
                files[name] = path.read_bytes()
                if len(files) > MAX_FILES:
                    raise InputError(f"more than {MAX_FILES} files", source=folder)
                _check_total(files)
    return dict(sorted(files.items()))


def _check_size(name: str, size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise InputError(f"larger than {MAX_FILE_BYTES >> 20} MiB, the most for one file", source=name)


def _check_total(files: dict[str, bytes]) -> None:
    total = sum(map(len, files.values()))
    if total > MAX_TOTAL_BYTES:
        raise InputError(f"more than {MAX_TOTAL_BYTES >> 20} MiB in all, the most for a submission")
