"""What of a server's failures is asked again, how often, and how long is waited before. No I/O.

Asked again: a time-out, a lost connection, 408, 409, 429 and a 5xx, also where these come in the body of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from ttgbench.errors import ContextOverflow, EngineError
from ttgbench.util.text import one_line

RETRIES = 5
RETRIES_UNCONNECTED = 3
"""While nothing was ever heard of the server, at waits of 0.5, 1 and 2 seconds: it is not there."""
LONGEST_WAIT = 30.0
"""Seconds, whatever the server asks for."""

_OVERFLOW = ("context length", "context size", "maximum context", "exceed_context_size")
_OVERFLOW_OF_4XX = (*_OVERFLOW, "too many tokens", "too long")


class Retry(Exception):
    """An attempt failed in a way that may pass.

    reached: the model may have read the prompt; timed_out: and written up to the longest answer; connected: there was a
    server; wait: seconds that the server asks for.
    """

    def __init__(
        self,
        message: str,
        *,
        reached: bool = False,
        timed_out: bool = False,
        connected: bool = True,
        wait: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reached, self.timed_out, self.connected, self.wait = reached, timed_out, connected, wait


def refusal(status: int, words: str, wait: float | None = None) -> Retry | EngineError:
    """What an HTTP status with these words means."""
    message = f"{status}: {one_line(words)}"
    if status in (408, 409, 429):
        return Retry(message, wait=wait)
    marks = _OVERFLOW_OF_4XX if status in (400, 413) else _OVERFLOW if status == 500 else ()
    if any(mark in words.lower() for mark in marks):  # llama.cpp says so under 500
        return ContextOverflow(message)
    if status >= 500:
        return Retry(message, reached=True, wait=wait)
    return EngineError(message)


def wait(failure: Retry, attempt: int, seed: int) -> float:
    """Seconds before a generation with this seed is asked for again: what the server wants, else exponential backoff.

    attempt: how many there were, from 1.
    """
    return failure.wait or min(LONGEST_WAIT, 0.5 * 2**attempt * _jitter(seed, attempt))


def wait_at_first(failure: Retry, attempt: int) -> float:
    """The same before any generation, while the server is asked for its models."""
    return failure.wait or 0.25 * 2**attempt * (2 if failure.connected else 1)


def retries_at_first(failure: Retry) -> int:
    """How often a server is asked again for its models."""
    return RETRIES if failure.connected else min(RETRIES, RETRIES_UNCONNECTED)


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """What a reply's `retry-after` asks for, within bounds; None where it does not."""
    try:
        return min(LONGEST_WAIT, max(0.0, float(headers["retry-after"])))
    except (KeyError, ValueError):
        return None


def _jitter(seed: int, attempt: int) -> float:
    """Spreads retries over half to one and a half of the wait: deterministic, different for each request."""
    return 0.5 + (seed * 2654435761 + attempt * 40503) % 1024 / 1024
