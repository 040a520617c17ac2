"""Regularized evolution: tournament, mutation, and death by age."""

from collections import deque

from ttgbench import BudgetExhausted
from ttgbench.solvers.trials import Trials

POPULATION = 16
TOURNAMENT = 5


def search(problem, rng):
    """Fills the population at random, then replaces its oldest member by a mutant of a good one, again and again."""
    trials, population = Trials(problem), deque()
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
