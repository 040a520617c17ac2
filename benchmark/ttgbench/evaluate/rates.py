"""How outputs relate to their prompts: echoes of it, answers in the asked format, answers that were cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ttgbench.evaluate.base import Evaluation
from ttgbench.evaluate.store.generation import Generation
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.roles import ROLES, PromptSet
from ttgbench.tasks.task import TaskCard

RUN = 6
"""So many consecutive words of the instructions in an output make it an echo: too many for chance."""

MARKS = {
    "####": "####",
    "\\boxed": "\\boxed{",
    "Answer:": "answer:",
    "answer is (": "answer is",
    "code block": "```",
}
"""What an answer format may ask for, and what an output then holds (lower case), with something behind it."""

_WORD = re.compile(r"[^\W_]+|#+|\\")


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts over the outputs of one model in one role."""

    model: str
    role: str
    informed: bool
    """Whether it read others' answers."""
    outputs: int
    echoed: int
    """Outputs that repeat RUN words of the instructions or the format. Copies of question and answers do not count."""
    followed: int | None
    """Outputs in the asked format; None where the format asks for nothing that could be looked for."""
    cut: int
    """Outputs that ended at the longest length."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with rates for counts."""
        followed = None if self.followed is None else self.followed / self.outputs
        node = {"model": self.model, "role": self.role, "informed": self.informed, "outputs": self.outputs}
        return {**node, "echoed": self.echoed / self.outputs, "followed": followed, "cut": self.cut / self.outputs}


def node_rates(evaluations: Iterable[Evaluation], store: Store, card: TaskCard, prompts: PromptSet) -> list[Rates]:
    """Of all nodes that run a model, by model, role and whether they read others; shared nodes count once."""
    kinds: dict[tuple[str, int], tuple[str, str, bool]] = {}
    questions: dict[tuple[str, int], set[str]] = {}
    for evaluation in evaluations:
        for use in evaluation.nodes:
            if use.model is not None:
                informed = bool(evaluation.graph.predecessors(use.node))
                kinds[use.key, evaluation.universe] = use.model, evaluation.graph[use.node].role, informed
                questions.setdefault((use.key, evaluation.universe), set()).update(evaluation.question_ids)
    grouped: dict[tuple[str, str, bool], list[Generation]] = {}
    for (key, universe), kind in kinds.items():
        ids = [(key, question, universe) for question in sorted(questions[key, universe])]
        grouped.setdefault(kind, []).extend(store.get_many(ids).values())
    return [_rates(kind, rows, card, prompts) for kind, rows in sorted(grouped.items()) if rows]


def echoes(text: str, role: str, card: TaskCard, prompts: PromptSet) -> bool:
    """Whether an output repeats RUN consecutive words of what its role is told besides question and answers."""
    return not _instructions(role, card.answer_format, prompts).isdisjoint(_runs(text))


def follows(text: str, card: TaskCard) -> bool | None:
    """Whether an output holds what the task's format asks for; None if that is nothing that could be looked for."""
    mark = next((mark for asked, mark in MARKS.items() if asked in card.answer_format), None)
    return None if mark is None else re.search(re.escape(mark) + r"[ \t*]*[^\s*]", text.lower()) is not None


def _rates(kind: tuple[str, str, bool], rows: Sequence[Generation], card: TaskCard, prompts: PromptSet) -> Rates:
    model, role, informed = kind
    followed = [follows(row.text, card) for row in rows]
    return Rates(
        model=model,
        role=role,
        informed=informed,
        outputs=len(rows),
        echoed=sum(echoes(row.text, role, card, prompts) for row in rows),
        followed=None if None in followed else sum(map(bool, followed)),
        cut=sum(row.finish_reason == "length" for row in rows),
    )


@cache
def _instructions(role: str, answer_format: str, prompts: PromptSet) -> frozenset[tuple[str, ...]]:
    shown = ROLES[role].prompts[prompts]
    templates = [*shown.chat.model_dump().values(), *shown.completion.model_dump().values(), "{answer_format}"]
    # Where a question or answers stand, the instructions are interrupted.
    parts = [part for text in templates if text for part in re.split(r"\{question\}|\{answers\}", text)]
    return frozenset(run for part in parts for run in _runs(part.replace("{answer_format}", answer_format)))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = [word.lower() for word in _WORD.findall(text)]
    return {tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}
