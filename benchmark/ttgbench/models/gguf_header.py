"""The header of a GGUF file: its facts and the sizes of its tensors, without its lists of tokens.

Read here, since the library `gguf` takes half a minute for a large vocabulary. The format:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ttgbench.errors import InputError

MAX_ENTRIES = 1 << 20
MAX_TEXT = 1 << 24
MAX_LIST = 1 << 24
_SCALARS = ("B", "b", "H", "h", "I", "i", "f", "?", "", "", "Q", "q", "d")
_TEXT, _LIST = 8, 9
_KEPT_LIST = 1024


@dataclass(frozen=True, slots=True)
class GGUFHeader:
    """Lists longer than 1,024 entries are left out of the facts."""

    facts: dict[str, Any]
    tensors: dict[str, int]
    """Number of elements, by name."""


def read_gguf_header(path: Path) -> GGUFHeader:
    """Raises InputError for a file that is none, or a damaged one."""
    try:
        with path.open("rb") as stream:
            if stream.read(4) != b"GGUF":
                raise InputError("is no GGUF file", source=path)
            return _header(stream)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", source=path) from None
    except (struct.error, ValueError, IndexError) as error:
        raise InputError(f"its GGUF header is damaged ({type(error).__name__})", source=path) from None


def _header(stream: IO[bytes]) -> GGUFHeader:
    def number(code: str) -> Any:
        return struct.unpack(f"<{code}", stream.read(struct.calcsize(code)))[0]

    def count(limit: int) -> int:
        found = int(number("Q"))
        if found > limit:
            raise ValueError(found)
        return found

    def text() -> str:
        length = count(MAX_TEXT)
        data = stream.read(length)
        if len(data) < length:
            raise ValueError(length)
        return data.decode("utf-8", "replace")

    if number("I") not in (2, 3):
        raise ValueError("version")
    tensors, entries = count(MAX_ENTRIES), count(MAX_ENTRIES)
    facts = {}
    for _ in range(entries):
        name = text()
        value = _value(number("I"), number, text, count)
        if value is not None:
            facts[name] = value
    sizes = {}
    for _ in range(tensors):
        name = text()
        sizes[name] = math.prod(count(1 << 40) for _ in range(min(int(number("I")), 8)))
        number("I"), number("Q")  # type and offset
    return GGUFHeader(facts, sizes)


def _value(kind: int, number: Callable[[str], Any], text: Callable[[], str], count: Callable[[int], int]) -> Any:
    """One fact; None for a long list or one of lists."""
    if kind == _TEXT:
        return text()
    if kind != _LIST:
        return number(_SCALARS[kind])
    inner, length = int(number("I")), count(MAX_LIST)
    if inner == _LIST:
        raise ValueError("a list of lists")
    kept = []
    for _ in range(length):
        value = text() if inner == _TEXT else number(_SCALARS[inner])
        if length <= _KEPT_LIST:
            kept.append(value)
    return kept or None
