"""The notebook of a search: which graphs were tried, what they are worth, and which one is best so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import single
from ttgbench.methods.solvers.baselines import smallest_first
from ttgbench.problems.problem import Problem

PATIENCE = 100
"""Tries in a row that cost nothing: the space is as good as exhausted."""


class Trials:
    """Values on all search questions, each graph evaluated once; the best is recommended as soon as it is found.

    `values` keeps the order in which graphs were tried. Ties go to the earlier graph.
    """

    def __init__(self, problem: Problem, patience: int = PATIENCE) -> None:
        self.problem, self.patience = problem, patience
        self.values: dict[Graph, float] = {}
        self.best: Graph | None = None
        self.best_value = float("-inf")
        self._moves: dict[Graph, Iterator[Graph]] = {}
        self._tries_for_nothing, self._spent = 0, problem.ledger.spent

    @property
    def stalled(self) -> bool:
        """The last `patience` tries cost nothing: known graphs, or new ones made of known nodes."""
        return self._tries_for_nothing >= self.patience

    @property
    def answer(self) -> Graph:
        """What to return: the best graph found, or `first_guess` if none could be evaluated."""
        return first_guess(self.problem) if self.best is None else self.best

    @property
    def share_spent(self) -> float:
        """Part of the search budget that is gone, 0 to 1; 0 where there is no limit."""
        ledger = self.problem.ledger
        return ledger.spent / ledger.limit if ledger.limit else 0.0

    def value(self, graph: Graph) -> float:
        """What the graph is worth on all search questions. Raises BudgetExhausted, InputError (not in the space)."""
        value = self.values.get(graph)
        if value is None:
            value = self.problem.objective.value(self.problem.evaluate(graph))
            self.note(graph, value)
        spent = self.problem.ledger.spent
        self._tries_for_nothing = self._tries_for_nothing + 1 if spent == self._spent else 0
        self._spent = spent
        return value

    def note(self, graph: Graph, value: float) -> None:
        """Takes over a value on all search questions that was found otherwise."""
        self.values[graph] = value
        if self.best is None or value > self.best_value:
            self.best, self.best_value = graph, value
            self.problem.recommend(graph)

    def values_of(self, graphs: Iterable[Graph]) -> list[float]:
        """As `value`, what is new as one batch where the search budget covers it, else one after the other."""
        graphs = list(graphs)
        new = list(dict.fromkeys(graph for graph in graphs if graph not in self.values))
        if len(new) > 1:
            try:
                evaluations = self.problem.evaluate_many(new)
            except BudgetExhausted:
                pass
            else:
                for graph, evaluation in zip(new, evaluations, strict=True):
                    self.note(graph, self.problem.objective.value(evaluation))
        return [self.value(graph) for graph in graphs]

    def top(self, count: int) -> list[tuple[Graph, float]]:
        """The best so far with their values, best first."""
        return sorted(self.values.items(), key=lambda entry: -entry[1])[:count]

    def neighbour(self, graph: Graph, rng: np.random.Generator) -> Graph | None:
        """A random graph one move away that was not tried yet; None if all were. No move is looked at twice."""
        if graph not in self._moves:
            self._moves[graph] = self.problem.space.neighbours(graph, rng)
        return next((move for move in self._moves[graph] if move not in self.values), None)


def first_guess(problem: Problem) -> Graph:
    """The largest model that the budget allows, alone. Raises InputError where the space holds no single assistant."""
    for card in reversed(smallest_first(problem)):
        graph = single(card.name)
        if problem.space.contains(graph) is None:
            return graph
    raise InputError("the space holds no single assistant", field="space")
