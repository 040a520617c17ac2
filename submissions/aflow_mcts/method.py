"""AFlow's tree search over graph edits, with a language model as the one who edits."""

from ttgbench.solvers.aflow import Planner, grow


def search(problem, rng):
    """Grows the tree with edits from the search agent, until the search budget is spent."""
    return grow(problem, rng, Planner)
