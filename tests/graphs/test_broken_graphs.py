"""Graphs that are none: every broken rule is named, in short time and in few words, whatever comes in."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import GraphError
from ttgbench.graphs import canonical
from ttgbench.graphs.graph import MAX_BYTES, MAX_NODES, Graph, Node, RoleRule, find_issues

MODELS = ("llama-3.2-1b", "llama-3.2-3b")


def node(node_id: Any, role: Any = "assistant", model: Any = "llama-3.2-1b") -> dict[str, Any]:
    return {"id": node_id, "role": role} | ({} if model is None else {"model": model})


def form(nodes: Any, edges: Any = (), **other: Any) -> dict[str, Any]:
    return {"schema": 1, "nodes": nodes, "edges": list(edges) if isinstance(edges, tuple) else edges} | other


def without(data: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != field}


A, B, C = node("a"), node("b"), node("c")
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


def test_a_vote_may_say_null() -> None:
    assert Graph.from_dict(form([A, VOTE | {"model": None}], [["a", "v"]])).model_counts == {"llama-3.2-1b": 1}


def test_a_graph_without_a_canonical_form_in_reach_is_refused_at_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "MAX_WORK", 100)
    ring = [[f"a{i}", f"b{(i + step) % 20}"] for i in range(20) for step in (0, 1)]
    data = form(
        [node(f"{kind}{i}") for kind in "ab" for i in range(20)] + [VOTE], ring + [[f"b{i}", "v"] for i in range(20)]
    )
    assert [issue.rule for issue in find_issues(data)] == ["too-symmetric"]
    with pytest.raises(GraphError, match=r"x\.json: too many nodes look alike"):
        Graph.from_dict(data, source="x.json")
