"""Files that are whole or not there: written beside the target, then renamed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def printable(text: str) -> str:
    """The text on one line: what cannot be printed (line breaks, halves of surrogate pairs) is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside the target to write to; renamed to the target at the end, removed if the block raises.

    A reader or a kill never meets half a file; of two writers at the same time the last one stays.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_atomic(path: Path, data: str | bytes) -> None:
    """Writes text (as UTF-8) or bytes by `replacing`. Raises OSError."""
    with replacing(path) as part:
        part.write_bytes(data.encode() if isinstance(data, str) else data)
