"""Synthetic tasks: questions without content, for the synthetic evaluator. Their texts say so."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ttgbench.errors import InputError, UnknownName
from ttgbench.evaluate.synthetic.coefficients import CLUSTER, DOMAINS, MAX_TOKENS, VERSION, Domain
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade, Lengths, Question, TaskCard

SIZES: Mapping[str, int] = MappingProxyType({"search": 200, "test": 500})
"""Questions per split."""
SYNTHETIC_TASKS = tuple(f"synthetic_{domain}" for domain in DOMAINS)


class SyntheticTask:
    """A Task whose questions stand for points of a difficulty distribution."""

    def __init__(self, name: str) -> None:
        """One of the first world's tasks. Raises UnknownName."""
        if name not in SYNTHETIC_TASKS:
            raise UnknownName("synthetic task", name, SYNTHETIC_TASKS)
        domain = name.removeprefix("synthetic_")
        self._make(name, domain, DOMAINS[domain], VERSION, f"{name}@{VERSION}", SIZES)

    @classmethod
    def drawn(
        cls, name: str, domain: str, numbers: Domain, version: int, series: str, sizes: Mapping[str, int]
    ) -> SyntheticTask:
        """A task of another world. series: what its questions' names begin with, no two worlds the same."""
        task = cls.__new__(cls)
        task._make(name, domain, numbers, version, series, sizes)
        return task

    def _make(
        self, name: str, domain: str, numbers: Domain, version: int, series: str, sizes: Mapping[str, int]
    ) -> None:
        self.card = TaskCard(
            name=name,
            version=version,
            description=f"Simulated {domain} questions: no text, only difficulties and plausible wrong answers.",
            domain=domain,
            licence="Apache-2.0",
            citation="",
            lengths=Lengths(numbers.question, numbers.answer),
            max_tokens=round(MAX_TOKENS * numbers.answer),
            stop=(),
            answer_format="Simulated.",
            fewshot=(),
            grader="synthetic/1",
            votable=numbers.votable,
            source="procedural",
        )
        self._splits = {
            split: tuple(self._question(series, split, n) for n in range(size)) for split, size in sizes.items()
        }

    def _question(self, series: str, split: str, number: int) -> Question:
        identity = f"{series}/{split}/{number:04d}"
        return Question(
            id=identity,
            index=number,
            text=f"Simulated {self.card.domain} question {number} ({split}). It has no content.",
            sha256=hashlib.sha256(identity.encode()).hexdigest(),
            cluster=f"{split}-{number // CLUSTER:03d}",
            doc={"answer": answer_text(number, 0)},
        )

    def questions(self, split: str) -> Sequence[Question]:
        """All questions of a split. Raises InputError for an unknown split."""
        if split not in self._splits:
            raise InputError(f"must be one of {', '.join(self._splits)}", source=self.card.name, field="split")
        return self._splits[split]

    def grade(self, questions: Sequence[Question], outputs: Sequence[str]) -> list[Grade]:
        """An output is right if it is the reference answer; an empty one is no answer."""
        return [
            Grade(UNANSWERED, None)
            if not output.strip()
            else Grade(CORRECT if output.strip() == question.doc["answer"] else WRONG, output.strip())
            for question, output in zip(questions, outputs, strict=True)
        ]


def answer_text(number: int, code: int) -> str:
    """What answer `code` of question `number` reads like; which of them is right cannot be seen from it."""
    return hashlib.sha256(f"{number}/{code}".encode()).hexdigest()[:6]
