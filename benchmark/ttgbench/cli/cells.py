"""The cells of a run, with their progress on the terminal: what `run`, `demo` and `submit` share."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttgbench.cli.progress import CellReport, RichProgress

if TYPE_CHECKING:
    from ttgbench.backends.base import Backend, Setup
    from ttgbench.results import CellResult
    from ttgbench.suite import Suite


def setup_for(
    suite: Suite, folder: Path, store: Path | None, engine: str, *, agent: str | None = None, **rest: Any
) -> Setup:
    """Of runs into a folder. A suite with a recording is answered from it, and an engine is started for an agent only.

    rest: further fields of Setup.
    """
    from ttgbench.backends.base import Setup
    from ttgbench.launch import STORE
    from ttgbench.recorded import begin, store_of

    path = store or store_of(suite, folder / STORE, agent)
    if agent is not None:
        begin(suite, path)
    return Setup(suite, path, None if suite.recorded else engine, agent=agent, agent_engine=engine, **rest)


def run_cells(
    folder: Path,
    setup: Setup,
    names: list[str],
    seeds: int,
    jobs: int | None = None,
    timeout: float | None = None,
    ray: str | None = None,
) -> tuple[list[CellResult], int]:
    """All results, and how many cells have none."""
    from ttgbench.launch import run_on

    folder.mkdir(parents=True, exist_ok=True)
    cells = len(setup.suite.problems) * len(names) * seeds
    with _backend(setup, jobs, timeout, ray) as backend:
        engine = "synthetic" if setup.suite.simulated else setup.engine or "recording"
        results = run_on(backend, folder, setup.suite, names, seeds, engine, CellReport(cells), setup.agent)
    return results, cells - len(results)


@contextlib.contextmanager
def _backend(setup: Setup, jobs: int | None, timeout: float | None, ray: str | None) -> Iterator[Backend]:
    """Worker processes, here or on Ray, unless nothing asks for them and this process can hold the engines."""
    if ray is not None:
        from ttgbench.backends.on_ray import OnRay

        yield OnRay(setup, timeout or setup.seconds_per_cell, ray, jobs)
    elif not setup.needs_engine or jobs is not None or timeout is not None:
        from ttgbench.backends.processes import Processes

        count = jobs or (1 if setup.needs_engine or setup.agent else os.cpu_count()) or 1
        yield Processes(setup, count, timeout or setup.seconds_per_cell)
    else:
        from ttgbench.backends.sequential import Sequential

        with RichProgress() as progress, setup.open(progress) as bench:
            yield Sequential(setup.suite, bench, setup.isolate)
