"""Prompts: what a node's model is shown. Pure: a role's templates, the task's answer format and examples, the question.

Chat models get the examples as earlier turns; base models get them as text to continue. In both, what all nodes share
on a question (format, examples) comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ttgbench.engines.base import Message, Prompt
from ttgbench.graphs.roles import LATEST, ROLES, PromptSet
from ttgbench.models.pool import ModelCard
from ttgbench.tasks.task import Question, TaskCard


def render(
    role: str,
    task: TaskCard,
    question: Question,
    outputs: Sequence[str],
    card: ModelCard,
    prompts: PromptSet = LATEST,
) -> Prompt:
    """The prompt of one node on one question.

    outputs: the predecessors' raw outputs in key order; empty for a node that answers alone. prompts: a set that the
    role has.
    """
    if "completion" in (card.prompting, task.prompting):
        text = _completion_prefix(task) + _filled(role, prompts, "completion", task, question.text, outputs)
        return Prompt(text=text)
    asked = Message("user", _filled(role, prompts, "chat", task, question.text, outputs))
    messages = (*_chat_prefix(role, prompts, task), asked)
    return Prompt(messages=messages)


def _filled(role: str, prompts: PromptSet, kind: str, task: TaskCard, question: str, outputs: Sequence[str]) -> str:
    templates = getattr(ROLES[role].prompts[prompts], kind)
    template: str = templates.informed if outputs else templates.alone
    answers = "\n".join(f"[{number}] {output.strip() or '(no answer)'}" for number, output in enumerate(outputs, 1))
    return template.format(question=question, answers=answers, answer_format=task.answer_format).strip()


@cache
def _chat_prefix(role: str, prompts: PromptSet, task: TaskCard) -> tuple[Message, ...]:
    system = ROLES[role].prompts[prompts].chat.system
    turns = [Message(*turn) for asked, said in task.fewshot for turn in (("user", asked), ("assistant", said))]
    if system is None:
        return tuple(turns)
    text = system.format(question="", answers="", answer_format=task.answer_format).strip()
    return (Message("system", text), *turns)


@cache
def _completion_prefix(task: TaskCard) -> str:
    examples = "".join(f"Question: {asked}\nAnswer: {said}\n\n" for asked, said in task.fewshot)
    return f"{task.answer_format}\n\n{examples}" if task.answer_format else examples
