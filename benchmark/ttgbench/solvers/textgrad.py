"""For methods: one graph, criticised and rewritten."""

from ttgbench.methods.solvers.textgrad import Critic, descend

__all__ = ["Critic", "descend"]
