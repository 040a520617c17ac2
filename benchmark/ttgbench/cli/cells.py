"""The cells of a run, with their progress on the terminal: what `run`, `demo` and `submit` share."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttgbench.cli.progress import CellReport, RichProgress

if TYPE_CHECKING:
    from ttgbench.problems.suite import Suite
    from ttgbench.run.results import CellResult
    from ttgbench.run.workers.base import Backend, Setup


def setup_for(
    suite: Suite, folder: Path, store: Path | None, engine: str, *, agent: str | None = None, **rest: Any
) -> Setup:
    """Of runs into a folder. A suite with a recording is answered from it, and an engine is started for an agent only.

    rest: further fields of Setup. Raises UnknownName for an engine that there is not.
    """
    from ttgbench.engines import check_name
    from ttgbench.run.experiment import STORE
    from ttgbench.run.recorded import begin, keeps_own
    from ttgbench.run.workers.base import Setup

    check_name(engine)
    if store is None and keeps_own(suite, agent):
        store = folder / STORE
    if store is not None and agent is not None:
        begin(suite, store)
    return Setup(suite, store, None if suite.recorded else engine, agent=agent, agent_engine=engine, **rest)


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
    from ttgbench.run.experiment import run_on

    cells = len(setup.suite.problems) * len(names) * seeds
    with RichProgress() if setup.live else contextlib.nullcontext() as progress:
        backend = _backend(setup, jobs, timeout, ray, progress)
        results = run_on(backend, folder, setup.suite, names, seeds, setup.answered_by, CellReport(cells), setup.agent)
    return results, cells - len(results)


def _backend(
    setup: Setup, jobs: int | None, timeout: float | None, ray: str | None, progress: RichProgress | None
) -> Backend:
    """Worker processes, here or on Ray."""
    timeout = timeout or setup.seconds_per_cell
    if ray is not None:
        from ttgbench.run.workers.on_ray import OnRay

        return OnRay(setup, timeout, ray, jobs, progress)
    from ttgbench.run.workers.processes import Processes

    # Models on a laptop share its cores: two cells at once only make each other wait.
    count = jobs or (1 if setup.live else os.cpu_count()) or 1
    return Processes(setup, count, timeout, progress)
