"""Every graph of a search space, once up to isomorphism, by number of nodes.

A graph without one of its sources is a smaller graph, so all graphs of n nodes come from those of n - 1 by adding a
source. On the way, nodes may still lack the predecessors that their role needs, and levels may be too wide. In-degrees,
depth and cost only grow, so what exceeds those is dropped at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from ttgbench.canonical import canonical_order
from ttgbench.space_wiring import Bounds, Wiring, levels_of


def enumerate_wirings(bounds: Bounds) -> Iterator[Wiring]:
    """All graphs of the space. Memory grows with the number of graphs of the size that is being yielded."""
    larger: Iterable[Wiring] = [Wiring([kind], [[]]) for kind in range(len(bounds.kinds))]
    while True:
        known = []
        for wiring in larger:
            known.append(wiring)
            if bounds.flaw(wiring) is None:
                yield wiring
        if not known:
            return
        larger = _grow(bounds, known)


def _grow(bounds: Bounds, wirings: list[Wiring]) -> Iterator[Wiring]:
    """Everything that has one more source, once each, nodes in canonical order."""
    seen: set[object] = set()
    for wiring in wirings:
        for larger in _with_source(bounds, wiring):
            if bounds.amount(bounds.wiring_costs(larger), larger.inputs) <= bounds.limit:
                larger = _canonical(larger)
                certificate = (tuple(larger.kinds), tuple(map(tuple, larger.inputs)))
                if certificate not in seen:
                    seen.add(certificate)
                    yield larger


def _with_source(bounds: Bounds, wiring: Wiring) -> Iterator[Wiring]:
    """The wiring with a source before every set of nodes that may have one more input."""
    size = len(wiring.kinds)
    if size == bounds.max_nodes:
        return
    last = size + 1 == bounds.max_nodes
    heights = _heights(wiring)
    needing = [n for n in range(size) if bounds.needs_inputs[wiring.kinds[n]] and not wiring.inputs[n]]
    must = needing if last else []
    able = [n for n in range(size) if len(wiring.inputs[n]) < bounds.max_in_degree and heights[n] < bounds.max_depth]
    if not set(must) <= set(able):
        return
    able = [n for n in able if n not in must]
    kinds = [kind for kind in range(len(bounds.kinds)) if not (last and bounds.needs_inputs[kind])]
    for count in range(0 if must else 1, len(able) + 1):
        for chosen in combinations(able, count):
            targets = {*must, *chosen}
            inputs = [[*sources, size] if n in targets else sources for n, sources in enumerate(wiring.inputs)]
            for kind in kinds:
                yield Wiring([*wiring.kinds, kind], [*inputs, []])


def _heights(wiring: Wiring) -> list[int]:
    """Per node, the nodes on the longest path from it to the sink."""
    levels = levels_of(wiring.inputs)
    assert levels is not None
    heights = [1] * len(levels)
    for node in sorted(range(len(levels)), key=levels.__getitem__, reverse=True):
        for source in wiring.inputs[node]:
            heights[source] = max(heights[source], heights[node] + 1)
    return heights


def _canonical(wiring: Wiring) -> Wiring:
    """The same graph with its nodes in canonical order: equal for isomorphic graphs."""
    levels = levels_of(wiring.inputs)
    assert levels is not None
    colours = list(zip(levels, wiring.kinds, strict=True))
    rank = {colour: i for i, colour in enumerate(sorted(set(colours)))}
    neighbours: list[list[int]] = [list(sources) for sources in wiring.inputs]
    for source, target in wiring.edges:
        neighbours[source].append(target)
    order = canonical_order([rank[colour] for colour in colours], neighbours)
    place = {node: i for i, node in enumerate(order)}
    inputs = [sorted(place[source] for source in wiring.inputs[node]) for node in order]
    return Wiring([wiring.kinds[node] for node in order], inputs)
