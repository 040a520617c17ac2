"""`ttgbench board build` and `ttgbench leaderboard`: archived results as tables and as a page."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ttgbench.cli.common import log
from ttgbench.errors import InputError

app = typer.Typer(no_args_is_help=True, help="The tables behind the leaderboard.")

ResultsDir = Annotated[Path, typer.Argument(help="Archived results: SUITE/METHOD/RUN folders.")]
Suites = Annotated[
    list[str] | None, typer.Option("--suite", help="A suite file that is not among the shipped ones; repeatable.")
]


@app.command("build")
def build(
    results: ResultsDir,
    out: Annotated[Path, typer.Option("--out", help="Folder for the tables.")] = Path("runs/board"),
    suite: Suites = None,
) -> None:
    """Make the board's tables from archived results. What is broken is left out and listed with its reason."""
    from ttgbench.problems.suite import load_suite
    from ttgbench.publish.archive import find_archives
    from ttgbench.report.board import build, write_board

    loaded = [load_suite(name) for name in suite or ()]
    tables, manifest = build(find_archives(results, suites={s.label: s for s in loaded}))
    write_board(out, tables, manifest)
    for item in manifest["left_out"]:
        log(f"left out {item['path']}: {item['message']} ({item['reason']})")
    log(f"{out}: {tables['runs'].num_rows} runs, {tables['cells'].num_rows} results")


def leaderboard(
    results: Annotated[
        Path | None, typer.Option("--results", help="Archived results, or a folder that `board build` has made.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free port.")] = 7860,
    host: Annotated[str, typer.Option("--host", help="0.0.0.0 shows the page to other machines.")] = "127.0.0.1",
) -> None:
    """Show the leaderboard in a browser, from local results. Needs the extra `leaderboard`."""
    import runpy

    from ttgbench.util.extras import require

    if results is not None and not results.is_dir():
        raise InputError("is not a folder of results", source=results)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    require("gradio")
    if results is not None:
        os.environ["TTGBENCH_RESULTS_DIR"] = str(results.resolve())
    os.environ["GRADIO_SERVER_PORT"] = str(port or _free_port())
    os.environ["GRADIO_SERVER_NAME"] = host
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # the address is to be read at once, in a file or a pipe as well
    runpy.run_module("ttgbench.leaderboard.app", run_name="__main__")


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
