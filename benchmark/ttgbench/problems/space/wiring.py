"""Graphs as a search space handles them inside: nodes are numbers, and what is allowed is looked up in tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ttgbench.graphs.graph import NAMES, Graph, Node
from ttgbench.graphs.rules import ROLE_RULES
from ttgbench.models.budget import Budget
from ttgbench.models.cost import nominal_node_cost
from ttgbench.models.pool import Pool
from ttgbench.problems.space.nodes import FINAL_ROLE, NodeBudget
from ttgbench.tasks.task import Lengths

Kind = tuple[str, str | None]
"""Role and model of a node."""
Inputs = Sequence[Sequence[int]]
"""Per node, the nodes that it reads."""


@dataclass(frozen=True)
class Wiring:
    """A graph, not yet known to be valid: per node the index of its kind, and the nodes that it reads."""

    kinds: Sequence[int]
    inputs: Inputs

    @cached_property
    def levels(self) -> list[int] | None:
        """Edges on the longest path to each node; None if there is a cycle."""
        return levels_of(self.inputs)

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Pairs (from, to)."""
        return [(source, target) for target, sources in enumerate(self.inputs) for source in sources]

    @property
    def outline(self) -> tuple[int, int, int]:
        """Equal for isomorphic graphs and seldom for others, but fast: nodes, edges, and a hash of what the sink reads,
        what that reads, and so on. The graph must have no flaw but its size or price.
        """
        levels = self.levels
        assert levels is not None
        hashes = [0] * len(levels)
        for node in sorted(range(len(levels)), key=levels.__getitem__):
            hashes[node] = hash((self.kinds[node], sum([hashes[source] for source in self.inputs[node]])))
        return len(levels), sum(map(len, self.inputs)), hashes[node]  # the sink is alone on the last level

    @property
    def sinks(self) -> list[int]:
        """Nodes that nobody reads."""
        read = set().union(*self.inputs)
        return [node for node in range(len(self.kinds)) if node not in read]

    @property
    def sink_count(self) -> int:
        """How many `sinks` there are."""
        return len(self.kinds) - len(set().union(*self.inputs))


def levels_of(inputs: Inputs) -> list[int] | None:
    """Edges on the longest path to each node; None if there is a cycle."""
    levels = [-1] * len(inputs)
    waiting: Sequence[int] = range(len(inputs))
    while waiting:
        later = []
        for node in waiting:
            level = 0
            for source in inputs[node]:
                below = levels[source]
                if below < 0:
                    later.append(node)
                    break
                if below >= level:
                    level = below + 1
            else:
                levels[node] = level
        if len(later) == len(waiting):
            return None
        waiting = later
    return levels


