"""Agent-REINFORCE in the paper's profile: a language model picks the mix, writes graphs and moves their tables."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.agent_reinforce import AgentWriter, reinforce_graphs


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Figures, mix, pre-tests, then one graph a round, until the search budget is spent."""
    return reinforce_graphs(problem, rng, AgentWriter())
