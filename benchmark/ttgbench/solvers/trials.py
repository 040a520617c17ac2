"""For methods: values by graph, the incumbent, when to stop."""

from ttgbench.methods.solvers.trials import Trials

__all__ = ["Trials"]
