"""What a branch adds to a results folder under git: new archives only, since results are never changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ttgbench.errors import InputError
from ttgbench.publish.archive.rejection import Rejected, Rejection


def added(root: Path, ref: str) -> Iterator[Path | Rejection]:
    """Folders of the archives that were added below `root` since the branch left `ref`, in sorted order, and a
    Rejection (not-append-only) for every file that was changed or removed instead.

    Raises InputError without git, outside a repository, or for an unknown ref.
    """
    folders: set[Path] = set()
    for status, name in _changes(root, ref):
        path = root / name
        parts = PurePosixPath(name).parts
        if status != "A":
            word = "removed" if status == "D" else "changed"
            yield Rejected("not-append-only", f"was {word}", source=path).rejection(root, path)
        elif len(parts) >= 4:
            folders.add(root.joinpath(*parts[:3]))
        elif parts[-1] != "README.md":
            yield Rejected("unexpected-file", "does not belong to an archive", source=path).rejection(root, path)
    yield from sorted(folders)


def _changes(root: Path, ref: str) -> list[tuple[str, str]]:
    """(status letter, path below `root`) of every difference."""
    if ref.startswith("-"):
        raise InputError(f"is no git reference: {ref[:80]!r}", source="--since")
    command = [
        "git",
        "-C",
        str(root),
        "diff",
        "--name-status",
        "--no-renames",
        "--relative",
        "-z",
        f"{ref}...HEAD",
        "--",
    ]
    try:
        done = subprocess.run([*command, "."], capture_output=True, check=False)
    except OSError as error:
        raise InputError(f"git cannot be run: {error.strerror}", source="--since") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"git says: {said[-1][:200] if said else done.returncode}", source=f"--since {ref}")
    fields = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return list(zip(fields[::2], fields[1::2], strict=True))
