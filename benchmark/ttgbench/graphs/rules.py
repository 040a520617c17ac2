"""The rules that a collaboration graph obeys, and the collector that finds every broken one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from ttgbench.errors import GraphIssue, unknown_name_message
from ttgbench.graphs.roles import ROLES

MAX_NODES = 128
MAX_EDGES = MAX_NODES * (MAX_NODES - 1) // 2
MAX_NAME = 64
"""Characters in a node id or a model name."""
MAX_ISSUES = 100
"""Issues listed for one graph; further ones are counted."""
MAX_HINTS = 20
"""Issues after which unknown node ids are no longer compared with the known ones, which is slow."""


@dataclass(frozen=True, slots=True)
class Node:
    """One call of a model (or of none, for a vote). `role` and `model` are names."""

    id: str
    role: str
    model: str | None = None


class RoleRule(NamedTuple):
    """What a graph must know of a role."""

    needs_model: bool
    needs_predecessors: bool
    answers: bool = True


ROLE_RULES: Mapping[str, RoleRule] = MappingProxyType(
    {name: RoleRule(role.needs_model, role.needs_predecessors, role.answers) for name, role in ROLES.items()}
)
"""What the roles' files say of a graph's structure."""


def shown(value: Any) -> str:
    """A value from outside in a message: short, printable, whatever it is."""
    if isinstance(value, str):
        return repr(value) if len(value) <= MAX_NAME else f"{value[:MAX_NAME]!r}..."
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    kinds = {int: "a number", float: "a number", dict: "an object", list: "a list", tuple: "a list"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def name_problem(value: Any) -> str | None:
    """Why this cannot name a node or a model; None if it can."""
    if not isinstance(value, str):
        return f"must be a string, not {shown(value)}"
    if not 0 < len(value) <= MAX_NAME or not value.isprintable() or value != value.strip():
        return f"must be 1 to {MAX_NAME} printable characters, no blank at either end, not {shown(value)}"
    return None


class Findings:
    """Takes a graph node by node and edge by edge, keeps what is usable and notes every broken rule."""

    def __init__(self, roles: Mapping[str, RoleRule], models: Collection[str] | None) -> None:
        self.roles, self.models = roles, models
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str], None] = {}
        self.levels: dict[str, int] = {}
        self.found: list[GraphIssue] = []
        self._half_known: set[str] = set()
        """Nodes named in an edge that cannot be used: nothing is said about the edges they seem to lack."""

    def add(self, node: str | None, rule: str, message: str) -> None:
        self.found.append(GraphIssue(node, rule, message))

    @property
    def issues(self) -> list[GraphIssue]:
        """At most MAX_ISSUES issues, then one that counts the rest."""
        rest = len(self.found) - MAX_ISSUES
        more = [GraphIssue(None, "more", f"{rest} more issues are not listed")] if rest > 0 else []
        return self.found[:MAX_ISSUES] + more

    def sizes_fit(self, nodes: int, edges: int) -> bool:
        """False for a graph that is too large to be looked at further."""
        if nodes > MAX_NODES:
            self.add(None, "too-many-nodes", f"a graph has at most {MAX_NODES} nodes, this one has {nodes}")
        if edges > MAX_EDGES:
            self.add(None, "too-many-edges", f"a graph has at most {MAX_EDGES} edges, this one has {edges}")
        return nodes <= MAX_NODES and edges <= MAX_EDGES

    def take_node(self, where: str, node_id: Any, role: Any, model: Any) -> None:
        problem = name_problem(node_id)
        if problem:
            self.add(None, "invalid-id", f"{where}: a node id {problem}")
            return
        if node_id in self.nodes:
            self.add(node_id, "duplicate-id", f"{where}: another node has the id {node_id!r} already")
            return
        self.nodes[node_id] = Node(node_id, role, model)
        if role is None:
            self.add(node_id, "missing-field", f"node {node_id!r}: the field 'role' is missing")
        elif not isinstance(role, str):
            self.add(node_id, "type", f"node {node_id!r}: role must be a string, not {shown(role)}")
        elif role not in self.roles:
            self.add(node_id, "unknown-role", f"node {node_id!r}: {unknown_name_message('role', role, self.roles)}")
        else:
            self._take_model(node_id, role, model)

    def _take_model(self, node_id: str, role: str, model: Any) -> None:
        needed = self.roles[role].needs_model
        if model is None and needed:
            self.add(node_id, "missing-model", f"node {node_id!r}: role {role!r} needs a model")
        elif model is not None and not needed:
            self.add(node_id, "model-not-allowed", f"node {node_id!r}: role {role!r} runs no model; remove 'model'")
        elif model is not None and (problem := name_problem(model)):
            self.add(node_id, "type", f"node {node_id!r}: a model name {problem}")
        elif model is not None and self.models is not None and model not in self.models:
            self.add(node_id, "unknown-model", f"node {node_id!r}: {unknown_name_message('model', model, self.models)}")

    def take_edges(self, edges: Iterable[Any]) -> None:
        for i, edge in enumerate(edges):
            self._take_edge(f"edges[{i}]", edge)

    def _take_edge(self, where: str, edge: Any) -> None:
        if not (isinstance(edge, list | tuple) and len(edge) == 2 and all(isinstance(end, str) for end in edge)):
            self.add(None, "type", f"{where}: an edge is a list of two node ids, from and to, not {shown(edge)}")
            return
        source, target = edge
        if source not in self.nodes or target not in self.nodes:
            for end in dict.fromkeys((source, target)):
                if end not in self.nodes:
                    self._unknown_node(where, end)
            self._half_known.update((source, target))
        elif source == target:
            self.add(source, "self-loop", f"{where}: node {source!r} cannot be its own predecessor")
        elif (source, target) in self.edges:
            self.add(target, "duplicate-edge", f"{where}: the edge {source!r} to {target!r} is listed already")
        else:
            self.edges[source, target] = None

    def _unknown_node(self, where: str, end: str) -> None:
        if name_problem(end) is not None or len(self.found) >= MAX_HINTS:
            self.add(None, "unknown-node", f"{where}: there is no node {shown(end)}")
        else:
            self.add(end, "unknown-node", f"{where}: {unknown_name_message('node', end, self.nodes)}")

    def check_wiring(self) -> None:
        """The rules on the graph as a whole: acyclic, one sink that every node reaches, predecessors where needed."""
        if not self.nodes:
            if not self.found:
                self.add(None, "empty", "a graph has at least one node")
            return
        successors: dict[str, list[str]] = {node: [] for node in self.nodes}
        predecessors: dict[str, list[str]] = {node: [] for node in self.nodes}
        for source, target in self.edges:
            successors[source].append(target)
            predecessors[target].append(source)
        self.levels = _levels(successors, predecessors)
        for cycle in _cycles(set(self.nodes) - set(self.levels), successors):
            path = " -> ".join([*map(repr, cycle[:10]), *(["..."] if len(cycle) > 10 else []), repr(cycle[0])])
            self.add(cycle[0], "cycle", f"the nodes {path} form a cycle")
        self._check_sink(successors, predecessors)
        for node in self.nodes.values():
            rule = self.roles.get(node.role) if isinstance(node.role, str) else None
            if rule and rule.needs_predecessors and not predecessors[node.id] and node.id not in self._half_known:
                message = f"node {node.id!r}: role {node.role!r} needs at least one predecessor"
                self.add(node.id, "no-predecessor", message)

    def _check_sink(self, successors: Mapping[str, list[str]], predecessors: Mapping[str, list[str]]) -> None:
        ends = [node for node in self.nodes if not successors[node] and node not in self._half_known]
        # A node without any edge is more helpfully called unconnected than one of several sinks.
        sinks = [node for node in ends if predecessors[node]] or ends
        if len(sinks) > 1:
            for node in sinks:
                message = f"node {node!r} is one of {len(sinks)} sinks; a graph has exactly one, which gives the answer"
                self.add(node, "several-sinks", message)
        reaching = dict.fromkeys(sinks)
        queue = [*sinks, *self._half_known.intersection(self.nodes)]
        for node in queue:
            for other in predecessors[node]:
                if other not in reaching:
                    reaching[other] = None
                    queue.append(other)
        if sinks:
            for node in self.nodes:
                if node not in reaching and node not in self._half_known:
                    self.add(node, "unreachable-sink", f"node {node!r} does not reach the sink {sinks[0]!r}")


def _levels(successors: Mapping[str, list[str]], predecessors: Mapping[str, list[str]]) -> dict[str, int]:
    """Edges on the longest path that leads to each node; nodes on or behind a cycle are left out."""
    waiting = {node: len(before) for node, before in predecessors.items()}
    levels = {node: 0 for node, count in waiting.items() if not count}
    queue = list(levels)
    for node in queue:
        for other in successors[node]:
            waiting[other] -= 1
            if not waiting[other]:
                levels[other] = 1 + max(levels[before] for before in predecessors[other])
                queue.append(other)
    return levels


def _cycles(left: set[str], successors: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Disjoint cycles among the nodes left, each from its smallest node; without them no cycle remains."""
    while left:
        loose = {node for node in left if left.isdisjoint(successors[node])}
        left = left - loose
        if left and not loose:
            walk = [min(left)]
            while (node := next(other for other in successors[walk[-1]] if other in left)) not in walk:
                walk.append(node)
            cycle = walk[walk.index(node) :]
            start = cycle.index(min(cycle))
            yield cycle[start:] + cycle[:start]
            left = left - set(cycle)
