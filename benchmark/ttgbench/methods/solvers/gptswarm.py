"""GPTSwarm's REINFORCE (Zhuge et al., arXiv 2402.16823) as the code of arXiv 2511.00086 runs it as a baseline.

Each round draws one graph for each of three questions and climbs the gradient of the log-likelihood weighted by what
the answers were worth. What is returned is read out of the distribution: it was not evaluated.
"""

from __future__ import annotations

import numpy as np

from ttgbench.errors import BudgetExhausted
from ttgbench.graphs.graph import Graph
from ttgbench.methods.solvers.batches import Batches
from ttgbench.methods.solvers.frame import Frame
from ttgbench.methods.solvers.mixes import node_budget
from ttgbench.methods.solvers.policy import READ_OUT, Policy
from ttgbench.methods.solvers.trials import first_guess
from ttgbench.problems.problem import Problem

BATCH = 3
ROUNDS = 200
"""The released command's help text names 200 rounds; its default is 10."""


def as_released(problem: Problem, rng: np.random.Generator, rounds: int = ROUNDS) -> Graph:
    """Rounds of one step each, until the search budget is spent; returns the last read-out."""
    budget = node_budget(problem.space)
    if budget is None:
        return first_guess(problem)
    policy = Policy(Frame(problem.space, budget, budget.limit))
    answer = hold(problem, policy, rng) or first_guess(problem)
    batches = Batches(problem, rng, BATCH)
    try:
        for _ in range(rounds):
            if batches.stalled:
                break
            learn(policy, batches, rng)
            answer = hold(problem, policy, rng) or answer
    except BudgetExhausted:
        pass
    return answer


def learn(policy: Policy, batches: Batches, rng: np.random.Generator) -> None:
    """One round: a fresh graph for each of the next questions, and a step. Raises BudgetExhausted."""
    samples, rewards, tables = [], [], policy.tables
    for question in batches.next(BATCH):
        sample = policy.frame.draw(tables, rng)
        graph = policy.frame.graph(sample, rng)
        if graph is not None:
            samples.append(sample)
            rewards.append(batches.value(graph, [question]))
    if samples:
        policy.step(samples, rewards)


def hold(problem: Problem, policy: Policy, rng: np.random.Generator) -> Graph | None:
    """The read-out, recommended; None where none of it is in the space."""
    graph = policy.frame.likeliest(policy.tables, rng, READ_OUT)
    if graph is not None:
        problem.recommend(graph)
    return graph
