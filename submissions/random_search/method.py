"""Random search: the null that a search method must beat at equal spend."""

from ttgbench import BudgetExhausted
from ttgbench.solvers.trials import Trials


def search(problem, rng):
    """Evaluates random graphs on all search questions until the budget is spent."""
    trials = Trials(problem)
    try:
        while not trials.stalled:
            trials.value(problem.space.sample(rng))
    except BudgetExhausted:
        pass
    return trials.answer
