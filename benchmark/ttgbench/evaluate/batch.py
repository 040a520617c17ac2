"""The bookkeeping of one batch of generations: what waits for what, and which texts are still needed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ttgbench.evaluate.store.generation import Generation, GenerationId
from ttgbench.tasks.task import Question


@dataclass(frozen=True, slots=True)
class Step:
    """One distinct node of a batch of graphs."""

    key: str
    role: str
    model: str | None
    """None: a vote, computed here."""
    inputs: tuple[str, ...]
    """Keys of the predecessors, sorted: the order in which their outputs enter the prompt."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one evaluation needs: every step on every question where `missing` is set."""

    steps: Sequence[Step]
    """Inputs before what takes them; keys are distinct."""
    questions: Sequence[Question]
    universe: int
    missing: NDArray[np.bool_]
    """Shape (steps, questions). The rest is recorded."""
    seen: int = 0
    """`Executor.recorded` before it was found out what is missing."""


class Batch:
    """The state of one Work under way. Must be made inside a running event loop."""

    def __init__(self, work: Work, number: int) -> None:
        self.work, self.number = work, number
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.tokens = np.zeros((2, *work.missing.shape), dtype=np.int64)
        self.missing = work.missing.copy()
        """What has not been delivered yet."""
        self.left = int(work.missing.sum())
        self._step = {step.key: position for position, step in enumerate(work.steps)}
        self._question = {question.id: position for position, question in enumerate(work.questions)}
        self.inputs = [[self._step[key] for key in step.inputs] for step in work.steps]
        self.consumers: list[list[int]] = [[] for _ in work.steps]
        self.waiting = np.zeros(work.missing.shape, dtype=np.int32)
        self.uses = np.zeros(work.missing.shape, dtype=np.int32)
        for step, sources in enumerate(self.inputs):
            for source in sources:
                self.consumers[source].append(step)
                self.waiting[step] += work.missing[source]
                self.uses[source] += work.missing[step]
        self.heights = [0] * len(work.steps)
        for step in reversed(range(len(work.steps))):
            self.heights[step] = 1 + max((self.heights[after] for after in self.consumers[step]), default=0)
        self.texts: dict[tuple[int, int], str] = {}

    def recorded_inputs(self) -> dict[GenerationId, tuple[int, int]]:
        """Recorded generations that missing ones take."""
        found = np.argwhere((self.uses > 0) & ~self.work.missing).tolist()
        return {self.id(step, question): (step, question) for step, question in found}

    def id(self, step: int, question: int) -> GenerationId:
        return self.work.steps[step].key, self.work.questions[question].id, self.work.universe

    def missing_ids(self) -> list[GenerationId]:
        return [self.id(step, question) for step, question in np.argwhere(self.missing).tolist()]

    def order(self, step: int, question: int) -> tuple[int, int, int, int]:
        """Older batches first, then the longest way to go, then question by question: replicas share their prompt."""
        return self.number, -self.heights[step], question, step

    def roots(self) -> list[list[int]]:
        return np.argwhere(self.missing & (self.waiting == 0)).tolist()

    def outputs(self, step: int, question: int) -> list[str]:
        """What the predecessors said, in key order."""
        return [self.texts[source, question] for source in self.inputs[step]]

    def deliver(self, generation: Generation) -> list[tuple[int, int]]:
        """Takes a recorded generation, if it is one of those that are missing; returns what is ready now.

        It may come before its inputs, from a batch that was ahead.
        """
        step, question = self._step.get(generation.node_key), self._question.get(generation.question_id)
        if step is None or question is None or generation.universe != self.work.universe:
            return []
        if not self.missing[step, question]:
            return []
        self.missing[step, question] = False
        self.tokens[0, step, question] = generation.tokens_in + generation.retried_tokens_in
        self.tokens[1, step, question] = generation.tokens_out + generation.retried_tokens_out
        for source in self.inputs[step]:
            self.uses[source, question] -= 1
            if not self.uses[source, question]:
                self.texts.pop((source, question), None)
        if self.uses[step, question]:
            self.texts[step, question] = generation.text
        self.left -= 1
        if not self.left:
            self.finished.set_result(None)
        ready = []
        for after in self.consumers[step]:
            self.waiting[after, question] -= 1
            if self.missing[after, question] and not self.waiting[after, question]:
                ready.append((after, question))
        return ready
