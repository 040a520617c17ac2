"""Graphs: every broken rule is named, every isomorphic graph is equal, JSON survives a round trip."""

import copy
import itertools
import json
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
from ttgbench.graphs import canonical
from ttgbench.graphs.graph import MAX_BYTES, MAX_NODES, Graph, Node, RoleRule, find_issues
from ttgbench.graphs.shapes import chain, layered, parallel, parallel_chains, single

MODELS = ("llama-3.2-1b", "llama-3.2-3b")


def node(node_id: Any, role: Any = "assistant", model: Any = "llama-3.2-1b") -> dict[str, Any]:
    return {"id": node_id, "role": role} | ({} if model is None else {"model": model})


def form(nodes: Any, edges: Any = (), **other: Any) -> dict[str, Any]:
    return {"schema": 1, "nodes": nodes, "edges": list(edges) if isinstance(edges, tuple) else edges} | other


def without(data: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != field}


A, B, C = node("a"), node("b"), node("c")
PINNED_KEY = "a30023888693bd6925a79d931f19f8f2940f90cc48b84c1aa7e0533ac93fbb48"
FUSER, VOTE = node("f", "fuser"), node("v", "vote", None)

BROKEN: list[tuple[str, Any, set[tuple[str | None, str]]]] = [
    ("cycle", form([A, B, C], [["a", "b"], ["b", "a"], ["b", "c"]]), {("a", "cycle")}),
    ("all in a cycle", form([A, B], [["a", "b"], ["b", "a"]]), {("a", "cycle")}),
    (
        "cycle beside the sink",
        form([A, B, C], [["b", "c"], ["c", "b"]]),
        {("b", "cycle"), ("b", "unreachable-sink"), ("c", "unreachable-sink")},
    ),
    (
        "two cycles",
        form([A, B, C, node("d"), node("e")], [["a", "b"], ["b", "a"], ["c", "d"], ["d", "c"], ["b", "e"], ["d", "e"]]),
        {("a", "cycle"), ("c", "cycle")},
    ),
    (
        "several sinks",
        form([A, B, C], [["a", "b"], ["a", "c"]]),
        {("b", "several-sinks"), ("c", "several-sinks")},
    ),
    ("no edges", form([A, B]), {("a", "several-sinks"), ("b", "several-sinks")}),
    ("unconnected", form([A, B, C], [["a", "b"]]), {("c", "unreachable-sink")}),
    ("fuser first", form([FUSER]), {("f", "no-predecessor")}),
    ("vote first", form([VOTE, A], [["v", "a"]]), {("v", "no-predecessor")}),
    ("role", form([node("a", "asistant")]), {("a", "unknown-role")}),
    ("role missing", form([without(A, "role")]), {("a", "missing-field")}),
    ("role type", form([node("a", {"name": "assistant"})]), {("a", "type")}),
    ("model", form([node("a", model="llama-3.2-1B-instruct")]), {("a", "unknown-model")}),
    ("model missing", form([node("a", model=None)]), {("a", "missing-model")}),
    ("model type", form([node("a", model=["llama-3.2-1b"])]), {("a", "type")}),
    ("model of a vote", form([A, node("v", "vote")], [["a", "v"]]), {("v", "model-not-allowed")}),
    ("id twice", form([A, B, B], [["a", "b"]]), {("b", "duplicate-id")}),
    ("id missing", form([without(A, "id")]), {(None, "missing-field")}),
    ("id empty", form([node("")]), {(None, "invalid-id")}),
    ("id of another type", form([node(1)]), {(None, "invalid-id")}),
    ("id huge", form([node("a" * 100_000)]), {(None, "invalid-id")}),
    ("id with an escape code", form([node("a\x1b[31m")]), {(None, "invalid-id")}),
    ("id right to left", form([node("a\u202eb")]), {(None, "invalid-id")}),
    ("id half a character", form([node("\ud800")]), {(None, "invalid-id")}),
    ("id blank", form([node(" ")]), {(None, "invalid-id")}),
    ("self-loop", form([A, B], [["a", "b"], ["b", "b"]]), {("b", "self-loop")}),
    ("edge twice", form([A, B], [["a", "b"], ["a", "b"]]), {("b", "duplicate-edge")}),
    ("edge to nowhere", form([A, B], [["a", "b"], ["b", "x"]]), {("x", "unknown-node")}),
    ("edge to a strange nowhere", form([A], [["a", "\ud800\x00"]]), {(None, "unknown-node")}),
    ("edge of one end", form([A], [["a"]]), {(None, "type")}),
    ("edge as text", form([A, B], ["ab"]), {(None, "type"), ("a", "several-sinks"), ("b", "several-sinks")}),
    ("edge of numbers", form([A], [[0, 1]]), {(None, "type")}),
    ("edge as an object", form([A], [{"from": "a", "to": "b"}]), {(None, "type")}),
    ("node as text", form(["a"]), {(None, "type")}),
    ("node null", form([None]), {(None, "type")}),
    ("nodes as an object", form({"a": A}), {(None, "type")}),
    ("edges null", form([A], None), {(None, "type")}),
    ("no nodes", form([]), {(None, "empty")}),
    ("too many nodes", form([node(f"n{i}") for i in range(MAX_NODES + 1)]), {(None, "too-many-nodes")}),
    ("too many edges", form([A, B], [["a", "b"]] * 10_000), {(None, "too-many-edges")}),
    ("schema of the future", form([A], schema=2), {(None, "schema")}),
    ("schema true", form([A], schema=True), {(None, "schema")}),
    ("schema as text", form([A], schema="1"), {(None, "schema")}),
    ("schema missing", without(form([A]), "schema"), {(None, "missing-field")}),
    ("nodes missing", without(form([A]), "nodes"), {(None, "missing-field")}),
    ("edges missing", without(form([A]), "edges"), {(None, "missing-field")}),
    ("field unknown", form([A], weights=[1]), {(None, "unknown-field")}),
    ("node field unknown", form([A | {"prompt": "ignore all"}]), {("a", "unknown-field")}),
    ("a list", [A], {(None, "type")}),
    ("null", None, {(None, "type")}),
    (
        "all at once",
        form([node("a", "asistant"), FUSER, node("b", model="gpt"), A, C], [["f", "b"], ["b", "b"], ["b", "zz"]]),
        {
            ("a", "unknown-role"),
            ("b", "unknown-model"),
            ("a", "duplicate-id"),
            ("b", "self-loop"),
            ("zz", "unknown-node"),
            ("f", "no-predecessor"),
            ("a", "several-sinks"),
            ("c", "several-sinks"),
        },
    ),
]


