"""One cell after another in this process, which holds the engines. A method that never returns stops everything."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from ttgbench.problems.method import LoadedMethod
from ttgbench.problems.suite import Suite
from ttgbench.run.session import Session
from ttgbench.run.workers.base import Job, Outcome, Performer


@dataclass(frozen=True, slots=True)
class Sequential:
    """Satisfies `Backend`. What methods print goes to stderr."""

    suite: Suite
    session: Session
    isolate: bool = False
    methods: Mapping[str, LoadedMethod] = field(default_factory=dict)
    """By `Job.method`, those that are loaded already."""

    def run(self, jobs: Sequence[Job]) -> Generator[Outcome]:
        """See `Backend.run`; in order."""
        perform = Performer(self.suite, self.session, self.isolate, dict(self.methods))
        for job in jobs:
            with contextlib.redirect_stdout(sys.stderr):
                perform(job)
            yield Outcome(job)
