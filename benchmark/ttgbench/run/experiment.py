"""Many runs: the cells of a suite, which of them are done, and running or replaying the rest."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttgbench._version import __version__
from ttgbench.engines import check_name
from ttgbench.errors import InputError
from ttgbench.problems.method import FUNCTION, FoundMethod, find_method
from ttgbench.problems.rules_version import RULES
from ttgbench.problems.suite import ProblemSpec, Suite
from ttgbench.run.recorded import begin, keeps_own, recorded_store
from ttgbench.run.results import LOG_NAME, RESULT_NAME, CellResult, read_result
from ttgbench.run.run import LOG_PART, cell_folder
from ttgbench.run.session import Session
from ttgbench.run.workers.base import Backend, Job, Setup
from ttgbench.run.workers.sequential import Sequential
from ttgbench.util.files import write_atomic
from ttgbench.util.yaml_input import validation_message

MANIFEST, STORE = "run.json", "store.sqlite"


class Manifest(BaseModel):
    """`run.json`: what a run folder was made from. Enough to run it again or replay it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    package_version: str
    rules: int = Field(default=1, ge=1, le=1000)
    """Version of the rules; see `ttgbench.problems.rules_version`."""
    suite: Suite
    methods: tuple[str, ...]
    """Bundled names or paths of submission folders."""
    problems: tuple[str, ...] = Field(default=(), exclude_if=lambda problems: not problems)
    """Those that were run, in the suite's order; empty and left out: all of it."""
    seeds: int = Field(ge=1, le=1000)
    engine: str
    agent: str | None = None
    """The search agent, "MODEL" or "MODEL=ENGINE"."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One run to make."""

    spec: ProblemSpec
    method: FoundMethod
    seed: int

    def job(self, out: Path) -> Job:
        """The same as data, with its folder."""
        folder = cell_folder(out, self.spec.name, self.method.name, self.seed)
        return Job(self.spec.name, str(self.method.path), self.seed, folder)


Report = Callable[[Cell, CellResult | str], Any]
"""Told of every cell: its result, or why there is none."""


def cells(suite: Suite, methods: Sequence[FoundMethod], seeds: int, problems: Collection[str] = ()) -> Iterator[Cell]:
    """All cells, problem by problem, so that each problem's engines are warm for all its methods.

    problems: only these; empty: the suite's.
    """
    for spec in suite.problems:
        if problems and spec.name not in problems:
            continue
        for seed in range(seeds):
            for method in methods:
                yield Cell(spec, method, seed)


def write_manifest(out: Path, manifest: Manifest) -> None:
    """Creates the run folder, or goes on with it: other methods and problems that were run there, and their seeds, stay
    listed.

    Raises InputError if it was made from another suite, under other rules or with another agent.
    """
    path = out / MANIFEST
    if path.exists():
        before = read_manifest(out)
        if before.suite.hash != manifest.suite.hash:
            raise InputError("was made with another suite definition; choose another folder", source=out)
        if before.rules != manifest.rules:
            message = f"was made under version {before.rules} of the rules, not {manifest.rules}; choose another folder"
            raise InputError(message, source=out)
        if before.agent != manifest.agent:
            raise InputError(f"was made with the search agent {before.agent}; choose another folder", source=out)
        again = {None, *map(method_name, manifest.methods)}
        others = [entry for entry in before.methods if method_name(entry) not in again]
        if others:
            both = {"methods": (*others, *manifest.methods), "seeds": max(before.seeds, manifest.seeds)}
            manifest = manifest.model_copy(update=both)
        manifest = manifest.model_copy(update={"problems": _listed(manifest, before)})
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(manifest.model_dump(mode="json", by_alias=True), indent=1) + "\n")


def _listed(manifest: Manifest, before: Manifest) -> tuple[str, ...]:
    """The problems of both; empty for all."""
    names = [spec.name for spec in manifest.suite.problems]
    either = {*(manifest.problems or names), *(before.problems or names)}
    return () if len(either) == len(names) else tuple(name for name in names if name in either)


def method_name(entry: str) -> str | None:
    """Of a method that a manifest lists; None if its folder is no longer there."""
    try:
        return entry.removeprefix(FUNCTION) if entry.startswith(FUNCTION) else find_method(entry).name
    except InputError:
        return None


def read_manifest(out: Path) -> Manifest:
    """Raises InputError if the folder holds no run."""
    path = out / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError:
        raise InputError(f"holds no {MANIFEST}; it is not a run folder", source=out) from None
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def setup_for(
    suite: Suite, folder: Path, store: Path | None, engine: str, *, agent: str | None = None, **rest: Any
) -> Setup:
    """Of runs into a folder. A suite with a recording is answered from it, and an engine is started for an agent only.

    rest: further fields of Setup. Raises UnknownName for an engine that there is not, and as `recorded_store`.
    """
    check_name(engine)
    if suite.recorded is not None:
        recorded_store(suite.recorded, rest.get("data_dir"))  # what is wrong with it is said before anything starts
    if store is None and keeps_own(suite, agent):
        store = folder / STORE
    if store is not None and agent is not None:
        begin(suite, store)
    return Setup(suite, store, None if suite.recorded else engine, agent=agent, agent_engine=engine, **rest)


