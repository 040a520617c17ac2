"""TextGrad's loop over graphs without a language model: random edits of the best graph."""

from ttgbench.solvers.textgrad import by_chance


def search(problem, rng):
    """From a random graph, one edit a round, until the search budget is spent."""
    return by_chance(problem, rng)
