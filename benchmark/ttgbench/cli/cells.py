"""The cells of a run, with their progress on the terminal: what `run`, `demo` and `submit` share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ttgbench.cli.progress import RichProgress, Runs

if TYPE_CHECKING:
    from ttgbench.run.results import CellResult
    from ttgbench.run.workers.base import Backend, Setup


def run_cells(
    folder: Path,
    setup: Setup,
    names: list[str],
    seeds: int,
    jobs: int | None = None,
    timeout: float | None = None,
    ray: str | None = None,
    problems: Sequence[str] | None = None,
) -> tuple[list[CellResult], int]:
    """All results, and how many cells have none. problems: some of the suite's, default all."""
    from ttgbench.run.experiment import run_on

    cells = len(problems or setup.suite.problems) * len(names) * seeds
    runs = Runs(folder, cells, len(names))
    with RichProgress(runs) as progress:
        backend = _backend(setup, jobs, timeout, ray, progress)
        results = run_on(backend, folder, setup.suite, names, seeds, setup.answered_by, runs, setup.agent, problems)
    return results, cells - len(results)


def _backend(setup: Setup, jobs: int | None, timeout: float | None, ray: str | None, progress: RichProgress) -> Backend:
    """Worker processes, here or on Ray."""
    timeout = timeout or setup.seconds_per_cell
    if ray is not None:
        from ttgbench.run.workers.on_ray import OnRay

        return OnRay(setup, timeout, ray, jobs, progress)
    from ttgbench.run.workers.processes import Processes

    return Processes(setup, jobs or setup.side_by_side, timeout, progress)
