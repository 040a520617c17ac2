"""The probabilistic graph of arXiv 2511.00086: N nodes in no order, a fixed final node, tables of probabilities.

An edge may lead from any node to any other or to the final node. A draw goes through the edges in random order, skips
those that would close a cycle, and wires nodes that the final node does not reach to their likeliest useful target.
Roles follow the paper: a fuser reads an assistant at least, and no fuser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import GraphError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.roles import ROLES
from ttgbench.methods.solvers.mixes import FINAL, Mix
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.space.space import SearchSpace

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
FLOOR = 0.02
"""No probability of a table falls below it, or above one minus it."""
SPARSE = 1 / (1 + np.exp(2.0))
"""Probability of an edge at the start: sigmoid(-2), about 0.119."""


@dataclass
class Tables:
    """Probabilities. edges: shape (N, N + 1), from row to column, the last column the final node."""

    edges: Floats
    roles: Floats
    """Shape (N, roles)."""
    models: Floats
    """Shape (N, models)."""

    def settle(self) -> None:
        """Clips edges to FLOOR and its complement, keeps rows of the others off FLOOR and normalised."""
        count = len(self.edges)
        np.clip(self.edges, FLOOR, 1 - FLOOR, out=self.edges)
        self.edges[np.arange(count), np.arange(count)] = 0.0
        for table in (self.roles, self.models):
            np.maximum(table, FLOOR, out=table)
            table /= table.sum(axis=1, keepdims=True)

    def towards(self, sample: Sample, rate: float) -> None:
        """Moves edges, roles and models of the nodes that a sample kept towards it."""
        kept = np.flatnonzero(sample.kept)
        self.edges[kept] += rate * ((sample.edges | sample.wired)[kept] - self.edges[kept])
        self.roles[kept] += rate * (np.eye(self.roles.shape[1])[sample.roles[kept]] - self.roles[kept])
        self.models[kept] += rate * (np.eye(self.models.shape[1])[sample.models[kept]] - self.models[kept])
        self.settle()


@dataclass(frozen=True)
class Sample:
    """A draw, and what of it was left to chance, which is what a gradient needs."""

    kept: Bools
    """Shape (N,): nodes that the mix or the node budget has a model for."""
    edges: Bools
    """Shape (N, N + 1): drawn."""
    free: Bools
    """Shape (N, N + 1): decided by chance; no cycle, no limit stood against it."""
    wired: Bools
    """Shape (N, N + 1): added, so that the final node is reached."""
    roles: NDArray[np.int64]
    roles_open: Bools
    """Shape (N, roles): among which a role was drawn."""
    models: NDArray[np.int64]
    models_open: Bools
    """Shape (N, models)."""


class Frame:
    """N nodes n0, n1, ... and the final node of a space. count: N."""

    def __init__(self, space: SearchSpace, budget: NodeBudget, count: int) -> None:
        self.space, self.budget, self.count = space, budget, count
        self.models = space.pool.names
        self.roles = tuple(role for role in space.roles if ROLES[role].needs_model)
        self.ids = tuple(f"n{i}" for i in range(count))
        self._prices = np.asarray(budget.prices)
        self._needs = np.asarray([ROLES[role].needs_predecessors for role in self.roles])
        self._fuser = self.roles.index("fuser") if "fuser" in self.roles else -1
        self._assistant = self.roles.index("assistant")

    def tables(self, edge: float = SPARSE) -> Tables:
        """Every edge equally likely, roles and models uniform."""
        roles, models = len(self.roles), len(self.models)
        made = Tables(
            np.full((self.count, self.count + 1), edge),
            np.full((self.count, roles), 1 / roles),
            np.full((self.count, models), 1 / models),
        )
        made.edges[np.arange(self.count), np.arange(self.count)] = 0.0
        return made

    def draw(self, tables: Tables, rng: np.random.Generator, mix: Mix | None = None) -> Sample:
        """A sample; its nodes run the models of the mix, or what the node budget buys in random order of nodes."""
        kept, models, models_open = self._draw_models(tables.models, rng, mix)
        edges, free, reach = self._draw_edges(tables.edges, kept, rng)
        wired = self._wire(tables.edges, kept, edges, reach)
        blank = np.zeros((self.count, len(self.roles)), dtype=bool)
        sample = Sample(kept, edges, free, wired, np.zeros(self.count, dtype=int), blank, models, models_open)
        return self.with_roles(sample, tables.roles, rng)

    def _draw_models(
        self, table: Floats, rng: np.random.Generator, mix: Mix | None
    ) -> tuple[Bools, NDArray[np.int64], Bools]:
        kept, models = np.zeros(self.count, dtype=bool), np.zeros(self.count, dtype=int)
        open_ = np.zeros((self.count, len(self.models)), dtype=bool)
        left, counts = self.budget.limit, None if mix is None else np.asarray(mix)
        for node in rng.permutation(self.count).tolist():
            allowed = self._prices <= left if counts is None else counts > 0
            if not allowed.any():
                break
            kept[node], open_[node] = True, allowed
            models[node] = _pick(table[node], allowed, rng)
            if counts is None:
                left -= int(self._prices[models[node]])
            else:
                counts = counts - (np.arange(len(counts)) == models[node])
        return kept, models, open_

    def _draw_edges(self, table: Floats, kept: Bools, rng: np.random.Generator) -> tuple[Bools, Bools, Bools]:
        shape = (self.count, self.count + 1)
        edges, free = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        reach = np.eye(self.count + 1, dtype=bool)
        wanted = rng.random(shape) < table
        for place in rng.permutation(self.count * (self.count + 1)).tolist():
            i, j = divmod(place, self.count + 1)
            if i == j or not kept[i] or (j < self.count and not kept[j]) or not self._may(edges, reach, i, j):
                continue
            free[i, j] = True
            if wanted[i, j]:
                _connect(edges, reach, i, j)
        return edges, free, reach

    def _may(self, edges: Bools, reach: Bools, i: int, j: int) -> bool:
        return not reach[j, i] and int(np.count_nonzero(edges[:, j])) < self.space.max_in_degree

    def _wire(self, table: Floats, kept: Bools, edges: Bools, reach: Bools) -> Bools:
        """Edges that let every kept node reach the final one; a node that no edge is left for is kept no longer."""
        both = edges.copy()
        for i in np.flatnonzero(kept).tolist():
            if reach[i, self.count]:
                continue
            useful = [
                j for j in (self.count, *range(self.count)) if reach[j, self.count] and self._may(both, reach, i, j)
            ]
            if useful:
                _connect(both, reach, i, max(useful, key=lambda j: table[i, j]))
            else:
                kept[i] = False
                both[i] = both[:, i] = edges[i] = edges[:, i] = False
        return both & ~edges

    def with_roles(self, sample: Sample, table: Floats, rng: np.random.Generator) -> Sample:
        """The sample with roles drawn anew, where the paper's rules leave a choice."""
        edges = (sample.edges | sample.wired)[:, : self.count]
        roles = np.full(self.count, self._assistant)
        open_ = np.zeros((self.count, len(self.roles)), dtype=bool)
        for node in _order(edges):
            if not sample.kept[node]:
                continue
            sources = np.flatnonzero(edges[:, node])
            allowed = ~self._needs if not len(sources) else np.ones(len(self.roles), dtype=bool)
            if self._fuser >= 0 and len(sources):
                allowed[self._fuser] = fuser_may_read([self.roles[roles[i]] for i in sources])
            open_[node] = allowed
            roles[node] = _pick(table[node], allowed, rng)
        return replace(sample, roles=roles, roles_open=open_)

    def likeliest(
        self, tables: Tables, rng: np.random.Generator, least: float, most_out: int = 2, mix: Mix | None = None
    ) -> Graph | None:
        """What tables read out as: edges above `least`, likeliest first, at most `most_out` from a node; arg-max kinds.

        So GPTSwarm is read out in the released code. Nodes get models in random order until none is paid for.
        """
        sure = Tables(tables.edges, _one_hot(tables.roles), _one_hot(tables.models))
        kept, models, _ = self._draw_models(sure.models, rng, mix)
        edges, reach = np.zeros((self.count, self.count + 1), dtype=bool), np.eye(self.count + 1, dtype=bool)
        for place in np.argsort(-tables.edges, axis=None, kind="stable").tolist():
            i, j = divmod(place, self.count + 1)
            if tables.edges[i, j] <= least:
                break
            usable = i != j and kept[i] and (j == self.count or kept[j]) and edges[i].sum() < most_out
            if usable and self._may(edges, reach, i, j):
                _connect(edges, reach, i, j)
        wired = self._wire(tables.edges, kept, edges, reach)
        none, closed = np.zeros_like(edges), np.zeros((self.count, len(self.models)), dtype=bool)
        blank = np.zeros((self.count, len(self.roles)), dtype=bool)
        sample = Sample(kept, edges, none, wired, np.zeros(self.count, dtype=int), blank, models, closed)
        return self.graph(self.with_roles(sample, sure.roles, rng), rng)

    def graph(self, sample: Sample, rng: np.random.Generator) -> Graph | None:
        """The graph of a sample, without random nodes where it is too large for the space; None if none is left."""
        edges, kept = sample.edges | sample.wired, sample.kept.copy()
        for node in [-1, *rng.permutation(self.count).tolist()]:
            if node >= 0:
                if not kept[node]:
                    continue
                kept[node] = False
            graph = self._build(edges, kept, sample)
            if graph is not None and self.space.contains(graph) is None:
                return graph
        return None

    def _build(self, edges: Bools, kept: Bools, sample: Sample) -> Graph | None:
        useful, frontier = np.zeros(self.count, dtype=bool), edges[:, self.count] & kept
        while frontier.any():
            useful |= frontier
            frontier = edges[:, : self.count][:, useful].any(axis=1) & kept & ~useful
        reads = {i: np.flatnonzero(edges[:, i] & useful) for i in (*np.flatnonzero(useful).tolist(), self.count)}
        nodes = [self.final]
        for i in reads:
            if i < self.count:
                role = self.roles[sample.roles[i]]
                bare = ROLES[role].needs_predecessors and not len(reads[i])
                nodes.append(Node(self.ids[i], "assistant" if bare else role, self.models[sample.models[i]]))
        names = (*self.ids, FINAL)
        try:
            return Graph(nodes, [(names[j], names[i]) for i, sources in reads.items() for j in sources.tolist()])
        except GraphError:
            return None

    @property
    def final(self) -> Node:
        """The fixed final node."""
        return Node(FINAL, "assistant", self.budget.final)

    def sample_of(self, graph: Graph) -> Sample:
        """A graph of this frame's ids as a sample, nothing of it left to chance."""
        place = {name: i for i, name in enumerate((*self.ids, FINAL))}
        shape = (self.count, self.count + 1)
        edges, none = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        kept, roles = np.zeros(self.count, dtype=bool), np.full(self.count, self._assistant)
        models = np.zeros(self.count, dtype=int)
        for source, target in graph.edges:
            edges[place[source], place[target]] = True
        for node in graph.nodes:
            if node.id != FINAL:
                i = place[node.id]
                kept[i], roles[i] = True, self.roles.index(node.role)
                models[i] = self.models.index(str(node.model))
        closed = [np.zeros((self.count, width), dtype=bool) for width in (len(self.roles), len(self.models))]
        return Sample(kept, edges, none, none, roles, closed[0], models, closed[1])

    def mix_of(self, graph: Graph) -> Mix:
        """How many nodes of a graph, the final one aside, run each model."""
        counts = graph.model_counts
        return tuple(counts.get(name, 0) - (name == self.budget.final) for name in self.models)


