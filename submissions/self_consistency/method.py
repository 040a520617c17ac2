"""Self-consistency at matched budget: k samples of one model into a vote, k as large as the budget allows."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.baselines import best_candidate, smallest_first, widest


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Evaluates the widest graph of each model and keeps the best; the model alone where there is no vote."""
    return best_candidate(problem, (widest(problem.space, card.name, "vote") for card in smallest_first(problem)))
