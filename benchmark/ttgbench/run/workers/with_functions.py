"""Python functions beside submission folders: a function cannot be sent to a worker, so it runs in this process."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from ttgbench.evaluate.executor import Progress
from ttgbench.problems.method import LoadedMethod
from ttgbench.run.workers.base import Backend, Job, Outcome, Setup
from ttgbench.run.workers.sequential import Sequential


@dataclass(frozen=True, slots=True)
class WithFunctions:
    """Satisfies `Backend`. functions: by `Job.method`; rest: runs all other jobs; progress: told of generations."""

    setup: Setup
    functions: Mapping[str, LoadedMethod]
    rest: Backend
    progress: Progress | None = None

    def run(self, jobs: Sequence[Job]) -> Generator[Outcome]:
        """The functions first, in order. What a function does wrong in this process, it does to the harness."""
        own = [job for job in jobs if job.method in self.functions]
        if own:
            with self.setup.open(self.progress) as session:
                yield from Sequential(self.setup.suite, session, methods=self.functions).run(own)
        if len(own) < len(jobs):
            yield from self.rest.run([job for job in jobs if job.method not in self.functions])
