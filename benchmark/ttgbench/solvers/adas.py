"""For methods: meta agent search over an archive of designs."""

from ttgbench.methods.solvers.adas import meta_agent_search

__all__ = ["meta_agent_search"]
