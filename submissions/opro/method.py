"""An archive of the best graphs, and a language model that proposes new ones."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.opro import by_language, optimise


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Batches of graphs from the search agent, until the search budget is spent."""
    return optimise(problem, rng, by_language)
