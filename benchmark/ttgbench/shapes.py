"""Graphs of common shapes, by name.

>>> import ttgbench
>>> graph = ttgbench.shapes.mixture_of_agents(3, aggregator="smollm2-135m")
>>> len(graph.nodes), graph.depth
(4, 2)
"""

from ttgbench.graphs.shapes import (
    chain,
    debate,
    layered,
    mixture_of_agents,
    parallel,
    parallel_chains,
    self_consistency,
    single,
)

__all__ = [
    "chain",
    "debate",
    "layered",
    "mixture_of_agents",
    "parallel",
    "parallel_chains",
    "self_consistency",
    "single",
]
