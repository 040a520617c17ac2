"""`ttgbench board build` and `ttgbench leaderboard [push]`: archived results as tables, as a page, as a Space."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ttgbench.cli.common import log
from ttgbench.errors import InputError
from ttgbench.util.text import counted

app = typer.Typer(no_args_is_help=True, help="The tables behind the leaderboard.")
page = typer.Typer(invoke_without_command=True)

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
    _build(results, out, suite or ())


def _build(results: Path, out: Path, suites: Sequence[str]) -> None:
    from ttgbench.problems.suite import load_suite
    from ttgbench.publish.archive import find_archives
    from ttgbench.report.board import build, write_board

    loaded = [load_suite(name) for name in suites]
    tables, manifest = build(find_archives(results, suites={s.label: s for s in loaded}))
    write_board(out, tables, manifest)
    for item in manifest["left_out"]:
        log(f"left out {item['path']}: {item['message']} ({item['reason']})")
    log(f"{out}: {counted(tables['runs'].num_rows, 'run')}, {counted(tables['cells'].num_rows, 'result')}")


@page.callback()
def leaderboard(
    context: typer.Context,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results",
            help="Archived results, a folder that `board build` has made, or that of a run, even of one that goes on.",
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free port.")] = 7860,
    host: Annotated[str, typer.Option("--host", help="0.0.0.0 shows the page to other machines.")] = "127.0.0.1",
) -> None:
    """Show the leaderboard in a browser, from local results; of a run, anytime curves as they grow. Needs the extra
    `leaderboard`."""
    if context.invoked_subcommand is not None:
        return
    import runpy

    from ttgbench.util.extras import require

    _check_folder(results)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    require("gradio")
    if results is not None:
        os.environ["TTGBENCH_RESULTS_DIR"] = str(results.resolve())
    os.environ["GRADIO_SERVER_PORT"] = str(port or _free_port())
    os.environ["GRADIO_SERVER_NAME"] = host
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # the address is to be read at once, in a file or a pipe as well
    runpy.run_module("ttgbench.leaderboard.app", run_name="__main__")


@page.command("push")
def push(
    space: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The Space; it is made if there is none.")],
    results: Annotated[
        Path | None,
        typer.Option("--results", help="Archived results, or a folder that `board build` has made; default: shipped."),
    ] = None,
    wheel: Annotated[
        Path | None, typer.Option("--wheel", help="The package's wheel; default: built from the checkout.")
    ] = None,
    released: Annotated[
        bool, typer.Option("--released", help="Install the package from its registry instead of a wheel.")
    ] = False,
    private: Annotated[bool, typer.Option("--private", help="If the Space is made, make it private.")] = False,
    suite: Suites = None,
) -> None:
    """Put the page and a board into a Space of the Hugging Face Hub, in one commit. Needs a login that may write."""
    from ttgbench.publish.hub_space import check_space, push_space, space_files
    from ttgbench.report.board import read_board
    from ttgbench.util.plugins import bundled_folder

    check_space(space)
    _check_folder(results)
    with tempfile.TemporaryDirectory(prefix="ttgbench-space-") as scratch:
        folder = results or bundled_folder("leaderboard") / "board"
        if not (folder / "board.json").is_file():
            folder = Path(scratch) / "board"
            _build(results or folder, folder, suite or ())
        if not read_board(folder).manifest["suites"]:
            raise InputError("holds no results that a board could show", source=results)
        brought = None if released else wheel or _built_wheel(Path(scratch))
        done = push_space(space, space_files(folder, brought), private=private)
    log("pushed" if done.changed else "the Space held all of it already")
    print(done.url)


def _check_folder(results: Path | None) -> None:
    if results is not None and not results.is_dir():
        raise InputError("is not a folder of results", source=results)


def _built_wheel(folder: Path) -> Path:
    """The wheel of the checkout that this runs from. Raises InputError where there is none, or it cannot be built."""
    from ttgbench.util.plugins import bundled_folder

    root = bundled_folder("leaderboard").parent
    if not (root / "pyproject.toml").is_file():
        raise InputError(
            "name the package's wheel, or use --released: this is no checkout to build it from", source="--wheel"
        )
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(root)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"cannot be built ({said}); build it with `python -m build` and name it", source="--wheel")
    return next(folder.glob("ttgbench-*.whl"))


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
