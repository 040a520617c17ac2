"""What is recorded about one node in one universe, as arrays over a split's questions: made once, read often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import InputError
from ttgbench.models.cost import generation_flops, nanoseconds, picodollars
from ttgbench.models.pool import ModelCard
from ttgbench.tasks.task import Grade, Question

TOKENS_IN, TOKENS_OUT, FLOPS, PICODOLLARS, NANOSECONDS = range(5)


class UseColumn:
    """Tokens and cost of one node. Costs take failed attempts as if they were part of one longer generation."""

    __slots__ = ("card", "recorded", "values")

    def __init__(self, card: ModelCard | None, count: int) -> None:
        self.card = card
        self.recorded = np.zeros(count, dtype=np.bool_)
        self.values = np.zeros((5, count), dtype=np.int64)
        """Rows: tokens in, tokens out, FLOPs, picodollars, nanoseconds."""

    @property
    def priced(self) -> bool:
        """Whether what it costs is known in dollars."""
        return self.card is None or self.card.priced

    def fill(self, positions: NDArray[np.intp], tokens_in: NDArray[np.int64], tokens_out: NDArray[np.int64]) -> None:
        """Sets what these questions used; arrays of one length."""
        self.values[TOKENS_IN, positions], self.values[TOKENS_OUT, positions] = tokens_in, tokens_out
        if self.card is not None:
            self.values[FLOPS, positions] = generation_flops(self.card, tokens_in, tokens_out)
            self.values[PICODOLLARS, positions] = picodollars(self.card, tokens_in, tokens_out)
            self.values[NANOSECONDS, positions] = nanoseconds(self.card, tokens_in, tokens_out)
        self.recorded[positions] = True


class GradeColumn:
    """Grades of one node as sink."""

    __slots__ = ("answers", "graded", "scores", "statuses")

    def __init__(self, count: int) -> None:
        self.graded = np.zeros(count, dtype=np.bool_)
        self.scores = np.zeros(count)
        self.statuses: list[str] = [""] * count
        self.answers: list[str | None] = [None] * count

    def fill(self, positions: Sequence[int], grades: Sequence[Grade]) -> None:
        """Sets the grades of these questions."""
        for position, grade in zip(positions, grades, strict=True):
            self.scores[position] = grade.score
            self.statuses[position], self.answers[position] = grade.status, grade.answer
        self.graded[np.asarray(positions, dtype=np.intp)] = True


class Table:
    """All columns of one split in one universe, by node key."""

    def __init__(self, questions: Sequence[Question], universe: int, split: str) -> None:
        self.questions, self.universe, self.split = questions, universe, split
        self.ids = [question.id for question in questions]
        self.index = {question_id: position for position, question_id in enumerate(self.ids)}
        self.uses: dict[str, UseColumn] = {}
        self.grades: dict[str, GradeColumn] = {}

    @property
    def cells(self) -> int:
        """Size, for bounding memory."""
        return (len(self.uses) + len(self.grades)) * len(self.ids)

    def positions(self, questions: Sequence[int]) -> NDArray[np.intp]:
        """Checked question indices. Raises InputError."""
        chosen = np.asarray(questions)
        count = len(self.ids)
        if chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu":
            raise InputError("must be a list of question indices, at least one", field="questions")
        if chosen.min() < 0 or chosen.max() >= count:
            raise InputError(f"split {self.split!r} has indices from 0 to {count - 1}", field="questions")
        return chosen.astype(np.intp, copy=False)

    def use(self, key: str, card: ModelCard | None) -> UseColumn:
        """The column of this node, empty at first."""
        if key not in self.uses:
            self.uses[key] = UseColumn(card, len(self.ids))
        return self.uses[key]

    def grade(self, key: str) -> GradeColumn:
        """The grades of this node, empty at first."""
        if key not in self.grades:
            self.grades[key] = GradeColumn(len(self.ids))
        return self.grades[key]

    def load_use(self, key: str, recorded: Mapping[str, tuple[int, int]]) -> None:
        """Takes over a store's column; questions of other splits are left out."""
        found = [(self.index[name], *tokens) for name, tokens in recorded.items() if name in self.index]
        if found:
            positions, tokens_in, tokens_out = np.asarray(found, dtype=np.int64).T
            self.uses[key].fill(positions, tokens_in, tokens_out)