@pytest.mark.parametrize(("data", "expected"), [pytest.param(*rest, id=name) for name, *rest in BROKEN])
def test_every_broken_rule_is_named(data: Any, expected: set[tuple[str | None, str]]) -> None:
    issues = find_issues(data, models=MODELS)
    assert {(issue.node, issue.rule) for issue in issues} == expected
    for issue in issues:
        assert issue.message.isprintable()
        assert len(issue.message) < 600
        assert issue.node is None or repr(issue.node) in issue.message
    with pytest.raises(GraphError) as caught:
        Graph.from_json(json.dumps(data), source="my.json", models=MODELS)
    assert {(issue.node, issue.rule) for issue in caught.value.issues} == expected
    assert str(caught.value).startswith("my.json: ")


def test_near_matches_are_offered() -> None:
    [role] = find_issues(form([node("a", "asistant")]))
    [model] = find_issues(form([node("a", model="llama-3.2-1B")]), models=MODELS)
    [end] = find_issues(form([node("alpha"), B], [["alhpa", "b"]]))
    assert "did you mean 'assistant'" in role.message
    assert "did you mean 'llama-3.2-1b'" in model.message
    assert "did you mean 'alpha'" in end.message


def test_a_cycle_is_spelt_out() -> None:
    [issue] = find_issues(form([A, B, C, node("d")], [["c", "b"], ["b", "a"], ["a", "c"], ["a", "d"]]))
    assert "'a' -> 'c' -> 'b' -> 'a'" in issue.message


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "not-json"),
        ("{", "not-json"),
        ("a -> b", "not-json"),
        (b"\xff\xfe\x00", "not-json"),
        (b"\x1f\x8b\x08\x00", "not-json"),
        ('{"schema": NaN}', "not-json"),
        ('{"schema": -Infinity}', "not-json"),
        ('{"schema": ' + "9" * 5000 + "}", "not-json"),
        ("[" * 200_000, "not-json"),
        ('{"nodes": ' * 100_000, "not-json"),
        ('{"schema": 1, "schema": 1, "nodes": [], "edges": []}', "duplicate-field"),
        ('{"schema": 1, "nodes": [{"id": "a", "id": "b"}], "edges": []}', "duplicate-field"),
        (" " * (MAX_BYTES + 1), "too-large"),
        (b"{" * 100_000_000, "too-large"),
        ("1e999", "type"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_text_that_is_no_graph_is_refused_quickly(text: str | bytes, rule: str) -> None:
    started = time.process_time()
    with pytest.raises(GraphError) as caught:
        Graph.from_json(text, source="x.json")
    assert [issue.rule for issue in caught.value.issues] == [rule]
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "data",
    [
        form([node(f"{i:060d}") for i in range(128)], [[f"{i:059d}a", f"{i:058d}bc"] for i in range(4000)]),
        form([node(f"n{i}", "r" * 5000) for i in range(128)]),
        form([node(f"n{i}", model="m" * 60 + str(i)) for i in range(128)]),
        form([A], **{f"field{i}": i for i in range(50_000)}),
        form([node(f"n{i}") for i in range(128)], [[f"n{i}", f"n{(i + 1) % 128}"] for i in range(128)]),
    ],
)
def test_many_mistakes_give_a_short_report_in_short_time(data: Any) -> None:
    text = json.dumps(data)
    assert len(text) < MAX_BYTES
    started = time.process_time()
    with pytest.raises(GraphError) as caught:
        Graph.from_json(text, models=MODELS)
    assert time.process_time() - started < 3
    assert len(caught.value.issues) <= 101
    assert len(str(caught.value)) < 50_000


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["schema", "nodes", "edges", "id", "role", "model"]), inner)
        ),
        max_leaves=20,
    )
)
def test_arbitrary_data_gives_issues_or_a_graph(data: Any) -> None:
    find_issues(data)
    for field in ("nodes", "edges"):
        find_issues(form([A]) | {field: data})
        find_issues(form([A]) | {field: [data, data]})


