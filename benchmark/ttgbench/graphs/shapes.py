"""Named shapes: the collaboration graphs that the literature compares, as constructors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from ttgbench.errors import InputError
from ttgbench.graphs.graph import MAX_NODES, Graph, Node

Aggregator = Literal["vote", "fuser"]


def single(model: str) -> Graph:
    """One assistant alone."""
    return Graph([Node("a1", "assistant", model)])


def parallel(model: str, k: int, sink: Aggregator = "vote", sink_model: str | None = None) -> Graph:
    """k samples of one model, put together by a vote (self-consistency, Wang et al. 2023) or by a fuser.

    sink_model: the fuser's model, by default the samples' own. Raises InputError.
    """
    return parallel_chains(model, _count("k", k), 1, sink, sink_model)


def chain(model: str, depth: int) -> Graph:
    """Sequential refinement: each of `depth` assistants improves on the one before. Raises InputError."""
    ids = [f"a{step + 1}" for step in range(_count("depth", depth))]
    return Graph([Node(i, "assistant", model) for i in ids], pairwise(ids))


def parallel_chains(
    model: str, width: int, depth: int, sink: Aggregator = "vote", sink_model: str | None = None
) -> Graph:
    """`width` chains of `depth` refinements each, put together at the end: width x depth of arXiv 2511.00086.

    The sink comes on top: width * depth + 1 nodes. Raises InputError.
    """
    if _count("width", width) * _count("depth", depth) >= MAX_NODES:
        raise InputError(f"{width} x {depth} nodes and a sink are more than {MAX_NODES}", field="width")
    if sink not in ("vote", "fuser"):
        raise InputError(f"must be 'vote' or 'fuser', not {sink!r}", field="sink")
    if sink == "vote" and sink_model is not None:
        raise InputError("a vote runs no model; leave it out or use sink='fuser'", field="sink_model")
    last = Node(sink, sink, None if sink == "vote" else sink_model or model)
    steps = [""] if depth == 1 else [f".{step + 1}" for step in range(depth)]
    rows = [[f"a{row + 1}{step}" for step in steps] for row in range(width)]
    nodes = [Node(i, "assistant", model) for row in rows for i in row]
    edges = [edge for row in rows for edge in zip(row, [*row[1:], sink], strict=True)]
    return Graph([*nodes, last], edges)


def layered(models_per_layer: Sequence[Sequence[str]], aggregator: str) -> Graph:
    """Mixture of agents (Wang et al., arXiv 2406.04692): each node reads all of the layer before, one fuser ends it.

    models_per_layer: the models of each layer, first the assistants that answer, then layers of fusers;
    aggregator: the model of the last fuser. Raises InputError.
    """
    if not models_per_layer or any(isinstance(layer, str) or not layer for layer in models_per_layer):
        raise InputError("needs at least one layer, each a list of at least one model", field="models_per_layer")
    nodes: list[Node] = []
    edges: list[tuple[str, str]] = []
    before: list[str] = []
    for i, layer in enumerate([*models_per_layer, [aggregator]]):
        prefix, role = ("a", "assistant") if i == 0 else (f"f{i}.", "fuser")
        ids = [f"{prefix}{j + 1}" for j in range(len(layer))] if i < len(models_per_layer) else ["fuser"]
        nodes += [Node(node_id, role, model) for node_id, model in zip(ids, layer, strict=True)]
        edges += [(source, target) for target in ids for source in before]
        before = ids
    return Graph(nodes, edges)


def _count(field: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_NODES:
        raise InputError(f"must be a whole number from 1 to {MAX_NODES}, not {value!r}", field=field)
    return value