def run_suite(
    out: Path,
    suite: Suite,
    methods: Sequence[str],
    seeds: int,
    session: Session,
    engine: str,
    report: Report,
    agent: str | None = None,
) -> list[CellResult]:
    """`run_on` in this process, with the engines of `session`."""
    return run_on(Sequential(suite, session), out, suite, methods, seeds, engine, report, agent)


def run_on(
    backend: Backend,
    out: Path,
    suite: Suite,
    methods: Sequence[str | FoundMethod],
    seeds: int,
    engine: str,
    report: Report,
    agent: str | None = None,
    problems: Collection[str] | None = None,
) -> list[CellResult]:
    """Runs what is missing and returns all results there are, in the order of `cells`.

    methods: bundled names, paths of submission folders, or methods that the backend knows. problems: only these; None:
    the suite's. Started again after a kill, it goes on. Raises InputError, EngineError, MissingGeneration, StoreError.
    """
    found = [method if isinstance(method, FoundMethod) else find_method(method) for method in methods]
    names = [method.name for method in found]
    if len(set(names)) < len(names):
        raise InputError(f"two methods have the same name: {', '.join(sorted(names))}", field="methods")
    write_manifest(
        out,
        Manifest(
            package_version=__version__,
            rules=RULES,
            suite=suite,
            methods=tuple(_portable(name, method) for name, method in zip(methods, found, strict=True)),
            problems=_some(suite, problems),
            seeds=seeds,
            engine=engine,
            agent=agent,
        ),
    )
    waiting: dict[Path, Cell] = {}
    results: dict[Path, CellResult] = {}
    for cell in cells(suite, found, seeds, problems or ()):
        folder = cell.job(out).folder
        result = finished(folder, suite, cell)
        waiting[folder] = cell
        if result is not None:
            results[folder] = result
            report(cell, result)
    jobs = [cell.job(out) for folder, cell in waiting.items() if folder not in results]
    with contextlib.closing(backend.run(jobs)) as outcomes:
        for job, error in ((outcome.job, outcome.error) for outcome in outcomes):
            if error is None:
                results[job.folder] = read_result(job.folder / RESULT_NAME)
            report(waiting[job.folder], results[job.folder] if error is None else error)
    return [results[folder] for folder in waiting if folder in results]


def _some(suite: Suite, problems: Collection[str] | None) -> tuple[str, ...]:
    """These in the suite's order; empty for all."""
    chosen = tuple(spec.name for spec in suite.problems if problems is None or spec.name in problems)
    return () if len(chosen) == len(suite.problems) else chosen


def finished(folder: Path, suite: Suite, cell: Cell) -> CellResult | None:
    """The result of a cell if it was already run with this suite and this version of the method."""
    if not ((folder / RESULT_NAME).exists() and (folder / LOG_NAME).exists()):
        return None
    result = read_result(folder / RESULT_NAME)
    same = result.suite_hash == suite.hash and result.method == cell.method.metadata
    return result if same else None


def replay(out: Path, backend: Backend) -> list[str]:
    """Runs every finished cell again; returns the files whose bytes differ, sorted. backend: one without engines.

    A run that was killed at its limit cannot be repeated; of those the log is taken as it is and scored again.
    """
    manifest = read_manifest(out)
    found = [find_method(name) for name in manifest.methods]
    differing: list[str] = []
    folders: dict[Job, Path] = {}
    with tempfile.TemporaryDirectory(prefix="ttgbench-replay-", ignore_cleanup_errors=True) as scratch:
        for cell in cells(manifest.suite, found, manifest.seeds, manifest.problems):
            folder = cell.job(out).folder
            recorded = finished(folder, manifest.suite, cell)
            if recorded is None:
                differing.append(f"{folder / RESULT_NAME}: missing, or made by another version of the method")
                continue
            again = cell.job(Path(scratch))
            if recorded.status in ("timeout", "died"):
                again = replace(again, killed=(recorded.status, recorded.error or ""))
                _copy_log(folder, again.folder)
            folders[again] = folder
        with contextlib.closing(backend.run(list(folders))) as outcomes:
            for job, error in ((outcome.job, outcome.error) for outcome in outcomes):
                for name in (LOG_NAME, RESULT_NAME):
                    if error is not None or (folders[job] / name).read_bytes() != (job.folder / name).read_bytes():
                        differing.append(f"{folders[job] / name}: differs from its replay")
    return sorted(differing)


def _copy_log(folder: Path, target: Path) -> None:
    """The log as a killed process left it: without its end."""
    target.mkdir(parents=True)
    lines = (folder / LOG_NAME).read_bytes().splitlines(keepends=True)
    (target / LOG_PART).write_bytes(b"".join(lines[:-1]))


def _portable(name: str | FoundMethod, method: FoundMethod) -> str:
    """A path given by the user is kept absolute, so that the folder can be replayed from anywhere."""
    if isinstance(name, FoundMethod):
        return str(name.path)
    return os.path.abspath(name) if Path(name).exists() else method.name
