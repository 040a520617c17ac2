"""For methods: Agent-REINFORCE and its advisers."""

from ttgbench.methods.solvers.agent_reinforce import Agent, RuleAdviser, reinforce

__all__ = ["Agent", "RuleAdviser", "reinforce"]
