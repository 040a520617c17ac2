"""TextGrad's loop over graphs without a language model: random edits of the best graph."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.textgrad import by_chance


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """From a random graph, one edit a round, until the search budget is spent."""
    return by_chance(problem, rng)