@dataclass(frozen=True)
class Bounds:
    """What a search space allows, as tables over kinds of nodes. In-degrees go up to `max_in_degree`."""

    roles: tuple[str, ...]
    pool: Pool
    lengths: Lengths
    budget: Budget
    max_nodes: int
    max_width: int
    max_depth: int
    max_in_degree: int
    nodes: NodeBudget | None = None

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """Every role with every model that it can have, in the order of roles and pool."""
        return tuple(
            (role, model)
            for role in self.roles
            for model in (self.pool.names if ROLE_RULES[role].needs_model else (None,))
        )

    @cached_property
    def index(self) -> dict[Kind, int]:
        """Index of each kind."""
        return {kind: i for i, kind in enumerate(self.kinds)}

    @cached_property
    def needs_inputs(self) -> tuple[bool, ...]:
        """Per kind: must a node of it have a predecessor?"""
        return tuple(ROLE_RULES[role].needs_predecessors for role, _ in self.kinds)

    @cached_property
    def silent(self) -> frozenset[int]:
        """Kinds whose output is no answer: somebody must read it, and no vote may count it."""
        return frozenset(kind for kind, (role, _) in enumerate(self.kinds) if not ROLE_RULES[role].answers)

    @cached_property
    def limit(self) -> int:
        """The budget per query, in the ledger's metric."""
        return self.budget.limit_amount(self.pool, self.lengths)

    @cached_property
    def additive(self) -> bool:
        """Whether a graph's cost is the sum over its nodes; else it is the longest path."""
        return self.budget.additive

    @cached_property
    def costs(self) -> tuple[tuple[int, ...], ...]:
        """Nominal cost by kind and in-degree, in the ledger's metric."""
        cards = [None if model is None else self.pool[model] for _, model in self.kinds]
        degrees = range(self.max_in_degree + 1)
        return tuple(
            tuple(self.budget.amount(nominal_node_cost(card, degree, self.lengths)) for degree in degrees)
            for card in cards
        )

    @cached_property
    def drawable(self) -> tuple[tuple[int, ...], ...]:
        """By in-degree, the kinds that `SearchSpace.sample` draws from; never a vote on a single answer."""
        return tuple(
            tuple(
                kind
                for kind, (_, model) in enumerate(self.kinds)
                if (degree > 0 or not self.needs_inputs[kind]) and (degree != 1 or model is not None)
            )
            for degree in range(self.max_in_degree + 1)
        )

    @cached_property
    def cheapest(self) -> tuple[int, ...]:
        """By in-degree, the cost of the cheapest kind that is drawn."""
        return tuple(min(self.costs[kind][degree] for kind in kinds) for degree, kinds in enumerate(self.drawable))

    def amount(self, costs: Sequence[int], inputs: Inputs) -> int:
        """What nodes of these costs add up to: their sum, or, where the budget limits latency, the longest path.

        The graph must be acyclic.
        """
        if self.additive:
            return sum(costs)
        levels = levels_of(inputs)
        assert levels is not None
        ready = [0] * len(costs)
        for node in sorted(range(len(costs)), key=levels.__getitem__):
            ready[node] = costs[node] + max((ready[source] for source in inputs[node]), default=0)
        return max(ready)

    def wiring_costs(self, wiring: Wiring) -> list[int]:
        """Per node, its nominal cost."""
        costs = self.costs
        return [costs[kind][len(sources)] for kind, sources in zip(wiring.kinds, wiring.inputs, strict=True)]

    def affordable(self, wiring: Wiring) -> bool:
        """False only for what is over budget: of most such graphs `flaw` says the same, more slowly."""
        if not self.additive:
            return True
        try:
            return sum(self.wiring_costs(wiring)) <= self.limit
        except IndexError:  # too many predecessors to have a price
            return True

    def flaw(self, wiring: Wiring) -> str | None:
        """Why this is not a graph of the space; None if it is. Only a reason of cost contains the word budget."""
        if len(wiring.kinds) > self.max_nodes:
            return f"it has {len(wiring.kinds)} nodes, the space allows {self.max_nodes}"
        in_degree = max(map(len, wiring.inputs))
        if in_degree > self.max_in_degree:
            return f"a node has {in_degree} predecessors, the space allows {self.max_in_degree}"
        needs_inputs = self.needs_inputs
        if any(needs_inputs[kind] for kind, sources in zip(wiring.kinds, wiring.inputs, strict=True) if not sources):
            return "a node lacks the predecessor that its role needs"
        if wiring.sink_count != 1 or (levels := wiring.levels) is None:
            return "it is not an acyclic graph with one sink"
        if self.silent and (silent := self._silent_flaw(wiring)):
            return silent
        depth = max(levels) + 1
        if depth > self.max_depth:
            return f"its depth is {depth}, the space allows {self.max_depth}"
        width = max(map(levels.count, set(levels)))
        if width > self.max_width:
            return f"its width is {width}, the space allows {self.max_width}"
        amount = self.amount(self.wiring_costs(wiring), wiring.inputs)
        if amount > self.limit:
            share = amount / self.limit
            return f"it nominally costs {share:.4g} times the budget of {self.budget} per query"
        return None if self.nodes is None else self._node_flaw(wiring, self.nodes)

    def _silent_flaw(self, wiring: Wiring) -> str | None:
        """Why a node that gives no answer stands in the wrong place."""
        for node in range(len(wiring.kinds)):
            kind = wiring.kinds[node]
            if kind in self.silent and not self.may_be_silent(wiring, node):
                return f"a {self.kinds[kind][0]} gives no answer: it cannot be the sink, and no vote may count it"
        return None

    def may_be_silent(self, wiring: Wiring, node: int) -> bool:
        """Whether somebody reads a node, and none of its readers is a vote."""
        readers = [reader for reader, sources in enumerate(wiring.inputs) if node in sources]
        return bool(readers) and all(self.kinds[wiring.kinds[reader]][1] is not None for reader in readers)

    def _node_flaw(self, wiring: Wiring, nodes: NodeBudget) -> str | None:
        """Why this is not a final node behind nodes within their budget, nor an assistant alone within it."""
        sink = wiring.sinks[0]
        alone = len(wiring.kinds) == 1
        inner = [kind for node, kind in enumerate(wiring.kinds) if alone or node != sink]
        price = sum(self.prices[kind] for kind in inner)
        if price > nodes.limit:
            return f"its nodes cost {price}, the budget of nodes is {nodes.limit}"
        final = self.kinds[wiring.kinds[sink]]
        if not alone and final != (FINAL_ROLE, nodes.final):
            return f"its last node is {final[0]} on {final[1]}, it must be {FINAL_ROLE} on {nodes.final}"
        return None

    @cached_property
    def prices(self) -> tuple[int, ...]:
        """By kind, what a node costs of the budget of nodes; nothing where there is none, or no model."""
        by_model = {} if self.nodes is None else dict(zip(self.pool.names, self.nodes.prices, strict=True))
        return tuple(0 if model is None else by_model.get(model, 0) for _, model in self.kinds)

    def read(self, graph: Graph) -> Wiring | str:
        """A graph as wiring, or why the space has no kind for one of its nodes."""
        kinds, index = [], self.index
        for node in graph.nodes:
            kind = index.get((node.role, node.model))
            if kind is None:
                known = node.role in self.roles
                return (
                    f"node {node.id!r}: the model {node.model!r} is not in pool {self.pool.name!r}"
                    if known
                    else f"node {node.id!r}: the role {node.role!r} is not one of {', '.join(self.roles)}"
                )
            kinds.append(kind)
        place = {node.id: i for i, node in enumerate(graph.nodes)}
        inputs: list[list[int]] = [[] for _ in kinds]
        for source, target in graph.edges:
            inputs[place[target]].append(place[source])
        return Wiring(kinds, inputs)

    def graph(self, wiring: Wiring) -> Graph:
        """The graph of a wiring without a flaw, with ids n0, n1, ... in the order of the wiring's nodes."""
        assert wiring.levels is not None
        nodes = [self._nodes[kind][i] for i, kind in enumerate(wiring.kinds)]
        edges = [
            (NAMES[source], name) for name, sources in zip(NAMES, wiring.inputs, strict=False) for source in sources
        ]
        return Graph.of_valid(nodes, edges, dict(zip(NAMES, wiring.levels, strict=False)))

    @cached_property
    def _nodes(self) -> tuple[tuple[Node, ...], ...]:
        """By kind and number, the node: each is made once."""
        return tuple(tuple(Node(name, *kind) for name in NAMES[: self.max_nodes]) for kind in self.kinds)
