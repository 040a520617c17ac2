"""A message pipe between two processes: four bytes of length, then JSON. Blocking; no thread needed."""

from __future__ import annotations

import os
import struct
from typing import Any

from . import codec


class Channel:
    """Reads messages from one file descriptor and writes them to another."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, tree: Any) -> None:
        """Raises codec.Uncarried (too long; nothing was sent), BrokenPipeError (nobody reads)."""
        data = codec.dumps(tree)
        view = memoryview(struct.pack("=I", len(data)) + data)
        while view:
            view = view[os.write(self._outgoing, view) :]

    def receive(self) -> Any:
        """Raises EOFError (nobody writes any more), codec.Uncarried (not a message)."""
        (length,) = struct.unpack("=I", self._read(4))
        if length > codec.MAX_BYTES:
            raise codec.Uncarried(f"a message of {length} bytes; at most {codec.MAX_BYTES} can be carried")
        return codec.loads(self._read(length))

    def _read(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            chunk = os.read(self._incoming, length - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)
