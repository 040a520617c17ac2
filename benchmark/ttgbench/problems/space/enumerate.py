"""Every graph of a search space, once up to isomorphism, by number of nodes.

A graph without its sink, and then without one node of the last level after the other, gets smaller and keeps its
levels. So all graphs of n nodes come from those of n - 1 by adding a node that reads what is there, at the last level
or behind it. On the way, several nodes may be unread; everything else only grows, so what exceeds a limit is dropped
at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from ttgbench.graphs.canonical import canonical_order
from ttgbench.problems.space.wiring import Bounds, Wiring


def enumerate_wirings(bounds: Bounds) -> Iterator[Wiring]:
    """All graphs of the space. Memory grows with the number of graphs of the size that is being yielded."""
    larger: Iterable[Wiring] = [Wiring([kind], [[]]) for kind in bounds.drawable[0]]
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
    """Everything that has one more node, once each, nodes in canonical order."""
    seen: set[object] = set()
    for wiring in wirings:
        for larger in _with_one_more(bounds, wiring):
            if bounds.amount(bounds.wiring_costs(larger), larger.inputs) <= bounds.limit:
                larger = _canonical(larger)
                certificate = (tuple(larger.kinds), tuple(map(tuple, larger.inputs)))
                if certificate not in seen:
                    seen.add(certificate)
                    yield larger


def _with_one_more(bounds: Bounds, wiring: Wiring) -> Iterator[Wiring]:
    """The wiring with one more node of every kind, as far as one sink can still be reached."""
    size = len(wiring.kinds)
    levels = wiring.levels
    assert levels is not None
    top, unread = max(levels), set(wiring.sinks)
    left = bounds.max_nodes - size - 1
    for count in range(min(size, bounds.max_in_degree) + 1):
        for sources in combinations(range(size), count):
            level = 1 + max((levels[source] for source in sources), default=-1)
            if level < top or level == bounds.max_depth or levels.count(level) == bounds.max_width:
                continue
            # A node reads at most max_in_degree others, and nothing comes behind the deepest level.
            loose = len(unread.difference(sources))
            if left < 0 or loose > left * (bounds.max_in_degree - 1) or (loose and level + 1 == bounds.max_depth):
                continue
            for kind in range(len(bounds.kinds)):
                if sources or not bounds.needs_inputs[kind]:
                    yield Wiring([*wiring.kinds, kind], [*wiring.inputs, sources])


def _canonical(wiring: Wiring) -> Wiring:
    """The same graph with its nodes in canonical order: equal for isomorphic graphs."""
    levels = wiring.levels
    assert levels is not None
    colours = list(zip(levels, wiring.kinds, strict=True))
    rank = {colour: i for i, colour in enumerate(sorted(set(colours)))}
    neighbours = [list(sources) for sources in wiring.inputs]
    for source, target in wiring.edges:
        neighbours[source].append(target)
    order = canonical_order([rank[colour] for colour in colours], neighbours)
    place = {node: i for i, node in enumerate(order)}
    inputs = [sorted(place[source] for source in wiring.inputs[node]) for node in order]
    return Wiring([wiring.kinds[node] for node in order], inputs)
