"""TextGrad over graphs, with a language model as critic and editor."""

from ttgbench.solvers.textgrad import Critic, descend


def search(problem, rng):
    """Criticism and edit from the search agent, until the search budget is spent."""
    return descend(problem, rng, Critic)
