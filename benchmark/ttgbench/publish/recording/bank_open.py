"""Opens what is recorded of a bank's task: a space of its graphs, and an evaluator that looks every one of them up.

with open_bank(load_bank("plan.yaml"), Path("segments"), "gsm_symbolic") as bank:
    space, evaluator = bank.space("12 units"), bank.evaluator()
    graph = space.sample(numpy.random.default_rng(0))
    [evaluation] = evaluator.evaluate([graph], bank.asked(universe=0), 0, bank.split)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ttgbench.errors import InputError, UnknownName
from ttgbench.evaluate.bank import BankEvaluator
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Overlay, Store
from ttgbench.models.budget import Budget
from ttgbench.models.pool import load_pool
from ttgbench.problems.bank.folder import look, nothing_finished
from ttgbench.problems.bank.plan import BankPlan, Segment
from ttgbench.problems.space.bank import BankSpace
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

    def asked(self, universe: int) -> tuple[int, ...]:
        """Indices, in the split, of the questions that are recorded in a universe."""
        parts = (segment for segment in self.finished if segment.universe == universe)
        return tuple(index for segment in parts for index in range(segment.start, segment.stop))

    def space(self, budget: str, *, max_second: int = 2) -> BankSpace:
        """Its graphs within a budget per question, such as "12 units". Raises InputError."""
        pool = load_pool(self.plan.pool)
        parsed = Budget.parse(budget)
        return BankSpace.over(self.plan.nodes, pool, self.task.card.lengths, parsed, max_second=max_second)

    def evaluator(self, draws: int = 1) -> BankEvaluator:
        """Answers its graphs. draws: as `BankEvaluator`."""
        return BankEvaluator(self.recorded, self.task, self.store, self.plan.nodes, draws)


@contextmanager
def open_bank(plan: BankPlan, folder: Path, task: str, data_dir: Path | None = None) -> Iterator[OpenBank]:
    """The finished segments of one task of a plan. Starts no engine.

    Raises UnknownName for a task that the plan lacks, InputError for segments of another plan or none, StoreError.
    """
    names = [entry.task for entry in plan.tasks]
    if task not in names:
        raise UnknownName("task", task, names, source=plan.name)
    done = tuple(segment for segment in look(plan, folder, data_dir).done if segment.task == task)
    if not done:
        raise InputError(nothing_finished(plan, folder, data_dir))
    with opened(plan, folder, done, data_dir) as bank:
        yield bank


@contextmanager
def opened(
    plan: BankPlan, folder: Path, finished: Sequence[Segment], data_dir: Path | None = None
) -> Iterator[OpenBank]:
    """As `open_bank`, with segments of one task and split that are known to be finished."""
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
