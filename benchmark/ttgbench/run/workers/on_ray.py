"""Cells as tasks of a Ray cluster. Each of its processes keeps one worker of `supervisor.py`, so limits, deaths and
bytes are the same as on one machine. Files travel as bytes, and store, engines and agent stay with the process that
began the run (`service.py`): no shared file system is needed, and a lost machine takes no generation along.

Every node needs ttgbench, and submissions and data at the same paths. Model servers are placed by `vllm:ray=ADDRESS`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError, TTGBenchError
from ttgbench.evaluate.executor import Progress
from ttgbench.run.results import LOG_NAME, RESULT_NAME
from ttgbench.run.run import ERROR_NAME
from ttgbench.run.workers.base import Job, Outcome, Setup
from ttgbench.run.workers.server import LOOPBACK, serving
from ttgbench.run.workers.supervisor import Supervisor
from ttgbench.run.workers.worker import OUTPUT_NAME
from ttgbench.util.extras import require
from ttgbench.util.files import write_atomic

FILES = (LOG_NAME, ERROR_NAME, OUTPUT_NAME, RESULT_NAME)
AHEAD = 3
"""Tasks submitted per CPU of the cluster, so that none waits for the driver."""

_supervisor: Supervisor | None = None
"""This Ray process's worker."""


@dataclass(frozen=True, slots=True)
class OnRay:
    """Satisfies `Backend`. address: of a cluster, or "local" for a new one on this machine with `cpus` CPUs."""

    setup: Setup
    timeout: float
    address: str
    cpus: int | None = None
    progress: Progress | None = None

    def run(self, jobs: Sequence[Job]) -> Generator[Outcome]:
        """See `Backend.run`."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray = require("ray")
        self._connect(ray)
        try:
            host = LOOPBACK if self.address == "local" else ray.util.get_node_ip_address()
            with serving(self.setup, self.progress, host) as workers:
                yield from self._run(ray, ray.put(workers), jobs)
        finally:
            ray.shutdown()

    def _run(self, ray: Any, setup: Any, jobs: Sequence[Job]) -> Generator[Outcome]:
        task = ray.remote(num_cpus=1, max_retries=0)(_run_here)
        window = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        waiting = sorted(jobs, key=lambda job: job.method, reverse=True)
        running: dict[Any, Job] = {}
        while waiting or running:
            while waiting and len(running) < window:
                job = waiting.pop()
                running[task.remote(setup, job, self.timeout)] = job
            for done in ray.wait(list(running), num_returns=1)[0]:
                yield _fetched(ray, done, running.pop(done))

    def _connect(self, ray: Any) -> None:
        paths = os.pathsep.join(filter(None, sys.path))
        options = {"log_to_driver": False, "runtime_env": {"env_vars": {"PYTHONPATH": paths}}}
        try:
            if self.address == "local":
                ray.init(address="local", num_cpus=self.cpus, include_dashboard=False, **options)
            else:
                ray.init(address=self.address, **options)
        except Exception as error:  # a plain one where a new cluster's parts wait too long for one another
            raise InputError(f"no Ray cluster answers: {error}", source=f"--ray {self.address}") from None


def _fetched(ray: Any, done: Any, job: Job) -> Outcome:
    try:
        files, error = ray.get(done)
    except TTGBenchError:
        raise
    except ray.exceptions.RayTaskError as failure:
        if isinstance(failure.cause, TTGBenchError):
            raise TTGBenchError(str(failure.cause)) from None
        raise
    except ray.exceptions.RayError as failure:  # the process or its machine is gone; the method runs in a child of it
        return Outcome(job, f"lost by the cluster: {str(failure)[:200]}")
    job.folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomic(job.folder / name, data)
    return Outcome(job, error)


def _run_here(setup: Setup, job: Job, timeout: float) -> tuple[dict[str, bytes], str | None]:
    """On the cluster: the files that the job made, the result last, and the error."""
    global _supervisor
    if _supervisor is None:
        _supervisor = Supervisor(setup, timeout)
    with tempfile.TemporaryDirectory(prefix="ttgbench-ray-") as scratch:
        outcome = _supervisor.run(replace(job, folder=Path(scratch)))
        paths = sorted(Path(scratch).iterdir(), key=lambda path: path.name == RESULT_NAME)
        files = {path.name: path.read_bytes() for path in paths if path.name in FILES}
    return files, outcome.error
