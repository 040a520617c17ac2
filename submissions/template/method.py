"""A search method in a dozen lines: hill climbing from a random graph."""

import numpy as np

from ttgbench import BudgetExhausted, Graph, Problem

PATIENCE = 100
"""Moves in a row that cost nothing, because all of it was evaluated before: then the climb is over."""


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Moves to a random neighbour whenever it scores at least as well."""
    graph = problem.space.sample(rng)
    problem.recommend(graph)
    idle = 0
    try:
        value = problem.objective.value(problem.evaluate(graph))
        while idle < PATIENCE:
            move, spent = next(problem.space.neighbours(graph, rng), graph), problem.ledger.spent
            move_value = problem.objective.value(problem.evaluate(move))
            idle = 0 if problem.ledger.spent > spent else idle + 1
            if move_value >= value:
                graph, value = move, move_value
                problem.recommend(graph)
    except BudgetExhausted:
        pass
    return graph
