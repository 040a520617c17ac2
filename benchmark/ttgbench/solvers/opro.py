"""For methods: an archive of graphs and those who propose new ones."""

from ttgbench.methods.solvers.opro import by_language, by_rules, optimise

__all__ = ["by_language", "by_rules", "optimise"]
