"""A problem together with everything that answers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ttgbench.evaluate.base import Evaluator
from ttgbench.graphs.graph import Graph
from ttgbench.problems.problem import full_evaluation
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.suite import ProblemSpec, Suite
from ttgbench.problems.views import Agent
from ttgbench.tasks.task import Question, TaskCard


@dataclass(frozen=True)
class ProblemContext:
    """Made once, used by every method and seed; by every method, where seeds have their own (`Suite.variant`)."""

    suite: Suite
    spec: ProblemSpec
    card: TaskCard
    space: SearchSpace
    search_questions: Sequence[Question]
    test_questions: Sequence[Question]
    evaluator: Evaluator
    agent: Agent | None = None
    project: Callable[[Graph], Graph] | None = None
    """As `Problem` takes it."""

    @property
    def search_limit(self) -> int:
        """What a run may spend, in the ledger's metric."""
        return int(self.suite.search_evaluations * full_evaluation(self.space, len(self.search_questions)))
