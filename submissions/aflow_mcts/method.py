"""AFlow's tree search over graph edits, with a language model as the one who edits."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.aflow import Planner, grow


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Grows the tree with edits from the search agent, until the search budget is spent."""
    return grow(problem, rng, Planner)
