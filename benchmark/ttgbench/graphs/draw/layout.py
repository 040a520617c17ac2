"""Layered drawing of a graph: which column and height each node has, and by which way each output reaches its readers.

The steps of Sugiyama et al. (1981): levels are columns; where an output skips columns, it passes through each of them
as a *wire*, one per node however many readers it has; columns are ordered to avoid crossings; heights follow the
neighbours. Nodes and wires of one column never overlap, and links join neighbouring columns only: none crosses a node.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ttgbench.graphs.graph import Graph

SWEEPS = 8

Stop = tuple[str, int]
"""A node id and a column: the node itself in its own column, else the wire that carries its output."""
Neighbours = Mapping[Stop, Sequence[Stop]]


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns from left to right, each with its stops from top to bottom."""

    columns: list[list[Stop]]
    links: list[tuple[Stop, Stop]]
    """Each from one column to the next."""
    middle: dict[Stop, float]
    """Height of each stop's middle, downwards from the top of the drawing."""
    height: float


def lay_out(graph: Graph, node_height: float, wire_height: float) -> Layout:
    """The heights include the free space around a stop. The same graph always gives the same layout."""
    nodes = {(node_id, column) for column, level in enumerate(graph.levels) for node_id in level}
    columns, links = _stops_and_links(graph)
    before: dict[Stop, list[Stop]] = {stop: [] for column in columns for stop in column}
    after: dict[Stop, list[Stop]] = {stop: [] for stop in before}
    for source, target in links:
        after[source].append(target)
        before[target].append(source)
    columns = _uncrossed(columns, before, after)
    size = {stop: node_height if stop in nodes else wire_height for stop in before}
    middle = _heights(columns, size, before, after)
    top = min(middle[stop] - size[stop] / 2 for stop in middle)
    middle = {stop: y - top for stop, y in middle.items()}
    return Layout(columns, links, middle, max(middle[stop] + size[stop] / 2 for stop in middle))


def _stops_and_links(graph: Graph) -> tuple[list[list[Stop]], list[tuple[Stop, Stop]]]:
    level_of = {node_id: i for i, level in enumerate(graph.levels) for node_id in level}
    columns: list[list[Stop]] = [[] for _ in graph.levels]
    links: list[tuple[Stop, Stop]] = []
    for node_id in graph.order:
        level = level_of[node_id]
        readers = graph.successors(node_id)
        last = max((level_of[reader] for reader in readers), default=level + 1)
        for column in range(level, last):
            columns[column].append((node_id, column))
        links += [((node_id, column), (node_id, column + 1)) for column in range(level, last - 1)]
        links += [((node_id, level_of[reader] - 1), (reader, level_of[reader])) for reader in readers]
    return columns, links


def _uncrossed(columns: list[list[Stop]], before: Neighbours, after: Neighbours) -> list[list[Stop]]:
    """Barycentre heuristic: sweeps to and fro, keeps the ordering with the fewest crossings."""
    best, fewest = columns, _crossings(columns, after)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        to_the_right = sweep % 2 == 0
        fixed = before if to_the_right else after
        place: dict[Stop, float] = {}
        ordered = []
        for column in columns if to_the_right else reversed(columns):
            own = {stop: float(i) for i, stop in enumerate(column)}
            aim = {stop: _mean([place[n] for n in fixed[stop]], own[stop]) for stop in column}
            ordered.append(sorted(column, key=aim.__getitem__))
            place |= {stop: float(i) for i, stop in enumerate(ordered[-1])}
        columns = ordered if to_the_right else ordered[::-1]
        crossings = _crossings(columns, after)
        if crossings < fewest:
            best, fewest = columns, crossings
    return best


def _crossings(columns: Sequence[Sequence[Stop]], after: Neighbours) -> int:
    count = 0
    for left, right in pairwise(columns):
        place = {stop: i for i, stop in enumerate(right)}
        ends: list[int] = []
        for stop in left:
            targets = sorted(place[target] for target in after[stop])
            count += sum(len(ends) - bisect_right(ends, target) for target in targets)
            for target in targets:
                insort(ends, target)
    return count


def _heights(
    columns: Sequence[Sequence[Stop]], size: Mapping[Stop, float], before: Neighbours, after: Neighbours
) -> dict[Stop, float]:
    """Each stop as near as possible to the mean height of its neighbours, without overlap, in the given order."""
    middle: dict[Stop, float] = {}
    for column in columns:
        middle |= _placed(column, size, dict.fromkeys(column, 0.0))
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 else reversed(columns):
            aim = {stop: _mean([middle[n] for n in (*before[stop], *after[stop])], middle[stop]) for stop in column}
            middle |= _placed(column, size, aim)
    return middle


def _placed(column: Sequence[Stop], size: Mapping[Stop, float], aim: Mapping[Stop, float]) -> dict[Stop, float]:
    """Least squares to the aims under the order and the sizes: isotonic regression by pooling adjacent violators."""
    offset: dict[Stop, float] = {}
    reach = 0.0
    for stop in column:
        offset[stop] = reach + size[stop] / 2
        reach += size[stop]
    pools: list[tuple[float, int]] = []
    for stop in column:
        level, count = aim[stop] - offset[stop], 1
        while pools and pools[-1][0] >= level:
            other, more = pools.pop()
            level, count = (level * count + other * more) / (count + more), count + more
        pools.append((level, count))
    levels = [level for level, count in pools for _ in range(count)]
    return {stop: level + offset[stop] for stop, level in zip(column, levels, strict=True)}


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default
