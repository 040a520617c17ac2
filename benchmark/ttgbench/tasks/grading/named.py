"""The shipped graders by name, as task files ask for them: `metadata.ttgbench.grader: number`."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from ttgbench.tasks.grading.echo import without_copies
from ttgbench.tasks.task import Grade

if TYPE_CHECKING:
    from ttgbench.tasks.grading.workers import GraderPool

Doc = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Marking:
    """One output to be graded."""

    doc: Doc
    """The question's document."""
    target: str
    """The reference answer, as the task's doc_to_target gives it."""
    output: str
    shown: Sequence[str] = ()
    """Passages of the prompt: the question's paragraphs and the examples. A copy of one is no answer."""
    answer_format: str = ""
    """How the prompt asks for the answer."""
    stop: Sequence[str] = ()
    """The task's stop strings: a server may have ignored them."""

    @property
    def own(self) -> str:
        """The output without what it copies of its prompt."""
        return without_copies(self.output, self.shown, self.answer_format)


class Grader(Protocol):
    """Grades outputs in batches."""

    @property
    def version(self) -> Callable[[], str]:
        """Name and version; grades are stored under it."""

    @property
    def grade(self) -> Callable[[Sequence[Marking]], list[Grade]]:
        """One grade per output, in order."""


@dataclass(frozen=True, slots=True)
class NamedGrader:
    """A grader of outputs in batches. Never raises for what a model wrote.

    `code` raises SandboxUnavailable where nothing can be run, and so nothing graded.
    """

    version: Callable[[], str]
    """Name and version; grades are stored under it."""
    grade: Callable[[Sequence[Marking]], list[Grade]]


def _number(markings: Sequence[Marking]) -> list[Grade]:
    from ttgbench.tasks.grading import number

    return [number.grade(m.own, m.target, stop=m.stop) for m in markings]


def _choice(markings: Sequence[Marking]) -> list[Grade]:
    from ttgbench.tasks.grading import choice

    return [choice.grade(m.own, m.target, choices=_choices(m.doc), stop=m.stop) for m in markings]


def _choices(doc: Doc) -> Sequence[str]:
    """The options' texts: `choices`, or `options` (mmlu_pro), or arc's {"text": [...]}."""
    choices = doc.get("choices", doc.get("options", ()))
    texts: Sequence[str] = choices.get("text", ()) if isinstance(choices, Mapping) else choices
    return texts


def _text(markings: Sequence[Marking]) -> list[Grade]:
    from ttgbench.tasks.grading import text

    return [text.grade(m.own, m.target, aliases=m.doc.get("aliases", ()), stop=m.stop) for m in markings]


def _literal(markings: Sequence[Marking]) -> list[Grade]:
    from ttgbench.tasks.grading import literal

    return [literal.grade(m.own, m.target, stop=m.stop) for m in markings]


def _code(markings: Sequence[Marking]) -> list[Grade]:
    from ttgbench.tasks.grading import code

    return code.grade_many([marking.output for marking in markings], [marking.doc for marking in markings])


def _math(markings: Sequence[Marking]) -> list[Grade]:
    return _math_pool().grade([{"output": m.own, "reference": m.target, "stop": list(m.stop)} for m in markings])


@cache
def _math_pool() -> GraderPool:
    """Worker processes with limits, as an answer may hang sympy; started when first needed, kept to the end."""
    from ttgbench.tasks.grading.workers import GraderPool

    pool = GraderPool("ttgbench.tasks.grading.math:grade")
    atexit.register(pool.close)
    return pool


def _version_of(module: str) -> Callable[[], str]:
    def version() -> str:
        import importlib

        return str(importlib.import_module(f"ttgbench.tasks.grading.{module}").GRADER)

    return version


GRADERS: Mapping[str, NamedGrader] = MappingProxyType(
    {
        "number": NamedGrader(_version_of("number"), _number),
        "choice": NamedGrader(_version_of("choice"), _choice),
        "literal": NamedGrader(_version_of("literal"), _literal),
        "text": NamedGrader(_version_of("text"), _text),
        "math": NamedGrader(_version_of("math"), _math),
        "code": NamedGrader(_version_of("code"), _code),
    }
)
