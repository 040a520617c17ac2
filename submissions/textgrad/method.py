"""TextGrad over graphs: one graph, criticised and rewritten by a language model."""

from ttgbench.solvers.textgrad import by_agent


def search(problem, rng):
    """From a random graph, one rewriting a round, until the search budget is spent."""
    return by_agent(problem, rng)
