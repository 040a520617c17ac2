"""Exhaustive search: every graph once, by number of nodes."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.baselines import best_candidate


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Goes through the space in the order of its enumeration and keeps the best."""
    return best_candidate(problem, problem.space.enumerate(limit=10**9))
