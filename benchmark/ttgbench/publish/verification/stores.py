"""The archived generations, taken over without their grades; and the grades, made again and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ttgbench.errors import StoreError
from ttgbench.evaluate.grades import grades_of
from ttgbench.evaluate.store.generation import Generation, GenerationId, name_of
from ttgbench.evaluate.store.store import Store
from ttgbench.publish.archive.rejection import Rejected
from ttgbench.run import agent
from ttgbench.tasks.task import Grade, Task

Grades = Mapping[GenerationId, tuple[tuple[str, str, str | None], ...]]
"""(grader, status, answer) as archived, by generation."""


def take_over(exported: Path, store: Path) -> Grades:
    """Puts the archived generations into a new store, and returns the grades that the archive claims for them.

    Raises Rejected (store-invalid) for damaged rows, and for two rows of one generation.
    """
    from ttgbench.evaluate.store import parquet

    claimed: dict[GenerationId, tuple[tuple[str, str, str | None], ...]] = {}
    try:
        with Store(store) as opened:
            for rows in parquet.read(exported):
                for generation, grades in rows:
                    if generation.id in claimed:
                        raise StoreError(f"{name_of(generation.id)}: is there twice")
                    claimed[generation.id] = grades
                opened.put_many([generation for generation, _ in rows])
            faults = opened.verify()
    except StoreError as error:
        raise Rejected("store-invalid", str(error).removeprefix(f"{exported}: "), source=exported) from None
    if faults:
        raise Rejected("store-invalid", faults[0], source=exported)
    return claimed


def check_recorded(store: Path, recording: Path, source: Path) -> None:
    """Every generation but the search agent's must be the recording's. Raises Rejected (not-recorded)."""
    with Store(store) as mine, Store(recording, read_only=True) as original:
        rows = [row for row, _ in mine.rows() if row.role != agent.ROLE]
        known = original.get_many([row.id for row in rows])
    for row in rows:
        if known.get(row.id) != row:
            raise Rejected("not-recorded", f"{name_of(row.id)}: not what the suite's recording says", source=source)


def take_grades(store: Path, recording: Path) -> None:
    """Gives the generations in `store` the grades that the recording has for them."""
    with Store(store) as mine, Store(recording, read_only=True) as original:
        ids = set(mine.ids())
        found: dict[str, dict[GenerationId, Grade]] = {}
        for row, grades in original.rows():
            for grader, status, answer in grades if row.id in ids else ():
                found.setdefault(grader, {})[row.id] = Grade(status, answer)
        for grader, graded in found.items():
            mine.put_grades(grader, graded)


def regrade(claimed: Grades, store: Path, tasks: Iterable[Task], source: Path) -> int:
    """Grades the raw answers again and compares every grade that is claimed; how many there were.

    Raises Rejected (grades-differ, or task-mismatch for grades by graders that none of the tasks has).
    """
    known = {task.card.grader: task for task in tasks}
    wanted: dict[str, list[tuple[GenerationId, Grade]]] = {}
    for identity, grades in claimed.items():
        for grader, status, answer in grades:
            if grader not in known:
                here = ", ".join(sorted(known)) or "no graders"
                message = f"{name_of(identity)} is graded by {grader[:80]!r}; here there are {here}"
                raise Rejected("task-mismatch", message, source=source)
            wanted.setdefault(grader, []).append((identity, Grade(status, answer)))
    with Store(store) as opened:
        for grader, marked in wanted.items():
            task = known[grader]
            questions = {question.id: question for split in task.card.splits for question in task.questions(split)}
            for identity, _ in marked:
                if identity[1] not in questions:
                    raise Rejected("store-invalid", f"{name_of(identity)}: no such question", source=source)
            again = grades_of(task, opened, [(identity, questions[identity[1]]) for identity, _ in marked])
            _compare(marked, again, source)
    return sum(map(len, wanted.values()))


def _compare(claimed: list[tuple[GenerationId, Grade]], again: list[Grade], source: Path) -> None:
    for (identity, before), after in zip(claimed, again, strict=True):
        if before != after:
            message = f"{name_of(identity)}: archived as {_shown(before)}, graded again it is {_shown(after)}"
            raise Rejected("grades-differ", message, source=source)


def _shown(grade: Grade) -> str:
    return grade.status if grade.answer is None else f"{grade.status} ({grade.answer[:60]!r})"


def same_rows(
    recorded: Store, live: Store, select: Callable[[Generation], bool]
) -> Iterable[tuple[Generation, Generation]]:
    """Pairs of a recorded and a live generation with the same id."""
    mine = {row.id: row for row, _ in live.rows() if select(row)}
    theirs = recorded.get_many(mine)
    return [(theirs[identity], row) for identity, row in sorted(mine.items()) if identity in theirs]
