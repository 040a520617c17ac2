"""What a search method sees of questions and task, and the search agent that it may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ttgbench.models.pool import ModelCard
from ttgbench.problems.arguments import Messages, Schema


@dataclass(frozen=True, slots=True)
class QuestionView:
    """What a search method sees of a question: never its reference answer."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The search agent's answer to one `ask`."""

    text: str
    tokens_in: int
    """Failed attempts included, as in `tokens_out`: all of it is billed."""
    tokens_out: int


class Agent(Protocol):
    """The language model behind `problem.ask`. It counts tokens; what they cost is the problem's business."""

    @property
    def card(self) -> ModelCard:
        """Prices and size by which its tokens are billed."""
        ...

    def worst_case(self, messages: Messages) -> tuple[int, int]:
        """The most tokens in and out that one call can take."""
        ...

    def ask(self, messages: Messages, schema: Schema | None, universe: int, repeat: int) -> Reply:
        """The reply. universe: the run's; repeat: how often the run asked exactly this before.

        Deterministic in its arguments once recorded. Raises EngineError, MissingGeneration.
        """
        ...


@dataclass(frozen=True, slots=True)
class TaskView:
    """What a search method may know of the task."""

    name: str
    domain: str
    description: str
    max_tokens: int
