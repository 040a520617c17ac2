"""An archive of the best graphs, and rules that propose edits of them."""

from ttgbench.solvers.opro import by_rules, optimise


def search(problem, rng):
    """Batches of edits by rule, until the search budget is spent."""
    return optimise(problem, rng, by_rules)
