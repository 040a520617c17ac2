"""Canonical order of a vertex-coloured graph: the same for every renumbering of it.

Colour refinement splits the vertices into cells that their neighbourhoods tell apart. Where two cells are more than
half joined, the missing edges say the same as the edges, and are fewer; what is left falls into components, which are
ordered one by one and sorted by their certificates. Identical siblings, fully joined layers and identical parallel
chains are solved by this alone. Only inside a connected component that is still tied is a search needed: each vertex of
a tied cell is singled out in turn and the smallest certificate wins; those that a symmetry found on the way maps to one
already tried are skipped (McKay and Piperno, Practical graph isomorphism II, 2014, describe this family of algorithms).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

MAX_WORK = 8_000_000
"""Vertices and edge ends that one call may look at while refining: one to a few seconds."""

Colours = dict[int, int]
Adjacency = Mapping[int, Sequence[int]]
Certificate = tuple[tuple[int, tuple[int, ...]], ...]


class SearchLimit(Exception):
    """The graph has too many look-alike vertices for the exact search to end within MAX_WORK."""


def canonical_order(colours: Sequence[int], neighbours: Sequence[Sequence[int]]) -> list[int]:
    """All n vertices in canonical order, sorted by colour first.

    colours: n integers that renumbering keeps; neighbours: per vertex all its neighbours, whatever the direction.
    No edge may join vertices of one colour, and an edge's direction must follow from the colours of its ends.
    Two graphs are isomorphic (colours kept) exactly if writing both in canonical order gives the same edges.
    Raises SearchLimit.
    """
    if len(set(colours)) < len(colours):
        order = _Search().order(dict(enumerate(colours)), dict(enumerate(neighbours)))
    else:
        order = list(range(len(colours)))
    return sorted(order, key=colours.__getitem__)


class _Search:
    def __init__(self) -> None:
        self.work = 0
        self.symmetries: list[dict[int, int]] = []

    def order(self, colours: Colours, neighbours: Adjacency) -> list[int]:
        """The vertices of a coloured graph in canonical order."""
        colours = self.refine(colours, neighbours)
        if len(set(colours.values())) == len(colours):
            return sorted(colours, key=colours.__getitem__)
        reduced = _sparser(colours, neighbours)
        parts = _components(reduced)
        if len(parts) == 1:
            return self.branch(colours, reduced)
        ordered = []
        for part in parts:
            order = part if len(part) == 1 else self.order({v: colours[v] for v in part}, {v: reduced[v] for v in part})
            ordered.append((_certificate(order, colours, reduced), order))
        ordered.sort(key=lambda pair: pair[0])
        for (one, first), (other, second) in pairwise(ordered):
            if one == other:
                self.symmetries.append(dict(zip(first + second, second + first, strict=True)))
        return [vertex for _, order in ordered for vertex in order]

    def refine(self, colours: Colours, neighbours: Adjacency) -> Colours:
        """The coarsest finer colouring in which equal colours see equal multisets of colours; colours are 0, 1, 2..."""
        size = sum(map(len, neighbours.values())) + len(colours)
        while True:
            self.work += size
            if self.work > MAX_WORK:
                raise SearchLimit
            members = Counter(colours.values())
            seen = {
                # What is alone in its cell needs no neighbours to be told apart.
                v: (c, tuple(sorted([colours[u] for u in neighbours[v]])) if members[c] > 1 else ())
                for v, c in colours.items()
            }
            rank = {signature: i for i, signature in enumerate(sorted(set(seen.values())))}
            colours = {v: rank[signature] for v, signature in seen.items()}
            if len(rank) in (len(members), len(colours)):
                return colours

    def branch(self, colours: Colours, neighbours: Adjacency) -> list[int]:
        """Canonical order of a connected component in which some vertices are still tied."""
        sizes = Counter(colours.values())
        # The largest tied cell: singling out one of its vertices settles most.
        tied = -max((size, -colour) for colour, size in sizes.items() if size > 1)[1]
        candidates = [v for v, colour in colours.items() if colour == tied]
        known = len(self.symmetries)
        tried: list[int] = []
        orders: dict[Certificate, list[int]] = {}
        for vertex in candidates:
            if tried and _same_orbit(vertex, tried, self.symmetries[known:]):
                continue
            tried.append(vertex)
            order = self.order({v: 2 * c + (v != vertex) for v, c in colours.items()}, neighbours)
            twin = orders.setdefault(_certificate(order, colours, neighbours), order)
            if twin is not order:
                self.symmetries.append(dict(zip(twin, order, strict=True)))
        return orders[min(orders)]


def _sparser(colours: Colours, neighbours: Adjacency) -> dict[int, list[int]]:
    """Complements the edges between every two cells that are more than half joined. The colouring must be refined."""
    cells: dict[int, list[int]] = {}
    for vertex, colour in colours.items():
        cells.setdefault(colour, []).append(vertex)
    sparse: dict[int, list[int]] = {}
    for members in cells.values():
        joined = Counter([colours[u] for u in neighbours[members[0]]])
        dense = {c for c, count in joined.items() if 2 * count > len(cells[c])}
        missing = [u for c in dense if joined[c] < len(cells[c]) for u in cells[c]]
        for vertex in members:
            sparse[vertex] = [u for u in neighbours[vertex] if colours[u] not in dense]
            if missing:
                old = set(neighbours[vertex])
                sparse[vertex] += [u for u in missing if u not in old]
    return sparse


def _components(neighbours: Adjacency) -> list[list[int]]:
    seen: set[int] = set()
    parts = []
    for root in neighbours:
        if root in seen:
            continue
        seen.add(root)
        part = [root]
        for vertex in part:
            for other in neighbours[vertex]:
                if other not in seen:
                    seen.add(other)
                    part.append(other)
        parts.append(part)
    return parts


def _certificate(order: Sequence[int], colours: Colours, neighbours: Adjacency) -> Certificate:
    """Colours and edges in this order: equal exactly if the orders map one graph onto the other."""
    place = {vertex: i for i, vertex in enumerate(order)}
    return tuple((colours[v], tuple(sorted([place[u] for u in neighbours[v]]))) for v in order)


def _same_orbit(vertex: int, tried: Iterable[int], symmetries: Sequence[Mapping[int, int]]) -> bool:
    """Does the group generated by the symmetries map a tried vertex to this one?"""
    reached = set(tried)
    queue = list(reached)
    for v in queue:
        for symmetry in symmetries:
            image = symmetry.get(v, v)
            if image not in reached:
                reached.add(image)
                queue.append(image)
    return vertex in reached
