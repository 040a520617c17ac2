"""For methods: one graph, criticised and rewritten, without insights (`rewrite`) and with (`descend`)."""

from ttgbench.methods.solvers.textgrad import Critic, by_agent, by_chance, descend, rewrite

__all__ = ["Critic", "by_agent", "by_chance", "descend", "rewrite"]
