"""An archive of the best graphs, and rules that propose edits of them."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.opro import by_rules, optimise


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Batches of edits by rule, until the search budget is spent."""
    return optimise(problem, rng, by_rules)
