"""Gradient steps on a probabilistic graph, in turn with a language model that rewrites its tables."""

from ttgbench.solvers.maao import alternate, by_agent


def search(problem, rng):
    """One REINFORCE step and one rewriting a cycle, until the search budget is spent."""
    return alternate(problem, rng, by_agent)
