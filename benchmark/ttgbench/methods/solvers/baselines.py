"""What the simplest methods share: evaluate candidates in order, keep the best."""

from __future__ import annotations

from collections.abc import Iterable

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import Aggregator, parallel, single
from ttgbench.models.pool import ModelCard
from ttgbench.problems.problem import Problem
from ttgbench.problems.space.space import SearchSpace


def best_candidate(problem: Problem, graphs: Iterable[Graph]) -> Graph:
    """Evaluates every graph that the space allows on all search questions, in order, and returns the best.

    Ties go to the earlier graph. Stops early when the search budget is spent. Raises InputError if the space allows
    none of them.
    """
    best, best_value = None, float("-inf")
    for graph in graphs:
        if problem.space.contains(graph) is not None:
            continue
        if best is None:
            best = graph
            problem.recommend(graph)
        try:
            value = problem.objective.value(problem.evaluate(graph))
        except BudgetExhausted:
            break
        if value > best_value:
            best, best_value = graph, value
            problem.recommend(graph)
    if best is None:
        raise InputError("no candidate graph is in the search space", field="graphs")
    return best


def widest(space: SearchSpace, model: str, sink: Aggregator, sink_model: str | None = None) -> Graph:
    """As many samples of a model as the space allows, put together by a vote or a fuser, as `parallel` does.

    The model alone where the space has no such sink or no room for two samples.
    """
    if sink in space.roles:
        for samples in range(min(space.max_nodes - 1, space.max_width, space.max_in_degree), 1, -1):
            graph = parallel(model, samples, sink, sink_model)
            if space.contains(graph) is None:
                return graph
    return single(model)


def smallest_first(problem: Problem) -> list[ModelCard]:
    """The pool's models by number of parameters, then name."""
    return sorted(problem.space.pool, key=lambda card: (card.parameters, card.name))
