"""How fast is the board with 10,000 results? python benchmark/perf/board.py [--methods M] [--rows N]

M made-up methods x 10 problems x 10 seeds are archived, built and shown (100: 10,000 results), then a table of N rows,
as a board of N methods would have; their numbers are copies. Needs the extra `leaderboard`, Playwright and Chromium.
Prints seconds as JSON lines. "first view" is from the request to the first row on a warm server, "filter" from the last
keystroke or choice to the row count that it changes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "leaderboard"))
CHROMIUM = "/usr/bin/chromium"
PORT = 7981


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--methods", type=int, default=100)
    parser.add_argument("--rows", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        board(folder, options.methods)
        measure(folder / "board", f"{options.methods} methods, {options.methods * 100} results")
        widen(folder / "board", options.rows)
        measure(folder / "board", f"{options.rows} rows in one table")


def board(folder: Path, methods: int) -> None:
    """Archives, then tables."""
    import made_up

    from ttgbench.publish.archive import find_archives
    from ttgbench.report.board import build, write_board

    suite = made_up.suite(problems=10, seeds=10)
    many = [made_up.MadeUp(f"made_up_{number:05d}", (number % 97) / 100) for number in range(methods)]
    made_up.write_all(folder / "results", suite, many)
    start = time.perf_counter()
    tables, manifest = build(find_archives(folder / "results", suites={"made-up-v1": suite}))
    write_board(folder / "board", tables, manifest)
    say("build", time.perf_counter() - start)


def widen(folder: Path, rows: int) -> None:
    """Repeats the rows of the table of methods until there are so many."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ttgbench.report.board import read_board, write_board
    from ttgbench.report.board.schemas import TABLES

    found = read_board(folder)
    first = found.rows("methods", budget="all", objective="all")
    many = [
        {**first[n % len(first)], "method": f"made_up_{n:05d}", "run_id": f"{n:016x}", "place": n + 1}
        for n in range(rows)
    ]
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
    tables["methods"] = pa.Table.from_pylist(many, schema=TABLES["methods"])
    manifest = {key: value for key, value in found.manifest.items() if key != "files"}
    write_board(folder, tables, manifest)


def measure(folder: Path, what: str) -> None:
    """Shows a board in Chromium."""
    from playwright.sync_api import sync_playwright

    with serving(folder) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for attempt in ("cold", "warm"):
            page = browser.new_page()
            start = time.perf_counter()
            page.goto(url)
            page.wait_for_selector(".ttg-table tbody tr")
            say(f"{what}: first view, {attempt}", time.perf_counter() - start)
        count = page.locator(".ttg-table .count")
        all_rows = count.text_content() or ""
        start = time.perf_counter()
        page.fill(".ttg-table .q", "0007")
        page.wait_for_function("text => document.querySelector('.ttg-table .count').textContent !== text", arg=all_rows)
        say(f"{what}: search", time.perf_counter() - start)
        page.fill(".ttg-table .q", "")
        start = time.perf_counter()
        page.click(".ttg-table th[data-key=method] button")
        page.wait_for_selector(".ttg-table th[data-key=method][aria-sort=ascending]")
        say(f"{what}: sort", time.perf_counter() - start)
        start = time.perf_counter()
        page.select_option(".ttg-table .f-llm", "yes")
        page.wait_for_function("text => document.querySelector('.ttg-table .count').textContent !== text", arg=all_rows)
        say(f"{what}: filter", time.perf_counter() - start)
        browser.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server of its own process until the block ends."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "benchmark")}
    command = [sys.executable, "-m", "ttgbench", "leaderboard", "--results", str(folder), "--port", str(PORT)]
    server = subprocess.Popen(command, env=environment)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.25)
        yield f"http://127.0.0.1:{PORT}/"
    finally:
        server.terminate()
        server.wait()


def say(what: str, seconds: float) -> None:
    print(json.dumps({"what": what, "seconds": round(seconds, 3)}), flush=True)


if __name__ == "__main__":
    main()
