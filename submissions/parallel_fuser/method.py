"""The fusing kind of parallel sampling at matched budget: k samples of one model into a fuser of the same model."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.baselines import best_candidate, smallest_first, widest


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Evaluates the widest graph of each model and keeps the best."""
    return best_candidate(problem, (widest(problem.space, card.name, "fuser") for card in smallest_first(problem)))
