"""Successive halving: many random graphs on few questions, the better part of them on more, one of them on all."""

import numpy as np

from ttgbench import BudgetExhausted, Graph, Problem
from ttgbench.solvers.trials import Trials

ETA = 3
"""Each rung keeps 1 in ETA graphs and asks ETA times as many questions."""
RUNGS = 3


def bracket(trials: Trials, rng: np.random.Generator) -> bool:
    """One bracket: ETA ** (RUNGS - 1) new graphs come in, the best of them is evaluated on all questions."""
    problem = trials.problem
    order = rng.permutation(len(problem.questions)).tolist()
    drawn = (problem.space.sample(rng) for _ in range(ETA ** (RUNGS - 1)))
    field = [graph for graph in dict.fromkeys(drawn) if graph not in trials.values]
    for rung in reversed(range(1, RUNGS)):
        count = max(1, len(order) // ETA**rung)
        scored = [(problem.objective.value(problem.evaluate(graph, order[:count])), graph) for graph in field]
        scored.sort(key=lambda entry: -entry[0])
        field = [graph for _, graph in scored[: ETA ** (rung - 1)]]
    trials.values_of(field)
    return bool(field)


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Runs brackets until the search budget is spent or no new graphs turn up."""
    trials, idle = Trials(problem), 0
    try:
        while idle < 10:
            idle = 0 if bracket(trials, rng) else idle + 1
    except BudgetExhausted:
        pass
    return trials.answer
