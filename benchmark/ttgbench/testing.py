"""Toys to test against, without a model and without data: a task, a pool and an engine that says what it is told to."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import date

from ttgbench.engines.base import Completion, Request
from ttgbench.errors import InputError
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade, Lengths, Question, TaskCard


class ToyTask:
    """Sums of two digits; the answer is the last number of an output."""

    def __init__(self, questions: int = 10, votable: bool = True, grader: str = "last_number/1") -> None:
        self.card = TaskCard(
            name="toy",
            version=1,
            description="Sums of two digits.",
            domain="math",
            licence="CC0-1.0",
            citation="",
            lengths=Lengths(question=20, answer=10),
            max_tokens=16,
            stop=(),
            answer_format="Answer with one number.",
            fewshot=(),
            grader=grader,
            votable=votable,
        )
        self.graded = 0
        """Outputs graded so far."""
        self._splits = {
            split: [self._question(split, number, offset) for number in range(questions)]
            for offset, split in enumerate(self.card.splits)
        }

    @staticmethod
    def _question(split: str, number: int, offset: int) -> Question:
        a, b = number % 10, (3 * number + offset) % 10
        text = f"What is {a} + {b}?"
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Question(f"toy@1/{split}/{number:04d}", number, text, digest, doc={"answer": str(a + b)})

    def questions(self, split: str) -> Sequence[Question]:
        """All questions of a split. Raises InputError."""
        if split not in self._splits:
            raise InputError(f"must be one of {', '.join(self._splits)}", source="toy", field="split")
        return self._splits[split]

    def grade(self, questions: Sequence[Question], outputs: Sequence[str]) -> list[Grade]:
        """Right if the last number is the sum."""
        self.graded += len(outputs)
        return [self._grade(question, output) for question, output in zip(questions, outputs, strict=True)]

    @staticmethod
    def _grade(question: Question, output: str) -> Grade:
        numbers = re.findall(r"\d+", output)
        if not numbers:
            return Grade(UNANSWERED, None)
        return Grade(CORRECT if numbers[-1] == question.doc["answer"] else WRONG, numbers[-1])


def toy_pool(*names: str) -> Pool:
    """Models of these names (default "small" and "large"), each ten times the one before."""
    return Pool(
        name="toy", models=tuple(_card(name, 10**size) for size, name in enumerate(names or ("small", "large")))
    )


def _card(name: str, size: int) -> ModelCard:
    return ModelCard(
        name=name,
        hub_id=f"toys/{name}",
        family="toy",
        parameters=10**8 * size,
        layers=12,
        hidden_size=768,
        context_length=4096,
        price_in=0.1 * size,
        price_out=0.2 * size,
        price_date=date(2026, 1, 1),
        price_source="made up",
        prefill_speed=1000.0 / size,
        decode_speed=100.0 / size,
        licence="CC0-1.0",
    )


class ScriptedEngine:
    """Answers with `script(request)`, or raises what it raises. One token is four bytes.

    seconds: how long an answer takes. `requests` holds every request; `peak` is the most that were in flight at once.
    """

    def __init__(
        self, script: Callable[[Request], str], *, slots: int = 4, seconds: Callable[[Request], float] = lambda _: 0.0
    ) -> None:
        self.name, self.slots = "scripted/1", slots
        self.requests: list[Request] = []
        self.closed = False
        self.running = self.peak = 0
        self._script, self._seconds = script, seconds

    async def generate(self, request: Request) -> Completion:
        """See `Engine.generate`."""
        self.requests.append(request)
        self.running += 1
        self.peak = max(self.peak, self.running)
        seconds = self._seconds(request)
        try:
            await asyncio.sleep(seconds)
            text = self._script(request)
        finally:
            self.running -= 1
        return Completion(text, request.prompt.size // 4, 1 + len(text) // 4, "stop", seconds)

    async def close(self) -> None:
        """Notes that it was closed."""
        self.closed = True
