"""GPTSwarm's REINFORCE with the settings that arXiv 2511.00086's code gives it as a baseline."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.gptswarm import as_released


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """One step a round, until the search budget is spent; returns the read-out."""
    return as_released(problem, rng)