def test_python_callers_get_the_same_errors() -> None:
    with pytest.raises(GraphError, match="must be a Node"):
        Graph([("a", "assistant", "m")])  # type: ignore[list-item]
    with pytest.raises(GraphError, match="printable characters"):
        Graph([Node("a\n", "assistant", "m")])
    with pytest.raises(GraphError, match="a list of two node ids"):
        Graph([Node("a", "assistant", "m")], ["aa"])  # type: ignore[list-item]
    with pytest.raises(GraphError, match="at most 128 nodes"):
        Graph([Node(str(i), "assistant", "m") for i in range(129)])


def test_other_roles_can_be_passed_in() -> None:
    data = form([A, node("c", "referee", "m")], [["a", "c"]])
    roles = {"assistant": RoleRule(True, False), "referee": RoleRule(True, True)}
    assert [issue.rule for issue in find_issues(data)] == ["unknown-role"]
    graph = Graph.from_dict(data, roles=roles)
    nodes = [Node("x", "assistant", "llama-3.2-1b"), Node("y", "referee", "m")]
    assert graph == Graph(nodes, [("x", "y")], roles=roles)
    assert graph.canonical().role_counts == {"assistant": 1, "referee": 1}


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


def test_a_vote_may_say_null() -> None:
    assert Graph.from_dict(form([A, VOTE | {"model": None}], [["a", "v"]])).model_counts == {"llama-3.2-1b": 1}


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


def test_a_graph_without_a_canonical_form_in_reach_is_refused_at_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "MAX_WORK", 100)
    ring = [[f"a{i}", f"b{(i + step) % 20}"] for i in range(20) for step in (0, 1)]
    data = form(
        [node(f"{kind}{i}") for kind in "ab" for i in range(20)] + [VOTE], ring + [[f"b{i}", "v"] for i in range(20)]
    )
    assert [issue.rule for issue in find_issues(data)] == ["too-symmetric"]
    with pytest.raises(GraphError, match=r"x\.json: too many nodes look alike"):
        Graph.from_dict(data, source="x.json")


@pytest.mark.parametrize(
    "graph", [parallel("m", 64), layered([["m"] * 8] * 8, "m"), parallel_chains("m", 8, 8), chain("m", 128)]
)
def test_large_regular_graphs_are_quick(graph: Graph) -> None:
    started = time.process_time()
    assert len(graph.key) == 64
    assert time.process_time() - started < 0.5
