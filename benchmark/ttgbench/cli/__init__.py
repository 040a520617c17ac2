"""The command line `ttgbench`. Results on stdout, logs on stderr; exit 0 fine, 1 not right, 2 wrong input."""

from __future__ import annotations

import errno
import sys
from typing import Annotated

import typer

from ttgbench._version import __version__
from ttgbench.cli import (
    bank,
    compare,
    demo,
    doctor,
    evaluate,
    graph,
    leaderboard,
    lists,
    models,
    pilot,
    pool,
    record,
    report,
    runs,
    season,
    store,
    submission,
    suite,
    task,
    verify,
)
from ttgbench.cli.common import log_error
from ttgbench.errors import TTGBenchError

app = typer.Typer(
    name="ttgbench",
    help="Benchmark of search methods for compute-optimal test-time-scaling graphs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(lists.app, name="list")
app.add_typer(graph.app, name="graph")
app.add_typer(models.app, name="models")
app.add_typer(pool.app, name="pool")
app.add_typer(store.app, name="store")
app.add_typer(task.app, name="task")
app.add_typer(leaderboard.app, name="board")
app.add_typer(submission.app, name="submission")
app.command("submit")(submission.submit)
app.command("verify")(verify.verify)
app.add_typer(suite.app, name="suite")
app.add_typer(season.app, name="season")
app.command("doctor")(doctor.doctor)
app.command("evaluate")(evaluate.evaluate)
app.command("run")(runs.run)
app.command("replay")(runs.replay)
app.command("demo")(demo.demo)
app.command("report")(report.report)
app.add_typer(leaderboard.page, name="leaderboard")
app.command("compare")(compare.compare)
app.command("pilot")(pilot.pilot)
app.command("record")(record.record)
app.command("bank")(bank.bank)


def _version(show: bool) -> None:
    if show:
        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point: deliberate errors become one line and exit code 2, as do files and disks that
    refuse; an interrupt 130. Nothing else is swallowed."""
    try:
        app()
    except TTGBenchError as error:
        log_error(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        log_error("interrupted; what was generated is recorded, start the same command again to go on")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:  # a full disk, a folder that is read-only or a file: what is recorded is kept
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        log_error(f"{error.filename or 'disk'}: {error.strerror}")
        sys.exit(2)
