"""Random search: the null that a search method must beat at equal spend."""

from ttgbench import BudgetExhausted, Graph

PATIENCE = 100
"""Draws in a row that were all seen before: the space is as good as exhausted."""


def search(problem, rng) -> Graph:
    """Evaluates random graphs on all search questions until the budget is spent."""
    best, best_value, seen = None, float("-inf"), set()
    repeats = 0
    while repeats < PATIENCE:
        graph = problem.space.sample(rng)
        if graph.key in seen:
            repeats += 1
            continue
        repeats = 0
        seen.add(graph.key)
        try:
            value = problem.objective.value(problem.evaluate(graph))
        except BudgetExhausted:
            break
        if value > best_value:
            best, best_value = graph, value
            problem.recommend(best)
    return best if best is not None else graph
