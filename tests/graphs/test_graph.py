"""Graphs: every isomorphic graph is equal, JSON survives a round trip."""

import copy
import itertools
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import GraphError, UnknownName
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, layered, parallel, parallel_chains, single

PINNED_KEY = "a30023888693bd6925a79d931f19f8f2940f90cc48b84c1aa7e0533ac93fbb48"


def test_facts_about_a_graph() -> None:
    graph = Graph(
        [
            Node("s", "vote"),
            Node("a", "assistant", "m"),
            Node("b", "assistant", "k"),
            Node("c", "fuser", "m"),
        ],
        [("a", "c"), ("b", "c"), ("c", "s"), ("b", "s")],
    )
    assert graph.sink == "s"
    assert graph.levels == (("a", "b"), ("c",), ("s",))
    assert (graph.width, graph.depth) == (2, 3)
    assert graph.order == ("b", "a", "c", "s")
    assert graph.predecessors("s") == ("c", "b")
    assert graph.successors("b") == ("c", "s")
    assert graph["c"] == Node("c", "fuser", "m")
    assert graph.role_counts == {"assistant": 2, "fuser": 1, "vote": 1}
    assert graph.model_counts == {"k": 1, "m": 2}
    for look_up in (graph.predecessors, graph.successors, graph.__getitem__):
        with pytest.raises(UnknownName, match="unknown node 'z'"):
            look_up("z")


def test_a_graph_cannot_be_changed() -> None:
    graph = single("m")
    with pytest.raises(AttributeError):
        graph.nodes = ()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del graph.edges
    with pytest.raises(AttributeError):
        graph.colour = "red"  # type: ignore[attr-defined]


def test_copies_are_equal() -> None:
    graph = parallel("m", 3)
    for again in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph), eval(repr(graph))):
        assert again == graph
        assert again.nodes == graph.nodes
        assert hash(again) == hash(graph)
    assert graph != single("m")
    assert graph != "graph"
    assert len({parallel("m", 3), parallel("m", 3), parallel("m", 4)}) == 2


def test_keys_and_hashes_are_the_same_in_another_process() -> None:
    graph = layered([["m", "k"], ["m", "m"]], "k")
    program = "import sys; from ttgbench.graphs.graph import Graph\n"
    program += "g = Graph.from_json(sys.argv[1]);print(g.key, hash(g), *g.order)"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program, graph.to_json()],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {" ".join([graph.key, str(hash(graph)), *graph.order]) + "\n"}


def test_import_needs_neither_networkx_nor_numpy() -> None:
    program = (
        "import sys, ttgbench.graphs.graph, ttgbench.graphs.keys, ttgbench.graphs.shapes, ttgbench.graphs.draw.text;"
        "print({'networkx', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


def test_the_canonical_json_is_pinned() -> None:
    graph = parallel("m", 2, "fuser", "k")
    assert graph.canonical().to_json() == (
        '{"schema":1,"nodes":[{"id":"n0","role":"assistant","model":"m"},{"id":"n1","role":"assistant","model":"m"},'
        '{"id":"n2","role":"fuser","model":"k"}],"edges":[["n0","n2"],["n1","n2"]]}'
    )
    assert graph.key == PINNED_KEY
    assert graph.canonical().key == graph.key
    assert graph.canonical().order == ("n0", "n1", "n2")


def dags(n: int, kinds: int) -> Iterator[Graph]:
    """Every valid graph of n numbered nodes whose edges go from lower to higher numbers."""
    pairs = list(itertools.combinations(range(n), 2))
    for models in itertools.product(range(kinds), repeat=n):
        nodes = [Node(f"n{i}", "assistant", f"m{model}") for i, model in enumerate(models)]
        for chosen in itertools.product((False, True), repeat=len(pairs)):
            edges = [(f"n{i}", f"n{j}") for (i, j), taken in zip(pairs, chosen, strict=True) if taken]
            if {f"n{i}" for i in range(n - 1)} == {source for source, _ in edges}:
                yield Graph(nodes, edges)


@pytest.mark.parametrize(("n", "kinds"), [(1, 2), (2, 2), (3, 2), (4, 1), (4, 2)])
def test_equal_keys_mean_isomorphic_and_nothing_else(n: int, kinds: int) -> None:
    """Against networkx: one representative per key; no two are isomorphic, and each graph is to its own."""
    by_key: dict[str, Graph] = {}
    same = networkx.algorithms.isomorphism.categorical_node_match(["role", "model"], [None, None])
    for graph in dags(n, kinds):
        first = by_key.setdefault(graph.key, graph)
        if first is not graph:
            assert networkx.is_isomorphic(first.to_networkx(), graph.to_networkx(), node_match=same)
    invariants: dict[Any, list[networkx.DiGraph]] = {}
    for graph in by_key.values():
        degrees = sorted((len(graph.predecessors(n.id)), len(graph.successors(n.id)), n.model) for n in graph.nodes)
        invariants.setdefault(str(degrees), []).append(graph.to_networkx())
    for alike in invariants.values():
        for one, other in itertools.combinations(alike, 2):
            assert not networkx.is_isomorphic(one, other, node_match=same)


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 10) -> Graph:
    n = draw(st.integers(1, max_nodes))
    pairs = list(itertools.combinations(range(n), 2))
    chosen = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    chosen |= {(i, n - 1) for i in range(n - 1) if not any(source == i for source, _ in chosen)}
    first = {i for i in range(n) if not any(target == i for _, target in chosen)}
    kinds = [("assistant", "m"), ("assistant", "k"), ("fuser", "m"), ("vote", None)]
    nodes = [Node(f"n{i}", *draw(st.sampled_from(kinds[:2] if i in first else kinds))) for i in range(n)]
    return Graph(nodes, [(f"n{i}", f"n{j}") for i, j in sorted(chosen)])


