"""For methods: graphs of common shapes."""

from ttgbench.graphs.shapes import chain, layered, parallel, parallel_chains, single

__all__ = ["chain", "layered", "parallel", "parallel_chains", "single"]
