"""GPTSwarm's REINFORCE with the settings that arXiv 2511.00086's code gives it as a baseline."""

from ttgbench.solvers.gptswarm import as_released


def search(problem, rng):
    """One step a round, until the search budget is spent; returns the read-out."""
    return as_released(problem, rng)
