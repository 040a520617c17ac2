"""TextGrad's loop over graphs without a language model: the edits come from rules."""

from ttgbench.solvers.textgrad import descend


def search(problem, rng):
    """Edits by rule, until the search budget is spent."""
    return descend(problem, rng, lambda rules: rules)
