"""Distributions over graphs: numbered slots for nodes, each with a role and a model, and edges to higher slots.

The last slot is the sink. A draw picks a role and a model per slot and each edge or not; `decode` makes a graph of it:
slots from which the sink cannot be reached are left out, and so are as many others as it takes to keep to the limits
of the space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.roles import ROLES
from ttgbench.models.cost import nominal_node_cost
from ttgbench.problems.space.space import SearchSpace

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Draw:
    """One sample: what decides about a graph."""

    roles: Ints
    """Shape (slots,): index into the space's roles."""
    models: Ints
    """Shape (slots,): index into the pool."""
    edges: NDArray[np.bool_]
    """Shape (slots, slots): [i, j] for an edge from i to j; above the diagonal only."""
    order: Ints
    """Shape (slots,): which slots go first where a draw is too large for the space."""


class Slots:
    """The frame of a distribution over a space's graphs. count: at most so many nodes."""

    def __init__(self, space: SearchSpace, count: int) -> None:
        self.space, self.count = space, max(1, min(count, space.max_nodes))
        self.roles, self.models = space.roles, space.pool.names
        self.upper = np.triu(np.ones((self.count, self.count), dtype=bool), k=1)
        """Where edges can be."""
        degrees = range(self.count)
        cards = list(space.pool)
        nominal = [[nominal_node_cost(card, degree, space.lengths) for degree in degrees] for card in cards]
        self._costs = np.asarray([[float(space.budget.amount(cost)) for cost in row] for row in nominal])
        self._additive = space.budget.additive
        self._free = [number for number, role in enumerate(space.roles) if ROLES[role].aggregates]
        self._assistant = space.roles.index("assistant")

    def draw(self, roles: Floats, models: Floats, edges: Floats, rng: np.random.Generator) -> Draw:
        """A sample of independent choices; probabilities: (slots, roles), (slots, models), (slots, slots)."""
        return Draw(
            _choices(roles, rng),
            _choices(models, rng),
            (rng.random((self.count, self.count)) < edges) & self.upper,
            rng.permutation(self.count - 1),
        )

    def decode(self, draw: Draw) -> Graph | None:
        """The graph that a draw stands for; None if not even its sink alone is in the space."""
        kept = np.ones(self.count, dtype=bool)
        dropped = iter(draw.order.tolist())
        while True:
            kept = self._reaching(draw.edges, kept)
            if not self._additive or self._cost(draw, kept) <= self.space.limit:
                graph = self._graph(draw, kept)
                if self.space.contains(graph) is None:
                    return graph
            slot = next((slot for slot in dropped if kept[slot]), None)
            if slot is None:
                return None
            kept[slot] = False

    def encode(self, graph: Graph, rng: np.random.Generator) -> Draw | None:
        """A draw that decodes to this graph; None if it has more nodes than there are slots.

        Nodes that an earlier `decode` named keep their slots as far as the edges allow.
        """
        place = self._kept_places(graph) or self._spread_places(graph)
        if place is None:
            return None
        roles = np.full(self.count, self._assistant)
        models = rng.integers(0, len(self.models), self.count)
        edges = np.zeros((self.count, self.count), dtype=bool)
        for node, slot in place.items():
            roles[slot] = self.roles.index(graph[node].role)
            model = graph[node].model
            if model is not None:
                models[slot] = self.models.index(model)
        for source, target in graph.edges:
            edges[place[source], place[target]] = True
        return Draw(roles, models, edges, rng.permutation(self.count - 1))

    def _kept_places(self, graph: Graph) -> dict[str, int] | None:
        """Old nodes where they were, new ones in the highest free slot that the edges leave; None if there is none."""
        old = {f"s{slot}": slot for slot in range(self.count)}
        place = {node: old[node] for node in graph.order if node in old}
        if place.get(graph.sink) != self.count - 1 or any(
            source in place and target in place and place[source] >= place[target] for source, target in graph.edges
        ):
            return None
        for node in graph.order:
            if node not in place:
                low = max((place[i] for i in graph.predecessors(node)), default=-1)
                high = min((place[i] for i in graph.successors(node) if i in place), default=self.count)
                free = set(range(low + 1, high)) - set(place.values())
                if not free:
                    return None
                place[node] = max(free)
        return place

    def _spread_places(self, graph: Graph) -> dict[str, int] | None:
        """Nodes in canonical order, evenly over the slots, the sink in the last one."""
        if len(graph.nodes) > self.count:
            return None
        slots = np.linspace(self.count - 1, 0, len(graph.nodes)).round().astype(int)[::-1]
        return dict(zip(graph.order, slots.tolist(), strict=True))

    def _reaching(self, edges: NDArray[np.bool_], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Slots among these from which the sink can be reached."""
        reached = np.zeros(self.count, dtype=bool)
        reached[-1] = True
        for slot in range(self.count - 2, -1, -1):
            reached[slot] = kept[slot] and bool((edges[slot] & reached).any())
        return reached

    def _cost(self, draw: Draw, kept: NDArray[np.bool_]) -> float:
        degrees = draw.edges[kept].sum(axis=0)[kept]
        free = np.isin(draw.roles[kept], self._free) & (degrees > 0)
        return float(np.where(free, 0.0, self._costs[draw.models[kept], degrees]).sum())

    def _graph(self, draw: Draw, kept: NDArray[np.bool_]) -> Graph:
        slots = np.flatnonzero(kept).tolist()
        edges = [(i, j) for i in slots for j in slots if draw.edges[i, j]]
        reading = {j for _, j in edges}
        nodes = []
        for slot in slots:
            role = self.roles[draw.roles[slot]] if slot in reading else "assistant"
            nodes.append(Node(f"s{slot}", role, self.models[draw.models[slot]] if ROLES[role].needs_model else None))
        return Graph(nodes, [(f"s{i}", f"s{j}") for i, j in edges])


class Distribution:
    """Independent probabilities of roles, models and edges; what a search moves about.

    floor: no choice gets less likely than about this, so that every graph keeps a chance. Edges keep to it exactly,
    roles and models but for the normalisation that follows: of n, none falls below floor / (1 + n * floor).
    """

    def __init__(self, slots: Slots, models: Sequence[float] | Floats, edge: float = 0.3, floor: float = 0.02) -> None:
        self.slots, self.floor = slots, floor
        self.roles = np.full((slots.count, len(slots.roles)), 1.0 / len(slots.roles))
        self.models = np.tile(np.asarray(models, dtype=np.float64), (slots.count, 1))
        self.edges = np.where(slots.upper, edge, 0.0)
        self.settle()

    def draw(self, rng: np.random.Generator) -> Draw:
        """A sample."""
        return self.slots.draw(self.roles, self.models, self.edges, rng)

    def towards(self, draws: Sequence[Draw], weights: Sequence[float], rate: float) -> None:
        """Moves all probabilities towards draws, one after the other, by `rate` times its weight; weights sum up to 1.

        For small rates that is a step towards the weighted mean.
        """
        for draw, weight in zip(draws, weights, strict=True):
            step = rate * weight
            self.roles += step * (_one_hot(draw.roles, self.roles.shape[1]) - self.roles)
            self.models += step * (_one_hot(draw.models, self.models.shape[1]) - self.models)
            self.edges += step * (draw.edges - self.edges)
        self.settle()

    def settle(self) -> None:
        """Keeps probabilities off the floor and normalised."""
        for table in (self.roles, self.models):
            np.maximum(table, self.floor, out=table)
            table /= table.sum(axis=1, keepdims=True)
        np.clip(self.edges, self.floor, 1 - self.floor, out=self.edges)
        self.edges *= self.slots.upper


def _choices(probabilities: Floats, rng: np.random.Generator) -> Ints:
    """One index per row."""
    bounds = probabilities.cumsum(axis=1)
    drawn: Ints = np.minimum((rng.random((len(bounds), 1)) > bounds).sum(axis=1), bounds.shape[1] - 1)
    return drawn


def _one_hot(indices: Ints, count: int) -> Floats:
    return np.eye(count)[indices]
