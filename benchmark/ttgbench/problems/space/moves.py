"""The moves of local search: every way to change a graph a little. `SearchSpace.neighbours` documents them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ttgbench.problems.space.wiring import Bounds, Wiring

Move = Callable[[], Wiring]


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
    nodes = range(len(wiring.kinds))
    read = {source for source, _ in wiring.edges}
    for kind in range(len(bounds.kinds)):
        for node in nodes:
            if not bounds.needs_inputs[kind]:
                yield partial(_with_node, wiring, kind, [], [node])
            if node in read:
                yield partial(_with_twin, wiring, kind, node)
            else:
                yield partial(_with_node, wiring, kind, [node], [])
        for source, target in wiring.edges:
            yield partial(_with_node_on_edge, wiring, kind, source, target)


def _remove(wiring: Wiring) -> Iterator[Move]:
    """A node goes; what it read is then read by its readers, or not."""
    if len(wiring.kinds) > 1:
        for node in range(len(wiring.kinds)):
            yield partial(_without_node, wiring, node, bridge=True)
            if wiring.inputs[node]:
                yield partial(_without_node, wiring, node, bridge=False)


def _rewire(wiring: Wiring) -> Iterator[Move]:
    """An edge appears, goes, or moves one of its ends."""
    nodes, edges = range(len(wiring.kinds)), wiring.edges
    for source in nodes:
        for target in nodes:
            if source != target and source not in wiring.inputs[target]:
                yield partial(_with_edge, wiring, source, target)
    for source, target in edges:
        yield partial(_without_edge, wiring, source, target)
        for other in nodes:
            if other not in (source, target):
                if other not in wiring.inputs[target]:
                    yield partial(_with_edge_moved, wiring, (source, target), (other, target))
                if source not in wiring.inputs[other]:
                    yield partial(_with_edge_moved, wiring, (source, target), (source, other))


def _change_role(bounds: Bounds, wiring: Wiring) -> Iterator[Move]:
    """A node gets another role; it keeps its model where the new role has one."""
    for node, kind in enumerate(wiring.kinds):
        role, model = bounds.kinds[kind]
        for other, (other_role, other_model) in enumerate(bounds.kinds):
            if other_role != role and (model is None or other_model in (None, model)):
                yield partial(_with_kind, wiring, node, other)


def _change_model(bounds: Bounds, wiring: Wiring) -> Iterator[Move]:
    """A node gets another model in the same role."""
    for node, kind in enumerate(wiring.kinds):
        for other, (role, _) in enumerate(bounds.kinds):
            if other != kind and role == bounds.kinds[kind][0]:
                yield partial(_with_kind, wiring, node, other)


def _with_kind(wiring: Wiring, node: int, kind: int) -> Wiring:
    return Wiring([kind if i == node else old for i, old in enumerate(wiring.kinds)], wiring.inputs)


def _with_edge(wiring: Wiring, source: int, target: int) -> Wiring:
    inputs = [[*sources, source] if i == target else sources for i, sources in enumerate(wiring.inputs)]
    return Wiring(wiring.kinds, inputs)


def _without_edge(wiring: Wiring, source: int, target: int) -> Wiring:
    inputs = [[s for s in sources if i != target or s != source] for i, sources in enumerate(wiring.inputs)]
    return Wiring(wiring.kinds, inputs)


def _with_edge_moved(wiring: Wiring, old: tuple[int, int], new: tuple[int, int]) -> Wiring:
    return _with_edge(_without_edge(wiring, *old), *new)


def _with_node(wiring: Wiring, kind: int, reads: Sequence[int], read_by: Sequence[int]) -> Wiring:
    new = len(wiring.kinds)
    inputs = [[*sources, new] if i in read_by else list(sources) for i, sources in enumerate(wiring.inputs)]
    return Wiring([*wiring.kinds, kind], [*inputs, list(reads)])


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
