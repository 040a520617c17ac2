"""Cells in several worker processes on this machine: one thread looks after each."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from queue import SimpleQueue

from ttgbench.engines.background import HEARTBEAT
from ttgbench.evaluate.executor import Progress
from ttgbench.run.workers.base import Job, Outcome, Setup
from ttgbench.run.workers.host import Host
from ttgbench.run.workers.server import serving


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
        hosts = [Host(workers, self.timeout) for _ in range(min(self.count, len(jobs)))]
        idle: SimpleQueue[Host] = SimpleQueue()
        for host in hosts:
            idle.put(host)

        def run_one(job: Job) -> Outcome:
            host = idle.get()
            try:
                return host.run(job)
            finally:
                idle.put(host)

        threads = ThreadPoolExecutor(max(1, len(hosts)))
        try:
            left = {threads.submit(run_one, job) for job in sorted(jobs, key=lambda j: j.method)}
            while left:
                done, left = wait(left, timeout=HEARTBEAT, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for host in hosts:
                host.close()
            threads.shutdown()
