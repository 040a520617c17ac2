"""For methods: distributions over graphs."""

from ttgbench.methods.solvers.probabilistic import Slots

__all__ = ["Slots"]