def fuser_may_read(roles: Sequence[str]) -> bool:
    """The paper's rule: a fuser reads an assistant at least, and no fuser."""
    return "assistant" in roles and "fuser" not in roles


def broken_rule(graph: Graph) -> str | None:
    """Which fuser reads what it must not; None if none does."""
    for node in graph.nodes:
        if node.role == "fuser" and not fuser_may_read([graph[i].role for i in graph.predecessors(node.id)]):
            return f"the fuser {node.id!r} must read at least one assistant and no fuser"
    return None


def _pick(weights: Floats, allowed: Bools, rng: np.random.Generator) -> int:
    bounds = np.cumsum(np.where(allowed, weights, 0.0))
    if bounds[-1] <= 0:
        return int(np.flatnonzero(allowed)[0])
    return min(int(bounds.searchsorted(rng.random() * bounds[-1], side="right")), len(bounds) - 1)


def _one_hot(table: Floats) -> Floats:
    """The likeliest of each row; where that may not be had, the others keep their order."""
    hot: Floats = np.eye(table.shape[1])[table.argmax(axis=1)] + 1e-12 * table
    return hot


def _connect(edges: Bools, reach: Bools, i: int, j: int) -> None:
    edges[i, j] = True
    reach |= np.outer(reach[:, i], reach[j])


def _order(edges: Bools) -> list[int]:
    """Nodes, each behind those that it reads."""
    waiting = edges.sum(axis=0)
    order = np.flatnonzero(waiting == 0).tolist()
    for node in order:
        for target in np.flatnonzero(edges[node]).tolist():
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    return order
