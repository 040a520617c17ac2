"""Our version of Agent-REINFORCE: a probabilistic graph moved by the textual gradients of a language model alone."""

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.solvers.agent_reinforce import Agent, RuleAdviser, reinforce


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Pre-tests, then advice and sampling, until the search budget is spent."""
    return reinforce(problem, rng, lambda rules: Agent(RuleAdviser(rules)), elite=False)
