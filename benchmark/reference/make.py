"""Makes the reference results from nothing: bundled methods run, archived, verified by replay, made into a board.

    python benchmark/reference/make.py [--out runs/reference] [--suite SUITE ...] [--seeds N] [--jobs 2]

Takes every bundled method that asks no agent, on suites that need no engine. May be killed and started again: it goes
on. In OUT it leaves a run folder per suite, the archives in `results`, and the tables of the page in `board`:

    ttgbench leaderboard --results runs/reference/board
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ttgbench.publish.archive import write_archive
from ttgbench.publish.archive.layout import LOGS, VERIFICATION
from ttgbench.publish.archive.rejection import Rejected
from ttgbench.publish.verification import Options, verify, write_verification
from ttgbench.run.experiment import read_manifest

SUITES = ("synthetic-v1", "recorded-micro-v1")
LONG = ("synthetic-v2", "synthetic-exact-v2")
"""Only where they are asked for."""


def ttgbench(*arguments: str) -> None:
    """A command, as a user would type it."""
    subprocess.run([sys.executable, "-m", "ttgbench", *arguments], check=True)


def archived(run: Path, results: Path) -> list[Path]:
    """The archives of all methods of a run."""
    return [write_archive(run, Path(name).name, results) for name in read_manifest(run).methods]


def verified(archive: Path, fewer_seeds: bool) -> str:
    """Replays an archive unless that was done before; its badge, or why it has none."""
    try:
        if not (archive / VERIFICATION).is_file():
            write_verification(archive, verify(archive, Options(fewer_seeds=fewer_seeds, ignore_badge=True)))
    except Rejected as error:
        return f"{error.reason}: {error}"
    return str(json.loads((archive / VERIFICATION).read_text("utf-8"))["badge"])


def main() -> None:
    """Runs, archives, verifies, builds; prints what took how long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/reference"))
    parser.add_argument("--suite", action="append", choices=(*SUITES, *LONG), help="default: all of the first two")
    parser.add_argument("--seeds", type=int, help="default: the suite's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    out, seeds = options.out, [] if options.seeds is None else ["--seeds", str(options.seeds)]
    archives = []
    for suite in options.suite or SUITES:
        started = time.monotonic()
        ttgbench(
            "run", "--suite", suite, "--methods", "all", *seeds, "--jobs", str(options.jobs), "--out", str(out / suite)
        )
        print(f"{suite}: run in {time.monotonic() - started:.0f} s", flush=True)
        archives += archived(out / suite, out / "results")
    archives.sort(key=lambda archive: (archive / LOGS).stat().st_size)  # the short ones are soon done
    started, refused = time.monotonic(), 0
    with ProcessPoolExecutor(options.jobs) as workers:
        badges = workers.map(verified, archives, [options.seeds is not None] * len(archives))
        for archive, badge in zip(archives, badges, strict=True):
            print(f"{archive}: {badge} after {time.monotonic() - started:.0f} s", flush=True)
            refused += badge != "replay-verified"
    if refused:
        sys.exit(f"{refused} archives are not what their runs say; no board is built")
    ttgbench("board", "build", str(out / "results"), "--out", str(out / "board"))


if __name__ == "__main__":
    main()
