"""Edits of a graph as a person would name them: wider, deeper, another model, another way to put answers together.

Each kind of edit yields its variants in a fixed order, the most promising first; all are in the space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ttgbench.errors import GraphError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.roles import ROLES
from ttgbench.problems.space.space import SearchSpace


class Sketch:
    """A graph that may be changed, and need not be valid until it is built."""

    def __init__(self, graph: Graph) -> None:
        self.nodes: dict[str, tuple[str, str | None]] = {i: (graph[i].role, graph[i].model) for i in graph.order}
        self.edges: list[tuple[str, str]] = list(graph.edges)

    def inputs(self, node: str) -> list[str]:
        """What a node reads."""
        return [source for source, target in self.edges if target == node]

    def readers(self, node: str) -> list[str]:
        """Who reads a node."""
        return [target for source, target in self.edges if source == node]

    def add(self, role: str, model: str | None, reads: Sequence[str], read_by: Sequence[str]) -> str:
        """A new node; returns its id."""
        node = next(f"e{i}" for i in range(len(self.nodes) + 1) if f"e{i}" not in self.nodes)
        self.nodes[node] = role, model
        self.edges += [(source, node) for source in reads] + [(node, target) for target in read_by]
        return node

    def remove(self, node: str, bridge: bool) -> None:
        """Takes a node out; with a bridge, its readers then read what it read."""
        before, after = self.inputs(node), self.readers(node)
        del self.nodes[node]
        self.edges = [edge for edge in self.edges if node not in edge]
        if bridge:
            new = [(source, target) for source in before for target in after]
            self.edges += [edge for edge in new if edge not in self.edges]

    def build(self, space: SearchSpace) -> Graph | None:
        """The graph; None if it is not one of the space."""
        if not 0 < len(self.nodes) <= space.max_nodes:
            return None
        try:
            graph = Graph([Node(i, *kind) for i, kind in self.nodes.items()], self.edges)
        except GraphError:
            return None
        return graph if space.contains(graph) is None else None


def aggregators(space: SearchSpace, ranking: Sequence[str]) -> list[tuple[str, str | None]]:
    """Ways to make one answer of several: a vote, or a fuser of the best models."""
    votes: list[tuple[str, str | None]] = [(role, None) for role in space.roles if ROLES[role].aggregates]
    return votes + [("fuser", model) for model in ranking[:3] if "fuser" in space.roles]


def wider(graph: Graph, space: SearchSpace, ranking: Sequence[str]) -> Iterator[Graph | None]:
    """One more node beside another that is read; of a single node, two and something that puts them together."""
    inner = [i for i in graph.order if graph.successors(i)]
    if not inner:
        role, model = graph[graph.sink].role, graph[graph.sink].model
        for end in aggregators(space, ranking):
            sketch = Sketch(graph)
            sink = sketch.add(*end, [graph.sink], [])
            sketch.add(role, model, [], [sink])
            yield sketch.build(space)
    for node in inner:
        models = dict.fromkeys([graph[node].model, *ranking[:2]])
        for model in [None] if graph[node].model is None else models:
            sketch = Sketch(graph)
            sketch.add(graph[node].role, model, sketch.inputs(node), sketch.readers(node))
            yield sketch.build(space)


def narrower(graph: Graph, space: SearchSpace, ranking: Sequence[str]) -> Iterator[Graph | None]:
    """One source less, of the least preferred model first."""
    sources = [i for i in graph.order if not graph.predecessors(i) and graph.successors(i)]
    for node in sorted(sources, key=lambda i: -_rank(ranking, graph[i].model)):
        sketch = Sketch(graph)
        sketch.remove(node, bridge=False)
        yield sketch.build(space)


def deeper(graph: Graph, space: SearchSpace, ranking: Sequence[str]) -> Iterator[Graph | None]:
    """An assistant that refines the answer, or one on an edge; or a fuser's layer doubled."""
    if "assistant" not in space.roles:
        return
    own = graph[graph.sink].model
    for model in dict.fromkeys([*ranking[:2], *([] if own is None else [own])]):
        sketch = Sketch(graph)
        sketch.add("assistant", model, [graph.sink], [])
        yield sketch.build(space)
    for source, target in graph.edges:
        model = graph[source].model or ranking[0]
        sketch = Sketch(graph)
        sketch.edges.remove((source, target))
        sketch.add("assistant", model, [source], [target])
        yield sketch.build(space)


def flatter(graph: Graph, space: SearchSpace, ranking: Sequence[str]) -> Iterator[Graph | None]:
    """One step less on the way: its readers read what it read."""
    for node in reversed(graph.order):
        if graph.predecessors(node) and (graph.successors(node) or len(graph.predecessors(node)) == 1):
            sketch = Sketch(graph)
            sketch.remove(node, bridge=True)
            yield sketch.build(space)


def other_model(graph: Graph, space: SearchSpace, ranking: Sequence[str]) -> Iterator[Graph | None]:
    """Another model for one node, the sink first, better models first."""
    for model in ranking:
        for node in reversed(graph.order):
            if graph[node].model not in (None, model):
                sketch = Sketch(graph)
                sketch.nodes[node] = graph[node].role, model
                yield sketch.build(space)


def other_role(graph: Graph, space: SearchSpace, ranking: Sequence[str]) -> Iterator[Graph | None]:
    """Another way to use what a node reads, the sink first."""
    for node in reversed(graph.order):
        if graph.predecessors(node):
            kept = graph[node].model or ranking[0]
            for role in space.roles:
                if role != graph[node].role:
                    sketch = Sketch(graph)
                    sketch.nodes[node] = role, kept if ROLES[role].needs_model else None
                    yield sketch.build(space)


def rewired(graph: Graph, space: SearchSpace, ranking: Sequence[str]) -> Iterator[Graph | None]:
    """An edge that skips a step, or one edge less."""
    for i, source in enumerate(graph.order):
        for target in graph.order[i + 1 :]:
            if graph.predecessors(target) and source not in graph.predecessors(target):
                sketch = Sketch(graph)
                sketch.edges.append((source, target))
                yield sketch.build(space)
    for edge in graph.edges:
        sketch = Sketch(graph)
        sketch.edges.remove(edge)
        yield sketch.build(space)


def exchanged(graph: Graph, space: SearchSpace, ranking: Sequence[str]) -> Iterator[Graph | None]:
    """All sources of another model, as many as the budget allows: many small ones for few large, or the reverse."""
    sources = [i for i in graph.order if not graph.predecessors(i)]
    for model in ranking:
        if len(graph.nodes) == 1 or all(graph[i].model == model for i in sources):
            continue
        sketch = Sketch(graph)
        for node in sources[1:]:
            sketch.remove(node, bridge=False)
        first = sources[0]
        sketch.nodes[first] = "assistant", model
        sketch.edges += [
            (first, target)
            for node in sources[1:]
            for target in graph.successors(node)
            if (first, target) not in sketch.edges
        ]
        last = sketch.build(space)
        while last is not None:
            best = last
            sketch.add("assistant", model, [], sketch.readers(first))
            last = sketch.build(space)
            if last is None:
                yield best


Edit = Callable[[Graph, SearchSpace, Sequence[str]], Iterator[Graph | None]]
EDITS: Mapping[str, Edit] = {
    "wider": wider,
    "deeper": deeper,
    "other model": other_model,
    "exchange": exchanged,
    "other role": other_role,
    "narrower": narrower,
    "flatter": flatter,
    "rewire": rewired,
}
"""All kinds of edits, by name."""


def _rank(ranking: Sequence[str], model: str | None) -> int:
    return ranking.index(model) if model in ranking else -1
