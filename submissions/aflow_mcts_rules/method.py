"""AFlow's tree search over graph edits without a language model: the edits come from rules."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.aflow import grow


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Grows the tree with edits by rule, until the search budget is spent."""
    return grow(problem, rng, lambda rules: rules)
