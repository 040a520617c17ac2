"""Regularized evolution: tournament, mutation, and death by age."""

from collections import deque

import numpy as np

from ttgbench import BudgetExhausted, Graph, Problem
from ttgbench.solvers.trials import Trials

POPULATION = 16
TOURNAMENT = 5


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Fills the population at random, then replaces its oldest member by a mutant of a good one, again and again."""
    trials = Trials(problem)
    population: deque[tuple[Graph, float]] = deque()
    try:
        while len(population) < POPULATION:
            graph = problem.space.sample(rng)
            population.append((graph, trials.value(graph)))
        while not trials.stalled:
            members = rng.choice(len(population), size=min(TOURNAMENT, len(population)), replace=False)
            parent, _ = max((population[i] for i in sorted(members)), key=lambda member: member[1])
            child = trials.neighbour(parent, rng) or problem.space.sample(rng)
            population.append((child, trials.value(child)))
            population.popleft()
    except BudgetExhausted:
        pass
    return trials.answer
