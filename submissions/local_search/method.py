"""First-improvement local search with restarts."""

import numpy as np

from ttgbench import BudgetExhausted, Graph, Problem
from ttgbench.solvers.trials import Trials

PATIENCE = 30
"""Moves in a row that were no better, after which the search starts anew."""
STARTS = 4
"""Random graphs of which the best is the start."""


def climb(trials: Trials, rng: np.random.Generator) -> None:
    """From the best of a few random graphs to one whose neighbours, as far as they were looked at, are no better."""
    space = trials.problem.space
    starts = [space.sample(rng) for _ in range(STARTS)]
    value, _, graph = max((trials.value(start), -i, start) for i, start in enumerate(starts))
    failures = 0
    while failures < PATIENCE:
        move = trials.neighbour(graph, rng)
        if move is None:
            return
        move_value = trials.value(move)
        failures += 1
        if move_value > value:
            graph, value, failures = move, move_value, 0


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Climbs until the search budget is spent or nothing new is found."""
    trials = Trials(problem)
    try:
        while not trials.stalled:
            climb(trials, rng)
    except BudgetExhausted:
        pass
    return trials.answer
