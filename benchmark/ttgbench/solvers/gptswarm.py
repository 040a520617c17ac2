"""For methods: REINFORCE on a probabilistic graph."""

from ttgbench.methods.solvers.gptswarm import as_released

__all__ = ["as_released"]
