"""TextGrad over graphs: one graph, criticised and rewritten by a language model."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.textgrad import by_agent


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """From a random graph, one rewriting a round, until the search budget is spent."""
    return by_agent(problem, rng)
