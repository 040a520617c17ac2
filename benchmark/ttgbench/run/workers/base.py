"""The seam: jobs in, outcomes out. A job is plain data, and what it makes lies in its folder."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from ttgbench.problems.method import LoadedMethod, find_method, load_method
from ttgbench.problems.suite import Suite
from ttgbench.run.context import ProblemContext
from ttgbench.run.isolation import load_isolated
from ttgbench.run.recorded import recorded_store
from ttgbench.run.run import record_killed, run_cell
from ttgbench.run.session import Session
from ttgbench.run.workers.client import Harness

SIMULATED_SECONDS, SECONDS = 600.0, 43_200.0
"""Default limits of a cell, where nothing but numbers is computed (simulated suites and banks) and otherwise: far more
than an honest search takes."""


@dataclass(frozen=True, slots=True)
class Job:
    """One cell to run."""

    problem: str
    method: str
    """Path of the submission folder."""
    seed: int
    folder: Path
    """Where its log and result go."""
    killed: tuple[Literal["timeout", "died"], str] | None = None
    """The cell was run and its process is gone: only record what it left. Status and message."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended."""

    job: Job
    error: str | None = None
    """None: its result lies in its folder. Else why there is none; the cell is then missing, and is run next time."""


class Backend(Protocol):
    """Runs jobs."""

    def run(self, jobs: Sequence[Job]) -> Generator[Outcome]:
        """Yields one outcome per job, in any order. Closing the iterator stops what still runs.

        Raises InputError for a method that cannot be loaded, EngineError, MissingGeneration and StoreError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What runs are made with: data only."""

    suite: Suite
    store: Path | None = None
    """None: the suite's recording, or nothing."""
    engine: str | None = None
    slots: int | None = None
    data_dir: Path | None = None
    agent: str | None = None
    agent_engine: str | None = None
    """Answers the agent where it names no engine; default: `engine`."""
    isolate: bool = False
    """Run every search in a process of its own, without files and network."""
    harness: str | None = None
    """Address of the `Service` that evaluates and asks instead of the process that opens this."""

    def open(self, progress: Any = None) -> Session:
        """A session, to be closed by the caller."""
        harness = None if self.harness is None else Harness(self.harness)
        return Session(
            _recording(self.suite, self.store) if harness is None else None,
            self.engine,
            slots=self.slots,
            data_dir=self.data_dir,
            progress=progress,
            agent=self.agent,
            agent_engine=self.agent_engine,
            harness=harness,
        )

    @property
    def live(self) -> bool:
        """Whether models may be asked during a run."""
        asks_agent = self.agent is not None and (self.agent_engine or self.engine) is not None
        return asks_agent or (self.engine is not None and not self.suite.simulated)

    @property
    def answered_by(self) -> str:
        """What answers, in a word: "synthetic", "recording" or the engine's spec."""
        return "synthetic" if self.suite.simulated else self.engine or "recording"

    def for_workers(self, harness: str | None = None) -> Setup:
        """The workers' part: no engine of their own; without a harness they replay what is recorded."""
        return replace(self, engine=None, slots=None, agent_engine=None, harness=harness)

    @property
    def side_by_side(self) -> int:
        """Default number of cells at once. Models on a laptop share its cores: two at once would only wait."""
        return 1 if self.live else os.cpu_count() or 1

    @property
    def seconds_per_cell(self) -> float:
        """The default limit."""
        computed = self.suite.simulated or self.suite.bank is not None
        return SIMULATED_SECONDS if computed and not self.live else SECONDS


def _recording(suite: Suite, store: Path | None) -> Path | None:
    return recorded_store(suite.recorded) if store is None and suite.recorded is not None else store


@dataclass(slots=True)
class Performer:
    """Runs jobs in this process; loads each context and each method once."""

    suite: Suite
    session: Session
    isolate: bool = False
    methods: dict[str, LoadedMethod] = field(default_factory=dict)
    """By `Job.method`; loaded when first needed."""
    _contexts: dict[tuple[str, int], ProblemContext] = field(default_factory=dict)

    def prepare(self, job: Job) -> None:
        """Loads what the job needs. Raises InputError."""
        self._context(job)
        if job.killed is None and job.method not in self.methods:
            self.methods[job.method] = load_isolated(job.method) if self.isolate else load_method(job.method)

    def __call__(self, job: Job) -> None:
        """As `run_cell` and `record_killed`."""
        self.prepare(job)
        context = self._context(job)
        if job.killed is not None:
            record_killed(context, find_method(job.method).metadata, job.seed, job.folder, *job.killed)
        else:
            run_cell(context, self.methods[job.method], job.seed, job.folder)

    def _context(self, job: Job) -> ProblemContext:
        key = job.problem, self.suite.variant(job.seed)
        if key not in self._contexts:
            if key[1]:
                self._contexts.clear()  # one of hundreds, each of which comes up once for all methods
            self._contexts[key] = self.session.context(self.suite, self.suite.spec(job.problem), job.seed)
        return self._contexts[key]
