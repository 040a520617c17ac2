"""The notebook of a search that looks at few questions at a time: utilities by graph and question, and the incumbent.

A graph that looks no worse than the incumbent races it: both are taken to the same questions, twice as many each time,
until it falls behind or has answered all that the incumbent has (FocusedILS: Hutter et al., ParamILS, JAIR 2009).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ttgbench.errors import BudgetExhausted
from ttgbench.evaluate.base import Evaluation
from ttgbench.graphs.graph import Graph
from ttgbench.problems.problem import Problem

PATIENCE = 10
"""Batches in a row between which nothing was evaluated that had not been: nothing new is being tried."""


class Batches:
    """size: questions of a batch; None: all, so that a race is one comparison."""

    def __init__(self, problem: Problem, rng: np.random.Generator, size: int | None = 3) -> None:
        self.problem, self._rng = problem, rng
        self._count = len(problem.questions)
        self.size = self._count if size is None else min(size, self._count)
        self.scores: dict[Graph, dict[int, float]] = {}
        """Utility by graph and question, in the order in which they were found."""
        self.best: Graph | None = None
        self._waiting: list[int] = []
        self._idle, self._news = 0, True

    @property
    def stalled(self) -> bool:
        """The last PATIENCE batches brought known graphs on known questions."""
        return self._idle >= PATIENCE

    def next(self, size: int | None = None) -> list[int]:
        """The next questions of a random permutation, which is drawn anew when it is used up."""
        self._idle, self._news = (0 if self._news else self._idle + 1), False
        size = min(self.size if size is None else size, self._count)
        if len(self._waiting) < size:
            self._waiting = self._rng.permutation(self._count).tolist()
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        return batch

    def value(self, graph: Graph, questions: Sequence[int]) -> float:
        """Mean utility on these questions; those that it did not answer yet are evaluated. Raises BudgetExhausted."""
        return self.values([graph], questions)[0]

    def values(self, graphs: Sequence[Graph], questions: Sequence[int]) -> list[float]:
        """As `value`, as one batch where the search budget covers it, else one after the other."""
        new = [graph for graph in dict.fromkeys(graphs) if not set(questions) <= self.scores.get(graph, {}).keys()]
        if len(new) > 1:
            try:
                for evaluation in self.problem.evaluate_many(new, questions):
                    self._take(evaluation, questions)
            except BudgetExhausted:
                pass
        for graph in new:
            known = self.scores.get(graph, {})
            missing = [question for question in questions if question not in known]
            if missing:
                self._take(self.problem.evaluate(graph, missing), missing)
        return [self.mean(graph, questions) for graph in graphs]

    def _take(self, evaluation: Evaluation, questions: Sequence[int]) -> None:
        seconds = np.asarray(evaluation.latency_ns, dtype=np.float64) / 1e9
        utilities = self.problem.objective.utility(np.asarray(evaluation.scores), seconds)
        self._news = True
        known = self.scores.setdefault(evaluation.graph, {})
        known.update(zip(questions, utilities.tolist(), strict=True))

    def mean(self, graph: Graph, questions: Sequence[int] | None = None) -> float:
        """Mean utility on questions that the graph has answered; default: all of them."""
        known = self.scores[graph]
        return float(np.mean([known[question] for question in (known if questions is None else questions)]))

    def race(self, graph: Graph) -> None:
        """Makes a graph that has answered something the incumbent, if it beats that. Raises BudgetExhausted."""
        if self.best is None or self.beats(graph, self.best):
            self._hold(graph)

    def beats(self, graph: Graph, holder: Graph) -> bool:
        """Whether a graph is better than another on all questions that this one has answered; evaluates what it takes.

        Raises BudgetExhausted.
        """
        if graph == holder or self.mean(graph) < self.mean(holder):
            return False
        self.value(holder, self.next())
        while True:
            known, asked = self.scores[graph], list(self.scores[holder])
            shared = [question for question in asked if question in known]
            if shared and self.mean(graph, shared) < self.mean(holder, shared):
                return False
            missing = [question for question in asked if question not in known]
            if not missing:
                return self.mean(graph, shared) > self.mean(holder, shared)
            self.value(graph, missing[: max(self.size, len(shared))])

    def _hold(self, graph: Graph) -> None:
        self.best = graph
        self.problem.recommend(graph)
