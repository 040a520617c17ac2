"""Waiting for the loop: an interrupt ends it, whichever thread the signal reaches."""

from __future__ import annotations

import subprocess
import sys

ELSEWHERE = """
import asyncio, os, signal, sys, threading
from ttgbench.engines import background
signal.signal(signal.SIGINT, signal.default_int_handler)
background.run(asyncio.sleep(0))  # starts the loop's thread, which takes the signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    background.run(asyncio.sleep(300))
except KeyboardInterrupt:
    sys.exit(3)
"""


def test_a_signal_that_does_not_wake_the_waiting_thread_is_seen_all_the_same():
    assert subprocess.run([sys.executable, "-c", ELSEWHERE], timeout=120).returncode == 3
