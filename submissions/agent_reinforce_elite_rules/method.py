"""Our version of Agent-REINFORCE without a language model: gradients by rules that state the three insights."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.agent_reinforce import RuleAdviser, reinforce


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Pre-tests, then advice, sampling and update, until the search budget is spent."""
    return reinforce(problem, rng, RuleAdviser)
