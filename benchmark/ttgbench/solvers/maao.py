"""For methods: gradient steps in turn with rewritten tables; and, for archived methods, what this name held before."""

from ttgbench.methods.solvers.maao import alternate, by_agent, by_best
from ttgbench.methods.solvers.opro import by_language, by_rules, optimise

__all__ = ["alternate", "by_agent", "by_best", "by_language", "by_rules", "optimise"]
