"""Best of n at matched budget: n samples of one model, and a fuser of any model that picks from them."""

from itertools import product

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.baselines import best_candidate, smallest_first, widest


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Evaluates the widest graph of every pair of models and keeps the best."""
    names = [card.name for card in smallest_first(problem)]
    pairs = product(names, names)
    graphs = dict.fromkeys(widest(problem.space, model, "fuser", judge) for judge, model in pairs)
    return best_candidate(problem, graphs)
