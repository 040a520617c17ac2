"""For methods: Agent-REINFORCE, as released switch by switch (`reinforce_graphs`), and ours (`reinforce`)."""

from ttgbench.methods.solvers.agent_reinforce import Agent, RuleAdviser, reinforce
from ttgbench.methods.solvers.paper import PAPER, AgentWriter, Variant, reinforce_graphs
from ttgbench.methods.solvers.paper_rules import RuleWriter

__all__ = ["PAPER", "Agent", "AgentWriter", "RuleAdviser", "RuleWriter", "Variant", "reinforce", "reinforce_graphs"]
