"""The best single model on the search questions: the baseline that every graph must beat."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.baselines import best_candidate, smallest_first
from ttgbench.shapes import single


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Evaluates each model alone and keeps the best."""
    return best_candidate(problem, (single(card.name) for card in smallest_first(problem)))
