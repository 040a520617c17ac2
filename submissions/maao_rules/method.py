"""Gradient steps on a probabilistic graph, in turn with a jump towards the best graph drawn."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.maao import alternate, by_best


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """One REINFORCE step and one jump a cycle, until the search budget is spent."""
    return alternate(problem, rng, by_best)
