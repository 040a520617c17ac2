"""Tasks: questions in, grades out. The nouns and the Protocol; `ttgbench.tasks.folder` reads task folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

STATUSES = CORRECT, WRONG, UNANSWERED, UNGRADABLE = "correct", "wrong", "unanswered", "ungradable"


@dataclass(frozen=True, slots=True)
class Lengths:
    """Nominal tokens of a task: A in (question) and B out (answer)."""

    question: int
    answer: int


@dataclass(frozen=True, slots=True)
class Question:
    """One question of one split. What a search method sees of it is `id` and `text`."""

    id: str
    """Unique within the task over all splits and versions, e.g. "micro_math@1/search/0007"."""
    index: int
    """Position in its split."""
    text: str
    """As shown to a model, without few-shot examples and without role instructions."""
    sha256: str
    """Hash of the document's content (question, choices, reference answer)."""
    stratum: str | None = None
    cluster: str | None = None
    """The group of questions that it is from, such as those about one text."""
    doc: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The document with its reference answer: for the grader alone."""


@dataclass(frozen=True, slots=True)
class Grade:
    """The grader's verdict on one output."""

    status: str
    """CORRECT, WRONG, UNANSWERED (nothing extractable) or UNGRADABLE (the grader failed)."""
    answer: str | None
    """The extracted answer, normalised so that equal answers are equal strings."""

    @property
    def score(self) -> float:
        """1.0 if correct, else 0.0."""
        return float(self.status == CORRECT)


@dataclass(frozen=True, slots=True)
class TaskCard:
    """What defines a task apart from its questions."""

    name: str
    version: int
    description: str
    domain: str
    """"math", "code" or "qa"."""
    licence: str
    citation: str
    lengths: Lengths
    max_tokens: int
    """Longest answer that is generated."""
    stop: tuple[str, ...]
    answer_format: str
    """One or two sentences that tell a model how to give its answer."""
    fewshot: tuple[tuple[str, str], ...]
    """(question, answer) examples shown before every question; may be empty."""
    grader: str
    """Name and version, e.g. "exact_number/1". Grades are stored under it."""
    votable: bool
    """Answers can be extracted and compared, so that `vote` makes sense."""
    splits: tuple[str, ...] = ("search", "test")
    languages: tuple[str, ...] = ("en",)
    source: str | None = None
    """Data set and pinned revision, or "procedural"."""
    prompting: str = "model"
    """"model": as each model's card says; "completion": every model continues text, which is what tiny ones do best."""


class Task(Protocol):
    """A task as evaluators see it."""

    @property
    def card(self) -> TaskCard:
        """What defines the task apart from its questions."""
        ...

    def questions(self, split: str) -> Sequence[Question]:
        """All questions of a split, in fixed order. Raises InputError for an unknown split or missing data."""
        ...

    def grade(self, questions: Sequence[Question], outputs: Sequence[str]) -> list[Grade]:
        """Grades raw outputs, one per question, in order. Never raises for what a model wrote.

        Raises SandboxUnavailable where model-written code would have to run and cannot: that is no verdict.
        """
        ...


def groups_of(questions: Sequence[Question]) -> tuple[str, ...]:
    """One label per question where any is in a group: its cluster, else its own id. Empty where none is."""
    if not any(question.cluster for question in questions):
        return ()
    return tuple(question.cluster or question.id for question in questions)
