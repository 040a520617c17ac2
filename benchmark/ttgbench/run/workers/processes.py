"""Cells in several worker processes on this machine: one thread looks after each."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from ttgbench.engines.background import HEARTBEAT
from ttgbench.evaluate.executor import Progress
from ttgbench.run.workers.base import Job, Outcome, Setup
from ttgbench.run.workers.server import serving
from ttgbench.run.workers.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Processes:
    """Satisfies `Backend`. count: how many workers; timeout: seconds for one cell; progress: told of generations."""

    setup: Setup
    count: int
    timeout: float
    progress: Progress | None = None

    def run(self, jobs: Sequence[Job]) -> Generator[Outcome]:
        """See `Backend.run`; method by method, so that workers are seldom replaced."""
        with serving(self.setup, self.progress) as workers:
            yield from self._run(workers, jobs)

    def _run(self, workers: Setup, jobs: Sequence[Job]) -> Generator[Outcome]:
        supervisors = [Supervisor(workers, self.timeout) for _ in range(min(self.count, len(jobs)))]
        idle: SimpleQueue[Supervisor] = SimpleQueue()
        for supervisor in supervisors:
            idle.put(supervisor)

        def run_one(job: Job) -> Outcome:
            supervisor = idle.get()
            try:
                return supervisor.run(job)
            finally:
                idle.put(supervisor)

        threads = ThreadPoolExecutor(max(1, len(supervisors)))
        try:
            done: SimpleQueue[Future[Outcome]] = SimpleQueue()
            for job in sorted(jobs, key=lambda j: j.method):
                threads.submit(run_one, job).add_done_callback(done.put)
            for _ in jobs:
                yield _next(done).result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for supervisor in supervisors:
                supervisor.close()
            threads.shutdown()


def _next(done: SimpleQueue[Future[Outcome]]) -> Future[Outcome]:
    """The next that is done; signals are looked for meanwhile, as HEARTBEAT says."""
    while True:
        try:
            return done.get(timeout=HEARTBEAT)
        except Empty:
            continue
