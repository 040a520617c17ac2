"""Many runs: the cells of a suite, which of them are done, and running or replaying the rest."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttgbench import __version__
from ttgbench.errors import InputError
from ttgbench.method import LoadedMethod, load_method
from ttgbench.results import LOG_NAME, RESULT_NAME, CellResult, read_result, write_atomic
from ttgbench.run import Arena, cell_folder, run_cell
from ttgbench.suite import ProblemSpec, Suite
from ttgbench.workbench import Workbench
from ttgbench.yaml_input import validation_message

MANIFEST, STORE = "run.json", "store.sqlite"


class Manifest(BaseModel):
    """`run.json`: what a run folder was made from. Enough to run it again or replay it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(default=1, alias="schema")
    package_version: str
    suite: Suite
    methods: tuple[str, ...]
    """Bundled names or paths of submission folders."""
    seeds: int
    engine: str
    agent: str | None = None
    """The search agent, "MODEL" or "MODEL=ENGINE"."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One run to make."""

    spec: ProblemSpec
    method: LoadedMethod
    seed: int


def cells(suite: Suite, methods: Sequence[LoadedMethod], seeds: int) -> Iterator[Cell]:
    """All cells, problem by problem, so that each problem's engines are warm for all its methods."""
    for spec in suite.problems:
        for seed in range(seeds):
            for method in methods:
                yield Cell(spec, method, seed)


def write_manifest(out: Path, manifest: Manifest) -> None:
    """Creates the run folder, or goes on with it. Raises InputError if it was made from another suite."""
    path = out / MANIFEST
    if path.exists():
        before = read_manifest(out)
        if before.suite.hash != manifest.suite.hash:
            raise InputError("was made with another suite definition; choose another folder", source=out)
        if before.agent != manifest.agent:
            raise InputError(f"was made with the search agent {before.agent}; choose another folder", source=out)
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(manifest.model_dump(mode="json", by_alias=True), indent=1) + "\n")


def read_manifest(out: Path) -> Manifest:
    """Raises InputError if the folder holds no run."""
    path = out / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError:
        raise InputError(f"holds no {MANIFEST}; it is not a run folder", source=out) from None
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def run_suite(
    out: Path,
    suite: Suite,
    methods: Sequence[str],
    seeds: int,
    bench: Workbench,
    engine: str,
    report: Callable[[Cell, CellResult], Any],
    agent: str | None = None,
) -> list[CellResult]:
    """Runs what is missing, in order, and returns all results. Started again after a kill, it goes on."""
    loaded = [load_method(name) for name in methods]
    names = [method.name for method in loaded]
    if len(set(names)) < len(names):
        raise InputError(f"two methods have the same name: {', '.join(sorted(names))}", field="methods")
    write_manifest(
        out,
        Manifest(
            package_version=__version__,
            suite=suite,
            methods=tuple(_portable(name, method) for name, method in zip(methods, loaded, strict=True)),
            seeds=seeds,
            engine=engine,
            agent=agent,
        ),
    )
    arenas: dict[str, Arena] = {}
    results = []
    for cell in cells(suite, loaded, seeds):
        folder = cell_folder(out, cell.spec.name, cell.method.name, cell.seed)
        result = finished(folder, suite, cell)
        if result is None:
            if cell.spec.name not in arenas:
                arenas[cell.spec.name] = bench.arena(suite, cell.spec)
            result = run_cell(arenas[cell.spec.name], cell.method, cell.seed, folder)
        report(cell, result)
        results.append(result)
    return results


def finished(folder: Path, suite: Suite, cell: Cell) -> CellResult | None:
    """The result of a cell if it was already run with this suite and this version of the method."""
    if not ((folder / RESULT_NAME).exists() and (folder / LOG_NAME).exists()):
        return None
    result = read_result(folder / RESULT_NAME)
    same = result.suite_hash == suite.hash and result.method == cell.method.metadata
    return result if same else None


def replay(out: Path, bench: Workbench) -> list[str]:
    """Runs every finished cell again from the store alone; returns the files whose bytes differ."""
    manifest = read_manifest(out)
    loaded = [load_method(name) for name in manifest.methods]
    differing: list[str] = []
    scratch = Path(tempfile.mkdtemp(prefix="ttgbench-replay-"))
    try:
        arenas: dict[str, Arena] = {}
        for cell in cells(manifest.suite, loaded, manifest.seeds):
            folder = cell_folder(out, cell.spec.name, cell.method.name, cell.seed)
            if finished(folder, manifest.suite, cell) is None:
                differing.append(f"{folder / RESULT_NAME}: missing, or made by another version of the method")
                continue
            if cell.spec.name not in arenas:
                arenas[cell.spec.name] = bench.arena(manifest.suite, cell.spec)
            again = cell_folder(scratch, cell.spec.name, cell.method.name, cell.seed)
            run_cell(arenas[cell.spec.name], cell.method, cell.seed, again)
            for name in (LOG_NAME, RESULT_NAME):
                if (folder / name).read_bytes() != (again / name).read_bytes():
                    differing.append(f"{folder / name}: differs from its replay")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return differing


def _portable(name: str, method: LoadedMethod) -> str:
    """A path given by the user is kept absolute, so that the folder can be replayed from anywhere."""
    return os.path.abspath(name) if Path(name).exists() else method.name
