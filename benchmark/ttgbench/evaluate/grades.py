"""Marks recorded outputs: each is graded once per grader version, and the grade is recorded beside it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence

from ttgbench.errors import SandboxUnavailable
from ttgbench.evaluate.store.generation import GenerationId
from ttgbench.evaluate.store.store import Store
from ttgbench.tasks.task import UNGRADABLE, Grade, Question, Task

_AT_ONCE = 1024  # enough to keep parallel graders busy, little to lose when the process is killed


def grades_of(task: Task, store: Store, wanted: Sequence[tuple[GenerationId, Question]]) -> list[Grade]:
    """The grade of each generation, which must be recorded, on its question."""
    grader = task.card.grader
    nodes = dict.fromkeys((key, universe) for (key, _, universe), _ in wanted)
    known = {
        (key, question_id, universe): grade
        for key, universe in nodes
        for question_id, grade in store.grades(key, universe, grader).items()
    }
    fresh = {identity: question for identity, question in wanted if identity not in known}
    for start in range(0, len(fresh), _AT_ONCE):
        part = dict(itertools.islice(fresh.items(), start, start + _AT_ONCE))
        rows = store.get_many(part)
        try:
            grades = task.grade(list(part.values()), [rows[identity].text for identity in part])
        except SandboxUnavailable as error:  # not recorded: a machine with a sandbox shall grade them
            logging.getLogger(__name__).warning("%d outputs are ungradable here: %s", len(fresh) - start, error)
            return [known.get(identity, Grade(UNGRADABLE, None)) for identity, _ in wanted]
        new = dict(zip(part, grades, strict=True))
        store.put_grades(grader, new)
        known.update(new)
    return [known[identity] for identity, _ in wanted]


def regrade(task: Task, store: Store) -> tuple[list[Grade], int]:
    """Grades, under the task's current grader, every recorded generation on a question of its splits.

    Returns these grades and how many generations of this task name no question of its splits: another version's.
    """
    questions = {question.id: question for split in task.card.splits for question in task.questions(split)}
    own = [identity for identity in store.ids() if identity[1].split("@")[0] == task.card.name]
    wanted = [(identity, questions[identity[1]]) for identity in own if identity[1] in questions]
    return grades_of(task, store, wanted), len(own) - len(wanted)
