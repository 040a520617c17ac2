"""For methods: what the baselines share."""

from ttgbench.methods.solvers.baselines import best_candidate, smallest_first, widest

__all__ = ["best_candidate", "smallest_first", "widest"]
