"""An archive of the best graphs, and a language model that proposes new ones."""

from ttgbench.solvers.opro import by_language, optimise


def search(problem, rng):
    """Batches of graphs from the search agent, until the search budget is spent."""
    return optimise(problem, rng, by_language)
