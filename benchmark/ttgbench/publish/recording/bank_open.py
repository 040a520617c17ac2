"""The finished segments of one task of a plan, brought into one store and replayed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ttgbench.errors import InputError
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Overlay, Store
from ttgbench.models.pool import load_pool
from ttgbench.problems.bank.plan import BankPlan, Segment
from ttgbench.run.session import Session
from ttgbench.tasks.task import Task


@dataclass(frozen=True)
class OpenBank:
    """A task of a bank, as far as it is recorded."""

    plan: BankPlan
    task: Task
    store: Store
    """Its segments; what is graded anew is kept in memory."""
    recorded: GenerationEvaluator
    """Replays the bank's nodes."""
    finished: tuple[Segment, ...]

    @property
    def split(self) -> str:
        """Which of the task's splits was recorded."""
        return self.finished[0].split


@contextmanager
def opened(
    plan: BankPlan, folder: Path, finished: Sequence[Segment], data_dir: Path | None = None
) -> Iterator[OpenBank]:
    """Segments of one task and one of its splits that are known to be finished. Starts no engine.

    Raises InputError for segments of none or several, StoreError for one that cannot be read.
    """
    if len({(segment.task, segment.split) for segment in finished}) != 1:
        raise InputError("must be of one task and one of its splits, not of none or several", field="finished")
    with TemporaryDirectory(prefix="ttgbench-") as scratch:
        path = Path(scratch) / "store.sqlite"
        with Store(path) as store:
            for segment in finished:
                store.import_(folder / segment.name)
        with Session(path, None, data_dir=data_dir) as session:
            task = session.task(finished[0].task)
            evaluator = session.evaluator(task, load_pool(plan.pool), plan.sampling, plan.prompts)
            assert isinstance(evaluator, GenerationEvaluator)
            yield OpenBank(plan, task, Overlay(session.store), evaluator, tuple(finished))
