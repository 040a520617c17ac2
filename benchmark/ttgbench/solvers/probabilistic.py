"""For methods: distributions over graphs."""

from ttgbench.methods.solvers.probabilistic import Draw, Slots

__all__ = ["Draw", "Slots"]
