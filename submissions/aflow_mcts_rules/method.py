"""AFlow's tree search over graph edits without a language model: the edits come from rules."""

from ttgbench.solvers.aflow import grow


def search(problem, rng):
    """Grows the tree with edits by rule, until the search budget is spent."""
    return grow(problem, rng, lambda rules: rules)
