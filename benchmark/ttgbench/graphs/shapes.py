"""Named shapes: the collaboration graphs that the literature compares, as constructors.

`NAMED` holds those that a model, a width and a depth decide: what `ttgbench graph new` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, product
from types import MappingProxyType
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


def self_consistency(model: str, k: int) -> Graph:
    """k samples of one model in a vote (Wang et al. 2023, arXiv 2203.11171). Raises InputError.

    >>> self_consistency("smollm2-135m", 5).role_counts
    {'assistant': 5, 'vote': 1}
    """
    return parallel(model, k)


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
    last = _sink(sink, sink_model, model)
    steps = [""] if depth == 1 else [f".{step + 1}" for step in range(depth)]
    rows = [[f"a{row + 1}{step}" for step in steps] for row in range(width)]
    nodes = [Node(i, "assistant", model) for row in rows for i in row]
    edges = [edge for row in rows for edge in zip(row, [*row[1:], sink], strict=True)]
    return Graph([*nodes, last], edges)


def mixture_of_agents(proposers: int | Sequence[str], *, aggregator: str, layers: int = 1) -> Graph:
    """Mixture of agents (Wang et al., arXiv 2406.04692): `layers` layers of the same models, then one fuser.

    proposers: the models of a layer, or how many copies of the aggregator's. The first layer answers; each node of a
    later one reads all of the layer before. Raises InputError.

    >>> mixture_of_agents(["smollm2-135m", "gemma-3-270m"], aggregator="smollm2-135m", layers=2).role_counts
    {'assistant': 2, 'fuser': 3}
    """
    if isinstance(proposers, int):
        proposers = [aggregator] * _count("proposers", proposers)
    if _count("layers", layers) * len(proposers) >= MAX_NODES:
        raise InputError(f"{layers} x {len(proposers)} nodes and a fuser are more than {MAX_NODES}", field="layers")
    return layered([proposers] * layers, aggregator)


def debate(models: Sequence[str], rounds: int = 2, sink: Aggregator = "vote", sink_model: str | None = None) -> Graph:
    """Multi-agent debate (Du et al., arXiv 2305.14325): each round reads all answers of the round before.

    The last answers go into a vote, or into a fuser of `sink_model`, by default the first model. Raises InputError.

    >>> debate(["smollm2-135m", "gemma-3-270m"], rounds=2).depth
    3
    """
    if isinstance(models, str) or not models:
        raise InputError("needs a list of at least one model", field="models")
    if _count("rounds", rounds) * len(models) >= MAX_NODES:
        raise InputError(f"{rounds} x {len(models)} nodes and a sink are more than {MAX_NODES}", field="rounds")
    steps = [[f"a{j + 1}.{i + 1}" for j in range(len(models))] for i in range(rounds)]
    nodes = [Node(node_id, "assistant", model) for step in steps for node_id, model in zip(step, models, strict=True)]
    edges = [edge for before, after in pairwise([*steps, [str(sink)]]) for edge in product(before, after)]
    return Graph([*nodes, _sink(sink, sink_model, models[0])], edges)


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


def _sink(sink: Aggregator, model: str | None, default: str) -> Node:
    if sink not in ("vote", "fuser"):
        raise InputError(f"must be 'vote' or 'fuser', not {sink!r}", field="sink")
    if sink == "vote" and model is not None:
        raise InputError("a vote runs no model; leave it out or use sink='fuser'", field="sink_model")
    return Node(sink, sink, None if sink == "vote" else model or default)


def _count(field: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_NODES:
        raise InputError(f"must be a whole number from 1 to {MAX_NODES}, not {value!r}", field=field)
    return value


NAMED: Mapping[str, Callable[[str, int, int, str | None], Graph]] = MappingProxyType(
    {
        "single": lambda model, width, depth, aggregator: single(model),
        "self_consistency": lambda model, width, depth, aggregator: self_consistency(model, width),
        "parallel": lambda model, width, depth, aggregator: parallel(
            model, width, "vote" if aggregator is None else "fuser", aggregator
        ),
        "chain": lambda model, width, depth, aggregator: chain(model, depth),
        "parallel_chains": lambda model, width, depth, aggregator: parallel_chains(
            model, width, depth, "vote" if aggregator is None else "fuser", aggregator
        ),
        "mixture_of_agents": lambda model, width, depth, aggregator: mixture_of_agents(
            [model] * width, aggregator=aggregator or model, layers=depth
        ),
        "debate": lambda model, width, depth, aggregator: debate(
            [model] * width, depth, "vote" if aggregator is None else "fuser", aggregator
        ),
    }
)
"""By the name of their function, from model, width, depth and aggregator (a model, or None)."""
