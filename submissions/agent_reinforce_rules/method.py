"""Agent-REINFORCE in the paper's profile without a language model: edits by rules that state the three insights."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.agent_reinforce import RuleWriter, reinforce_graphs


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Figures, mix, pre-tests, then one edit a round, until the search budget is spent."""
    return reinforce_graphs(problem, rng, RuleWriter())
