"""The collaboration graph: which models answer, in which roles, wired how. Immutable; JSON in and out.

A directed acyclic graph of nodes (role, model) with exactly one sink, whose output is the answer.

    {"schema": 1, "nodes": [{"id": "a", "role": "assistant", "model": "llama-3.2-1b"}, ...], "edges": [["a", "b"], ...]}
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ttgbench.errors import GraphError, GraphIssue, UnknownName
from ttgbench.graphs.canonical import SearchLimit, canonical_order
from ttgbench.graphs.json import MAX_BYTES, SCHEMA, parse, read, write
from ttgbench.graphs.rules import MAX_NODES, ROLE_RULES, Findings, Node, RoleRule, shown
from ttgbench.util.extras import require

if TYPE_CHECKING:
    from networkx import DiGraph

NAMES = tuple([f"n{i}" for i in range(MAX_NODES)])
"""Ids of nodes in canonical order."""

__all__ = ["MAX_BYTES", "MAX_NODES", "ROLE_RULES", "SCHEMA", "Graph", "Node", "RoleRule", "find_issues"]


class Graph:
    """A valid graph. Equal (and hashed equal) to every graph that differs in node ids and in order only.

    nodes: in any order; edges: pairs (from, to) of node ids; roles: rules of the roles that may occur.
    Raises GraphError with every broken rule.
    """

    nodes: tuple[Node, ...]
    """As given."""
    edges: tuple[tuple[str, str], ...]
    """As given."""
    _level_of: Mapping[str, int]

    def __init__(
        self,
        nodes: Iterable[Node],
        edges: Iterable[tuple[str, str]] = (),
        *,
        roles: Mapping[str, RoleRule] = ROLE_RULES,
    ) -> None:
        findings = Findings(roles, models=None)
        nodes, edges = list(nodes), list(edges)
        if findings.sizes_fit(len(nodes), len(edges)):
            for i, node in enumerate(nodes):
                if isinstance(node, Node):
                    findings.take_node(f"nodes[{i}]", node.id, node.role, node.model)
                else:
                    findings.add(None, "type", f"nodes[{i}]: must be a Node, not {shown(node)}")
            findings.take_edges(edges)
            findings.check_wiring()
        if findings.found:
            raise GraphError(findings.issues)
        self._fill(findings.nodes.values(), findings.edges, findings.levels)

    @classmethod
    def of_valid(cls, nodes: Iterable[Node], edges: Iterable[tuple[str, str]], level_of: Mapping[str, int]) -> Graph:
        """A graph that is known to obey every rule: nothing is checked. level_of: what `levels` says, by node id."""
        graph = cls.__new__(cls)
        graph._fill(nodes, edges, level_of)
        return graph

    def _fill(self, nodes: Iterable[Node], edges: Iterable[tuple[str, str]], level_of: Mapping[str, int]) -> None:
        self.__dict__.update(nodes=tuple(nodes), edges=tuple(edges), _level_of=level_of)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Graph cannot be changed; {name!r} was to be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Graph cannot be changed; {name!r} was to be deleted")

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Graph) else NotImplemented

    def __hash__(self) -> int:
        return int(self.key[:15], 16)  # unlike hash(str), the same in every process

    def __repr__(self) -> str:
        return f"Graph({list(self.nodes)}, {list(self.edges)})"

    def _repr_svg_(self) -> str:
        """How a notebook shows it."""
        from ttgbench.graphs.draw.svg import as_svg

        return as_svg(self)

    def __getitem__(self, node_id: str) -> Node:
        """The node of this id. Raises UnknownName."""
        return self._by_id[self._known(node_id)]

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def _predecessors(self) -> Mapping[str, list[str]]:
        predecessors: dict[str, list[str]] = {node: [] for node in self._level_of}
        for source, target in self.edges:
            predecessors[target].append(source)
        return predecessors

    @cached_property
    def _successors(self) -> Mapping[str, list[str]]:
        successors: dict[str, list[str]] = {node: [] for node in self._level_of}
        for source, target in self.edges:
            successors[source].append(target)
        return successors

    def _known(self, node_id: str) -> str:
        if node_id not in self._level_of:
            raise UnknownName("node", node_id, self._level_of)
        return node_id

    def predecessors(self, node_id: str) -> tuple[str, ...]:
        """Ids of the nodes whose outputs this node reads. Raises UnknownName."""
        return tuple(self._predecessors[self._known(node_id)])

    def successors(self, node_id: str) -> tuple[str, ...]:
        """Ids of the nodes that read this node's output. Raises UnknownName."""
        return tuple(self._successors[self._known(node_id)])

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Node ids by level: the number of edges on the longest path that leads to a node."""
        levels: list[list[str]] = [[] for _ in range(max(self._level_of.values()) + 1)]
        for node in self.nodes:
            levels[self._level_of[node.id]].append(node.id)
        return tuple(map(tuple, levels))

    @property
    def depth(self) -> int:
        """Number of levels: nodes on the longest path."""
        return len(self.levels)

    @property
    def width(self) -> int:
        """Nodes on the fullest level."""
        return max(map(len, self.levels))

    @property
    def sink(self) -> str:
        """Id of the node whose output is the answer."""
        return self.levels[-1][0]

    @property
    def role_counts(self) -> dict[str, int]:
        """How many nodes have each role, by name."""
        return dict(sorted(Counter(node.role for node in self.nodes).items()))

    @property
    def model_counts(self) -> dict[str, int]:
        """How many nodes run each model, by name."""
        return dict(sorted(Counter(node.model for node in self.nodes if node.model is not None).items()))

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Node ids in canonical order: by level, then role, then model, then place in the wiring.

        Every node comes after its predecessors and the sink is last. Renumbering the graph changes nothing but which of
        several interchangeable nodes comes first. Raises GraphError where the exact search would not end in
        reasonable time, which takes dozens of nodes that all look alike.
        """
        kinds = [(self._level_of[node.id], node.role, node.model or "") for node in self.nodes]
        rank = {kind: i for i, kind in enumerate(sorted(set(kinds)))}
        place = {node.id: i for i, node in enumerate(self.nodes)}
        neighbours: list[list[int]] = [[] for _ in place]
        for source, target in self.edges:
            start, end = place[source], place[target]
            neighbours[start].append(end)
            neighbours[end].append(start)
        try:
            order = canonical_order([rank[kind] for kind in kinds], neighbours)
        except SearchLimit:
            message = "too many nodes look alike for a canonical order to be found; wire them less regularly"
            raise GraphError([GraphIssue(None, "too-symmetric", message)]) from None
        return tuple(self.nodes[i].id for i in order)

    def canonical(self) -> Graph:
        """The same graph with ids n0, n1, ... in canonical order and sorted edges: equal for all isomorphic graphs."""
        return self._canonical

    @cached_property
    def _canonical(self) -> Graph:
        rows, edges = self._canonical_form
        levels = {name: self._level_of[i] for name, i in zip(NAMES, self.order, strict=False)}
        graph = Graph.of_valid([Node(*row) for row in rows], edges, levels)
        graph.__dict__["order"] = tuple(levels)
        return graph

    @property
    def _canonical_form(self) -> tuple[list[tuple[str, str, str | None]], list[tuple[str, str]]]:
        """Nodes as (id, role, model), and edges, of `canonical`."""
        place = {node_id: i for i, node_id in enumerate(self.order)}
        nodes = [self._by_id[node_id] for node_id in self.order]
        edges = sorted([(place[source], place[target]) for source, target in self.edges])
        rows = [(name, node.role, node.model) for name, node in zip(NAMES, nodes, strict=False)]
        return rows, [(NAMES[source], NAMES[target]) for source, target in edges]

    @cached_property
    def key(self) -> str:
        """SHA-256 (64 hex digits) of the canonical JSON: equal exactly for isomorphic graphs. Raises as `order`."""
        return hashlib.sha256(write(*self._canonical_form).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form as Python objects."""
        nodes = [
            {"id": node.id, "role": node.role} | ({} if node.model is None else {"model": node.model})
            for node in self.nodes
        ]
        return {"schema": SCHEMA, "nodes": nodes, "edges": [list(edge) for edge in self.edges]}

    def to_json(self) -> str:
        """One line of ASCII."""
        return write([(node.id, node.role, node.model) for node in self.nodes], self.edges)

    @classmethod
    def from_dict(
        cls,
        data: Any,
        *,
        source: object = None,
        models: Collection[str] | None = None,
        roles: Mapping[str, RoleRule] = ROLE_RULES,
    ) -> Graph:
        """Reads the JSON form. models: if given, the only ones that may occur. Raises GraphError with every issue."""
        findings = read(data, roles, models)
        if findings.found:
            raise GraphError(findings.issues, source=source)
        graph = cls.of_valid(findings.nodes.values(), findings.edges, findings.levels)
        try:
            graph.key  # noqa: B018  what has no canonical form is refused here, not in the middle of a run
        except GraphError as error:
            raise GraphError(error.issues, source=source) from None
        return graph

    @classmethod
    def from_json(
        cls,
        text: str | bytes,
        *,
        source: object = None,
        models: Collection[str] | None = None,
        roles: Mapping[str, RoleRule] = ROLE_RULES,
    ) -> Graph:
        """Reads JSON text, UTF-8 where it is bytes; more than MAX_BYTES is not parsed. Raises as `from_dict`."""
        return cls.from_dict(parse(text, source), source=source, models=models, roles=roles)

    @classmethod
    def from_networkx(cls, graph: DiGraph, *, roles: Mapping[str, RoleRule] = ROLE_RULES) -> Graph:
        """Reads a networkx.DiGraph whose nodes have the attributes `role` and `model`; str(node) is the id.

        Other attributes are ignored. Raises GraphError.
        """
        if not graph.is_directed():
            raise GraphError([GraphIssue(None, "type", "a networkx graph must be directed: use networkx.DiGraph")])
        nodes = [Node(str(node), data.get("role"), data.get("model")) for node, data in graph.nodes(data=True)]
        return cls(nodes, [(str(source), str(target)) for source, target in graph.edges()], roles=roles)

    def to_networkx(self) -> DiGraph:
        """A networkx.DiGraph with the attributes `role` and `model` on its nodes.

        Raises MissingExtra where networkx is not installed.
        """
        graph: DiGraph = require("networkx").DiGraph()
        graph.add_nodes_from((node.id, {"role": node.role, "model": node.model}) for node in self.nodes)
        graph.add_edges_from(self.edges)
        return graph


def find_issues(
    data: Any, models: Collection[str] | None = None, roles: Mapping[str, RoleRule] = ROLE_RULES
) -> list[GraphIssue]:
    """Every rule that the JSON form `data` breaks; empty for a valid graph."""
    try:
        Graph.from_dict(data, models=models, roles=roles)
    except GraphError as error:
        return list(error.issues)
    return []
