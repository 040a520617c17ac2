"""Records a bank: samples of every model and second-level nodes on them, for all questions of some tasks, in segments.

    plan = load_bank("recorded-small-v1.yaml")
    record_bank(plan, "qwen2.5-coder-1.5b=http://127.0.0.1:8001/v1,...", Path("segments"))

A segment is complete: a Parquet file that a store imports. Where it lies whole, it is done. One under way is a store
beside it, so a recording that is killed goes on where it stopped. What another plan's folder holds of its questions can
be taken over: the nodes that both ask for are then not generated again.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.evaluate.rates import Rates, node_rates
from ttgbench.models.pool import load_pool
from ttgbench.problems.bank.folder import look
from ttgbench.problems.bank.plan import BankPlan, Segment, load_bank, segments
from ttgbench.run.session import Session, first_questions
from ttgbench.tasks.task import Task

__all__ = ["BankPlan", "Segment", "load_bank", "record_bank", "segments"]


def record_bank(
    plan: BankPlan,
    engine: str,
    out: Path,
    *,
    limit: int = 0,
    reuse: Path | None = None,
    slots: int | None = None,
    data_dir: Path | None = None,
    report: Callable[[Segment, int, int], object] = lambda *_: None,
    measured: Callable[[Segment, list[Rates]], object] = lambda *_: None,
    progress: Any = None,
) -> int:
    """Records the segments that `out` lacks or holds broken, at most `limit` of them if not 0; returns how many.

    reuse: a folder whose segments of the same names are taken into these, all that they hold.
    report: told (segment, how many are done, how many there are) before each. measured: told how its outputs relate
    to their prompts after each. Raises EngineError, InputError (as for segments of another plan) and
    StoreError; what was generated before stays.
    """
    if reuse is not None and not reuse.is_dir():
        raise InputError("no such folder of segments", source=reuse, field="--reuse")
    found = look(plan, out, data_dir)
    out.mkdir(parents=True, exist_ok=True)
    done = count(len(found.done))
    todo = found.missing[: limit or len(found.missing)]
    for segment in todo:
        report(segment, next(done), len(found.done) + len(found.missing))
        unfinished = out / f".{segment.name}.sqlite"
        with Session(unfinished, engine, slots=slots, data_dir=data_dir, progress=progress) as session:
            task = _votable(session.task(segment.task))
            first_questions(task, segment.split, segment.stop)  # raises where there are fewer
            if reuse is not None and (reuse / segment.name).is_file():
                session.store.import_(reuse / segment.name)
            evaluator = session.evaluator(task, load_pool(plan.pool), plan.sampling, plan.prompts)
            asked = range(segment.start, segment.stop)
            evaluations = evaluator.evaluate(plan.graphs(), asked, segment.universe, segment.split)
            measured(segment, node_rates(evaluations, session.store, task.card, plan.prompts))
            written = out / f".{segment.name}.part.parquet"
            session.store.export(written)
        written.replace(out / segment.name)
        for file in out.glob(f"{unfinished.name}*"):
            file.unlink()
    return len(todo)


def _votable(task: Task) -> Task:
    if not task.card.votable:
        raise InputError("its answers cannot be compared, a bank needs votes", source=task.card.name, field="votable")
    return task
