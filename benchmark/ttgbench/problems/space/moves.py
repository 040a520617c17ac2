"""The moves of local search: every way to change a graph a little. `SearchSpace.neighbours` documents them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ttgbench.problems.space.wiring import Bounds, Wiring

Move = tuple[Callable[..., Wiring], *tuple[Any, ...]]
"""A function, and what it gets after the wiring: a step of a search makes a thousand moves and takes a few."""


def moves(bounds: Bounds, wiring: Wiring) -> list[list[Move]]:
    """All moves by type: add, remove, rewire, change role, change model. What they lead to may be invalid."""
    return [
        list(family)
        for family in (
            _add(bounds, wiring),
            _remove(wiring),
            _rewire(wiring),
            _change_role(bounds, wiring),
            _change_model(bounds, wiring),
        )
    ]


def _add(bounds: Bounds, wiring: Wiring) -> Iterator[Move]:
    """A new node of any kind: before one node, on an edge, beside a node that is not the sink, or behind the sink."""
    nodes, edges = range(len(wiring.kinds)), wiring.edges
    read = {source for source, _ in edges}
    for kind in range(len(bounds.kinds)):
        for node in nodes:
            if not bounds.needs_inputs[kind]:
                yield _with_node, kind, [], [node]
            if node in read:
                yield _with_twin, kind, node
            else:
                yield _with_node, kind, [node], []
        yield from [(_with_node_on_edge, kind, source, target) for source, target in edges]


def _remove(wiring: Wiring) -> Iterator[Move]:
    """A node goes; what it read is then read by its readers, or not."""
    if len(wiring.kinds) > 1:
        for node in range(len(wiring.kinds)):
            yield _without_node, node, True
            if wiring.inputs[node]:
                yield _without_node, node, False


def _rewire(wiring: Wiring) -> Iterator[Move]:
    """An edge appears, goes, or moves one of its ends."""
    nodes, edges = range(len(wiring.kinds)), wiring.edges
    for source in nodes:
        for target in nodes:
            if source != target and source not in wiring.inputs[target]:
                yield _with_edge, source, target
    for edge in edges:
        source, target = edge
        sources = wiring.inputs[target]
        yield _without_edge, source, target
        for other in nodes:
            if other not in edge:
                if other not in sources:
                    yield _with_edge_moved, edge, (other, target)
                if source not in wiring.inputs[other]:
                    yield _with_edge_moved, edge, (source, other)


def _change_role(bounds: Bounds, wiring: Wiring) -> Iterator[Move]:
    """A node gets another role; it keeps its model where the new role has one."""
    for node, kind in enumerate(wiring.kinds):
        role, model = bounds.kinds[kind]
        for other, (other_role, other_model) in enumerate(bounds.kinds):
            if other_role != role and (model is None or other_model in (None, model)):
                yield _with_kind, node, other


def _change_model(bounds: Bounds, wiring: Wiring) -> Iterator[Move]:
    """A node gets another model in the same role."""
    for node, kind in enumerate(wiring.kinds):
        for other, (role, _) in enumerate(bounds.kinds):
            if other != kind and role == bounds.kinds[kind][0]:
                yield _with_kind, node, other


def _with_kind(wiring: Wiring, node: int, kind: int) -> Wiring:
    kinds = list(wiring.kinds)
    kinds[node] = kind
    return Wiring(kinds, wiring.inputs)


def _with_edge(wiring: Wiring, source: int, target: int) -> Wiring:
    inputs = list(wiring.inputs)
    inputs[target] = [*inputs[target], source]
    return Wiring(wiring.kinds, inputs)


def _without_edge(wiring: Wiring, source: int, target: int) -> Wiring:
    inputs = list(wiring.inputs)
    inputs[target] = [s for s in inputs[target] if s != source]
    return Wiring(wiring.kinds, inputs)


def _with_edge_moved(wiring: Wiring, old: tuple[int, int], new: tuple[int, int]) -> Wiring:
    return _with_edge(_without_edge(wiring, *old), *new)


def _with_node(wiring: Wiring, kind: int, reads: Sequence[int], read_by: Sequence[int]) -> Wiring:
    new = len(wiring.kinds)
    inputs = [*wiring.inputs, reads]
    for reader in read_by:
        inputs[reader] = [*inputs[reader], new]
    return Wiring([*wiring.kinds, kind], inputs)


def _with_node_on_edge(wiring: Wiring, kind: int, source: int, target: int) -> Wiring:
    return _with_node(_without_edge(wiring, source, target), kind, [source], [target])


def _with_twin(wiring: Wiring, kind: int, node: int) -> Wiring:
    readers = [target for target, sources in enumerate(wiring.inputs) if node in sources]
    return _with_node(wiring, kind, wiring.inputs[node], readers)


def _without_node(wiring: Wiring, node: int, bridge: bool) -> Wiring:
    inputs = []
    for target, sources in enumerate(wiring.inputs):
        if target == node:
            continue
        kept = [source for source in sources if source != node]
        if bridge and node in sources:
            kept += [source for source in wiring.inputs[node] if source not in kept]
        inputs.append([source - (source > node) for source in kept])
    return Wiring([kind for i, kind in enumerate(wiring.kinds) if i != node], inputs)