@given(graphs(), st.randoms(use_true_random=False))
def test_renumbered_graphs_are_equal(graph: Graph, rng: random.Random) -> None:
    ids = [n.id for n in graph.nodes]
    to = dict(zip(ids, rng.sample(["é", "b c", "<&>", *map(str, range(20))], len(ids)), strict=True))
    nodes = [Node(to[n.id], n.role, n.model) for n in rng.sample(graph.nodes, len(ids))]
    edges = [(to[source], to[target]) for source, target in rng.sample(graph.edges, len(graph.edges))]
    other = Graph(nodes, edges)
    assert other == graph
    assert hash(other) == hash(graph)
    assert other.canonical().to_json() == graph.canonical().to_json()
    assert (other.width, other.depth, other.role_counts) == (graph.width, graph.depth, graph.role_counts)


@given(graphs())
def test_canonical_order_is_topological(graph: Graph) -> None:
    place = {node_id: i for i, node_id in enumerate(graph.order)}
    assert all(place[source] < place[target] for source, target in graph.edges)
    assert graph.order[-1] == graph.sink
    assert graph.canonical().canonical().to_json() == graph.canonical().to_json()


@given(graphs())
def test_round_trips(graph: Graph) -> None:
    for again in (
        Graph.from_json(graph.to_json()),
        Graph.from_json(b"\xef\xbb\xbf" + graph.to_json().encode()),
        Graph.from_dict(graph.to_dict()),
        Graph.from_networkx(graph.to_networkx()),
    ):
        assert again == graph
        assert again.nodes == graph.nodes
        assert sorted(again.edges) == sorted(graph.edges)


def test_networkx_graphs_are_checked() -> None:
    source = networkx.DiGraph()
    source.add_node(0, role="assistant", model="m", colour="red")
    source.add_node(1, role="vote")
    source.add_edge(0, 1, weight=2)
    assert Graph.from_networkx(source) == parallel("m", 1)
    source.add_node("0", role="assistant", model="m")
    source.add_node("bare")
    with pytest.raises(GraphError) as caught:
        Graph.from_networkx(source)
    assert {issue.rule for issue in caught.value.issues} >= {"duplicate-id", "missing-field"}
    with pytest.raises(GraphError, match="must be directed"):
        Graph.from_networkx(networkx.Graph([(0, 1)]))
    twice = networkx.MultiDiGraph(source.subgraph([0, 1]))
    twice.add_edge(0, 1)
    with pytest.raises(GraphError, match="listed already"):
        Graph.from_networkx(twice)


@pytest.mark.parametrize(
    "graph", [parallel("m", 64), layered([["m"] * 8] * 8, "m"), parallel_chains("m", 8, 8), chain("m", 128)]
)
def test_large_regular_graphs_are_quick(graph: Graph) -> None:
    started = time.process_time()
    assert len(graph.key) == 64
    assert time.process_time() - started < 0.5
