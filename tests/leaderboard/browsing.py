"""A real browser, and the page as the command serves it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-pings",
]

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
pytest.importorskip("gradio", reason="needs the extra `leaderboard`")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium or Chrome on the PATH"),
    # Playwright's own connection is closed by the interpreter, not by its API.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def serve(folder: Path, **extra: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "benchmark"), **extra}
    command = [sys.executable, "-m", "ttgbench", "leaderboard", "--results", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(960):
            assert process.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).close()
                break
            except OSError:
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def launched() -> Iterator[Any]:
    """Chromium, until it is no longer needed."""
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


def watch(page) -> None:
    page.set_default_timeout(60_000)
    page.hosts, page.errors = set(), []
    page.on("request", lambda request: page.hosts.add(re.sub(r"^(https?|wss?)://([^/]*).*", r"\2", request.url)))
    page.on("pageerror", lambda error: page.errors.append(str(error)))


def visit(tab, url: str, ready: str, state: str = "visible") -> None:
    tab.goto(url)
    tab.wait_for_selector(ready, state=state)
