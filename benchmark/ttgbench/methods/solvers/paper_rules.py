"""Writers that ask nobody: for `paper`, with the three insights as rules, or with chance alone.

The insights as rules: (1) the mixes with most nodes of the models that were best alone; (2) a kind of edit that stopped
helping is left alone; (3) a gain of one kind reopens the others. Without them, kinds and places are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from ttgbench.errors import GraphError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.methods.solvers.frame import broken_rule
from ttgbench.methods.solvers.mixes import FINAL, Mix
from ttgbench.methods.solvers.paper import Search, Variant
from ttgbench.problems.problem import Problem

TRIES = 6
"""Draws of a place for one kind of edit."""
OPTIMISM = 0.05
"""Worth of a kind of edit that was never tried."""

T = TypeVar("T")
Edges = set[tuple[str, str]]


def _wider(edges: Edges, inner: Sequence[str], rng: np.random.Generator) -> None:
    """A node now reads nothing and is read by the final node alone; its readers read what it read."""
    node = _any(inner, rng)
    _lift(edges, node)
    edges.add((node, FINAL))


def _deeper(edges: Edges, inner: Sequence[str], rng: np.random.Generator) -> None:
    """A node now stands on an edge between two others."""
    node = _any(inner, rng)
    _lift(edges, node)
    source, target = _any(sorted(edges), rng)
    edges.discard((source, target))
    edges.update({(source, node), (node, target)})


def _denser(edges: Edges, inner: Sequence[str], rng: np.random.Generator) -> None:
    source, target = _any(inner, rng), _any([*inner, FINAL], rng)
    edges.add((source, target))


def _sparser(edges: Edges, inner: Sequence[str], rng: np.random.Generator) -> None:
    edges.discard(_any(sorted(edges), rng))


Edit = Callable[[Edges, Sequence[str], np.random.Generator], None]
EDITS: Mapping[str, Edit] = {"wider": _wider, "deeper": _deeper, "denser": _denser, "sparser": _sparser}
KINDS = (*EDITS, "other role")


@dataclass
class RuleWriter:
    """The Writer that edits the last graph, which is the best where the variant takes steps back."""

    gains: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    last: tuple[str, float] | None = None
    """Kind of the last edit, and what the graph before it was worth."""

    def pick(self, problem: Problem, mixes: Sequence[Mix], figures: dict[str, float], variant: Variant) -> list[Mix]:
        """By insight 1, with figures; else the first and the last mix."""
        if 1 not in variant.insights or not figures:
            return [mixes[0], mixes[-1]]
        ranking = sorted(figures, key=lambda name: -figures[name])
        order = [problem.space.pool.names.index(name) for name in ranking]
        by_best = sorted(mixes, key=lambda mix: [-mix[i] for i in order])
        by_next = sorted(mixes, key=lambda mix: [-mix[i] for i in order[1:]])
        return list(dict.fromkeys([by_best[0], by_next[0]]))

    def write(self, search: Search) -> Graph | None:
        """An edit of the last graph that was not tried yet."""
        assert search.last is not None
        graph, value = search.last
        self._learn(search, value)
        for kind in self._order(search):
            for _ in range(TRIES):
                edited = edit(kind, graph, search)
                if edited is not None and edited not in search.batches.scores:
                    self.last = kind, value
                    return edited
        self.last = None
        return None

    def _order(self, search: Search) -> list[str]:
        """All kinds: by what they gained lately (insight 2), or in random order."""
        if 2 not in search.variant.insights:
            return [KINDS[i] for i in search.rng.permutation(len(KINDS))]
        return sorted(KINDS, key=lambda kind: -self._promise(self.gains[kind]))

    def _promise(self, gains: list[float]) -> float:
        recent = gains[-4:]
        return (float(np.mean(recent)) if recent else 0.0) + OPTIMISM / (1 + len(gains))

    def _learn(self, search: Search, value: float) -> None:
        if self.last is None:
            return
        kind, before = self.last
        self.gains[kind].append(value - before)
        if value > before and 3 in search.variant.insights:
            for other, gains in self.gains.items():
                if other != kind:
                    del gains[:-1]


def edit(kind: str, graph: Graph, search: Search) -> Graph | None:
    """A graph with the same nodes, edited at a random place; None where that is none of the space."""
    frame, rng = search.frame, search.rng
    nodes = {node.id: node for node in graph.nodes}
    inner = [name for name in frame.ids if name in nodes]
    edges: Edges = set(graph.edges)
    if len(inner) < 2:
        return None
    if kind == "other role":
        node = nodes[_any(inner, rng)]
        nodes[node.id] = Node(node.id, _any(frame.roles, rng), node.model)
    else:
        EDITS[kind](edges, inner, rng)
    reading = {target for _, target in edges}
    kept = [node if node.id in reading else Node(node.id, "assistant", node.model) for node in nodes.values()]
    try:
        edited = Graph(kept, sorted(edges))
    except GraphError:
        return None
    return edited if broken_rule(edited) is None and frame.space.contains(edited) is None else None


def _lift(edges: Edges, node: str) -> None:
    """Takes a node out of its place; its readers read what it read."""
    before, after = [s for s, t in edges if t == node], [t for s, t in edges if s == node]
    edges -= {(s, node) for s in before} | {(node, t) for t in after}
    edges |= {(s, t) for s in before for t in after}


def _any(options: Sequence[T], rng: np.random.Generator) -> T:
    return options[int(rng.integers(len(options)))]
