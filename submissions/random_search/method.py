"""Random search: the null that a search method must beat at equal spend."""

import numpy as np

from ttgbench import BudgetExhausted, Graph, Problem
from ttgbench.solvers.trials import Trials


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Evaluates random graphs on all search questions until so many in a row are too dear for what is left."""
    trials, too_dear = Trials(problem), 0
    try:
        while not trials.stalled and too_dear < trials.patience:
            graph = problem.space.sample(rng)
            if problem.can_afford(graph):
                trials.value(graph)
                too_dear = 0
            else:
                too_dear += 1
    except BudgetExhausted:
        pass
    return trials.answer
