"""ADAS' meta agent search: a language model designs graph after graph, in view of an archive of all."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.adas import meta_agent_search


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Well-known designs, then one new design after the other, until the search budget is spent."""
    return meta_agent_search(problem, rng)
