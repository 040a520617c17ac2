"""`ttgbench record`: generate everything that a bounded search space can need, and make a data set of it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttgbench.cli.common import JsonFlag, log, out, print_json, table
from ttgbench.cli.rates import rates_table
from ttgbench.cli.runs import DataDir, EngineSpec, Slots
from ttgbench.errors import InputError
from ttgbench.util.text import counted

if TYPE_CHECKING:
    from ttgbench.publish.recording.plan import Census, Portion, Subject

SECONDS_BETWEEN_LINES = 30.0


def record(
    space: Annotated[str, typer.Option("--space", help="A suite (name or file), or the YAML file of one space.")],
    task: Annotated[
        list[str] | None, typer.Option("--task", "-t", help="Of a suite: these tasks only. Repeatable.")
    ] = None,
    pool: Annotated[str | None, typer.Option("--pool", help="Instead of the one that the space names.")] = None,
    questions: Annotated[int, typer.Option("--questions", min=0, help="Most questions of each split; 0: all.")] = 0,
    universes: Annotated[int, typer.Option("--universes", min=0, help="Most universes of each split; 0: all.")] = 0,
    store: Annotated[Path, typer.Option("--store", help="Holds all progress.")] = Path("runs/record.sqlite"),
    folder: Annotated[Path | None, typer.Option("--out", help="Write the data set here when all is recorded.")] = None,
    push: Annotated[str | None, typer.Option("--push", metavar="REPO", help="Then upload it to this data set.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much it is.")] = False,
    rate: Annotated[float | None, typer.Option("--rate", min=1e-6, help="Generations per second, to estimate.")] = None,
    engine: EngineSpec = "llama_cpp",
    slots: Slots = None,
    data_dir: DataDir = None,
    json: JsonFlag = False,
) -> None:
    """Record every generation that any graph of a bounded space needs. Killed and started again, it goes on."""
    from ttgbench.publish.recording.plan import census, load_recipe, prepare, rates
    from ttgbench.run.session import Session

    if push is not None and folder is None:
        raise InputError("needs --out as well: the folder that is uploaded", source="--push")
    recipe = load_recipe(space, task or (), pool=pool, questions=questions, universes=universes)
    if dry_run:
        with Session(store if store.is_file() else None, None, data_dir=data_dir) as session:
            counts = [census(subject, session.store) for subject in prepare(session, recipe)]
        _show_plan(counts, rate, json)
        return
    tally = Tally()
    with Session(store, engine, slots=slots, data_dir=data_dir, progress=tally) as session:
        subjects = prepare(session, recipe)
        counts = [census(subject, session.store) for subject in subjects]
        _record(subjects, counts, tally)
        if not json:
            for subject in subjects:
                out.print(rates_table(rates(subject, session.store), subject.spec.name))
        manifest = _export(subjects, recipe, session.store, folder) if folder is not None else None
    if folder is not None and manifest is not None and push is not None:
        from ttgbench.publish.recording.hub import push as upload

        log(f"uploaded: {upload(folder, push, manifest['files']['data.parquet']['sha256'])}")
    if json:
        print_json({"generations": sum(count.generations for count in counts), "recording": manifest})


def _record(subjects: list[Subject], counts: list[Census], tally: Tally) -> None:
    from ttgbench.publish.recording.plan import record

    def report(subject: Subject, portion: Portion) -> None:
        asked = f"split {portion.split}, universe {portion.universe}, {counted(len(portion.questions), 'question')}"
        log(f"{subject.spec.name}: {asked}")

    total = sum(count.generations + count.votes for count in counts)
    tally.start(total, sum(count.recorded_generations + count.recorded_votes for count in counts))
    try:
        record(subjects, report)
    finally:
        log(tally.line)


def _export(subjects: list[Subject], recipe: Any, store: Any, folder: Path) -> dict[str, Any]:
    from ttgbench.publish.recording.export import export

    manifest = export(subjects, recipe, store, folder)
    for name, facts in manifest["files"].items():
        log(f"{folder / name}: {facts['bytes']:,} bytes, sha256 {facts['sha256']}")
    return manifest


class Tally:
    """Counts generations and votes as they are recorded; a line now and then says how far it is and how long to go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total = self._before = self._done = 0
        self._begun = self._spoken = time.monotonic()

    def start(self, total: int, recorded: int) -> None:
        """What there is to do in all, and what of it is done already."""
        self._total, self._before = total, recorded
        self._begun = self._spoken = time.monotonic()
        log(self.line)

    def planned(self, generations: int, recorded: int) -> None:
        """Known from the start."""

    def done(self, generations: int, tokens_in: int, tokens_out: int, flops: int) -> None:
        """Counts what was recorded just now."""
        with self._lock:
            self._done += generations
            now = time.monotonic()
            if now - self._spoken < SECONDS_BETWEEN_LINES:
                return
            self._spoken = now
        log(self.line)

    @property
    def line(self) -> str:
        """E.g. "1,200 of 34,320 recorded (3%), 9.8 per second, 56 min to go"."""
        here = self._before + self._done
        text = f"{here:,} of {self._total:,} recorded ({100 * here // max(1, self._total)}%)"
        elapsed = time.monotonic() - self._begun
        if not self._done or here >= self._total:
            return text
        rate = self._done / elapsed
        return f"{text}, {rate:.1f} per second, {_duration((self._total - here) / rate)} to go"


def _show_plan(counts: list[Census], rate: float | None, json: bool) -> None:
    missing = sum(count.missing for count in counts)
    seconds = None if rate is None else missing / rate
    if json:
        from dataclasses import asdict

        print_json({"problems": [asdict(count) for count in counts], "missing": missing, "seconds": seconds})
        return
    rows = [
        [
            c.problem,
            f"{c.graphs:,}",
            f"{c.node_keys:,}",
            f"{c.model_keys:,}",
            f"{c.generations:,}",
            f"{c.recorded_generations:,}",
        ]
        for c in counts
    ]
    out.print(table(None, "problem", "graphs#", "node keys#", "with a model#", "generations#", "recorded#", rows=rows))
    estimate = "" if seconds is None else f", about {_duration(seconds)} at {rate:g} per second"
    out.print(f"{counted(missing, 'generation')} to make{estimate}", highlight=False)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
