"""Lines as a gzip file: written the same way each time, read as a stream, no further than a limit, and nothing else.

The compressed bytes may differ between versions of zlib, what they unpack to does not: that is what gets hashed.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from ttgbench.publish.archive.rejection import Rejected

LEVEL = 9
"""Packed once, kept for ever."""
HEADER = bytes.fromhex("1f8b08000000000002ff")
"""No name, no comment, no time, no system: what every packed file begins with."""
_CHUNK = 1 << 16
_WITH_HEADER = 31
"""zlib's word for a gzip stream with the largest window."""


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Writes them as one gzip stream; the same lines give the same bytes, with the same zlib."""
    with path.open("wb") as stream, gzip.GzipFile("", "wb", LEVEL, stream, mtime=0) as packed:
        packed.writelines(lines)


def unpacked(stream: BinaryIO, limit: int, source: Path) -> io.BufferedReader:
    """What a packed file holds, to be read and closed like any file; it closes `stream` as well.

    limit: the most bytes that come out. Reading raises Rejected: too-large, or bad-gzip for what is no gzip stream or
    has another header, is damaged, ends too early, or is followed by anything.
    """
    return io.BufferedReader(_Unpacked(stream, limit, source), _CHUNK)


class _Unpacked(io.RawIOBase):
    """Inflates no more than was asked for, whatever the stream promises."""

    def __init__(self, stream: BinaryIO, limit: int, source: Path) -> None:
        self._stream, self._limit, self._source = stream, limit, source
        self._inflate = zlib.decompressobj(_WITH_HEADER)
        self._begun, self._waiting, self._size = False, b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._begun:
            self._begin()
        while not self._inflate.eof:
            packed = self._waiting or self._stream.read(_CHUNK)
            if not packed:
                raise self._bad("ends in the middle")
            try:
                data = self._inflate.decompress(packed, len(buffer))
            except zlib.error as error:
                raise self._bad(f"is damaged: {error}") from None
            self._waiting = self._inflate.unconsumed_tail
            if data:
                return self._counted(data, buffer)
        if self._inflate.unused_data or self._stream.read(1):
            raise self._bad("goes on after its end")
        return 0

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _begin(self) -> None:
        self._begun, self._waiting = True, self._stream.read(len(HEADER))
        if self._waiting[:2] != HEADER[:2]:
            raise self._bad("is no gzip file")
        if self._waiting != HEADER:
            raise self._bad("has another header than the package writes")

    def _counted(self, data: bytes, buffer: Any) -> int:
        self._size += len(data)
        if self._size > self._limit:
            message = f"unpacks to more than {self._limit:,} bytes"
            raise Rejected("too-large", message, source=self._source)
        buffer[: len(data)] = data
        return len(data)

    def _bad(self, what: str) -> Rejected:
        return Rejected("bad-gzip", what, source=self._source)
