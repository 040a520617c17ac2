"""Gradient steps on a probabilistic graph, in turn with a language model that rewrites its tables."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.maao import alternate, by_agent


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """One REINFORCE step and one rewriting a cycle, until the search budget is spent."""
    return alternate(problem, rng, by_agent)
