"""Sequential refinement at matched budget: chains of one model, of every depth that the budget allows."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.baselines import best_candidate, smallest_first
from ttgbench.shapes import chain


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Evaluates all chains and keeps the best; a longer chain costs its last node alone, the rest is known."""
    space = problem.space
    depths = range(1, min(space.max_nodes, space.max_depth) + 1)
    return best_candidate(problem, (chain(card.name, depth) for card in smallest_first(problem) for depth in depths))
