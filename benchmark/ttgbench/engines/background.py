"""The process's one event loop, in a background thread: engines keep connections, and those belong to a loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from typing import Any, TypeVar

T = TypeVar("T")
HEARTBEAT = 0.5
"""Seconds after which a wait looks for signals: one that comes just before a wait without an end does not end it."""

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def submit(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Starts a coroutine on the loop; cancelling the future cancels it. Not to be waited for on the loop itself."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="ttgbench-loop", daemon=True).start()
    return asyncio.run_coroutine_threadsafe(coroutine, _loop)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on the loop and waits for it. Whatever interrupts the wait, Ctrl-C too, cancels it."""
    future = submit(coroutine)
    try:
        while not future.done():
            wait([future], timeout=HEARTBEAT)
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _forget() -> None:
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # a forked child inherits the loop, but not its thread
