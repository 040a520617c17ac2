"""The HTTP client under the engine's: bounds what a server may send, and where prompts may go."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from functools import cache

import httpx2 as httpx

from ttgbench.errors import EngineError

MAX_REPLY_BYTES = 16 << 20
CONNECT_SECONDS = 10.0


def bounded(url: str, timeout: float, slots: int) -> httpx.AsyncClient:
    """For one endpoint. Its replies raise EngineError if they are longer than MAX_REPLY_BYTES or come packed, its
    redirects if they lead to another origin. timeout: seconds that may pass between two pieces of a reply."""
    origin = _origin(httpx.URL(url))

    async def stay(request: httpx.Request) -> None:
        if _origin(request.url) != origin:
            raise EngineError(
                f"redirects to another origin, {str(request.url)[:200]!r}; prompts stay where they are sent"
            )

    async def bound(response: httpx.Response) -> None:
        if (coding := response.headers.get("content-encoding", "identity")) != "identity":
            raise EngineError(f"sent a packed reply ({coding[:40]!r}) although none was asked for")
        response.stream = _Bounded(response.stream)

    return httpx.AsyncClient(
        verify=_authorities(),
        timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        limits=httpx.Limits(max_connections=max(slots, 1) + 1, max_keepalive_connections=max(slots, 1)),
        headers={"accept-encoding": "identity"},
        follow_redirects=True,
        event_hooks={"request": [stay], "response": [bound]},
    )


@cache
def _authorities() -> ssl.SSLContext:
    """Whom to trust. Read once for all clients, as it takes dozens of milliseconds."""
    return httpx.create_ssl_context()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: object) -> None:
        assert isinstance(stream, httpx.AsyncByteStream)
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_REPLY_BYTES
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise EngineError(f"sent more than {MAX_REPLY_BYTES >> 20} MiB in one reply")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
