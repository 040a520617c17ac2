"""A task as it was recorded: under the grader that its recording was made with, which may be older than the code's.

The grader's version is part of the key of every vote, and so of all that reads one: under another version a recording
would lack generations. Its grades were recorded too, so that none has to be made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ttgbench.errors import InputError
from ttgbench.tasks.task import Grade, Question, Task, TaskCard


@dataclass(frozen=True)
class AsRecorded:
    """`task` under `grader`, name and version of a grader that is no longer the task's own."""

    task: Task
    grader: str

    @cached_property
    def card(self) -> TaskCard:
        """The task's card, with this grader."""
        return replace(self.task.card, grader=self.grader)

    def questions(self, split: str) -> Sequence[Question]:
        """The task's questions."""
        return self.task.questions(split)

    def grade(self, questions: Sequence[Question], outputs: Sequence[str]) -> list[Grade]:
        """Raises InputError: what the recording does not grade cannot be graded in its way any more."""
        message = f"its recording is graded by {self.grader}, which is now {self.task.card.grader}: record it anew"
        raise InputError(message, source=self.task.card.name)
