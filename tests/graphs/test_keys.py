"""Node keys: equal for the same node wherever it occurs, different for whatever changes its text."""

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import UnknownName
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.keys import KeyContext, node_keys, seed_for
from ttgbench.graphs.shapes import chain, layered, parallel, parallel_chains, single

CONTEXT = KeyContext(
    prompts={"assistant": "1", "fuser": "1", "vote": "1"}, models={"m": "fp-m", "big": "fp-big"}, sampling="t=0.7"
)

PINNED = {
    "a1": "57788bbff13e283300cc5eba88bf1beb",
    "a2": "003a8f70d0170bb791f02d8f500f061c",
    "vote": "4b1af435b81d935e2140ea469749c38b",
}
PINNED_SEED = 1291509104


def key_set(graph: Graph, context: KeyContext = CONTEXT) -> set[str]:
    keys = node_keys(graph, context)
    assert len(set(keys.values())) == len(graph.nodes)
    return set(keys.values())


def sink_key(graph: Graph, context: KeyContext = CONTEXT) -> str:
    return node_keys(graph, context)[graph.sink]


def renumbered(graph: Graph, rng: random.Random) -> Graph:
    ids = [node.id for node in graph.nodes]
    to = dict(zip(ids, rng.sample([f"x{i}" for i in range(len(ids))], len(ids)), strict=True))
    nodes = [Node(to[node.id], node.role, node.model) for node in graph.nodes]
    edges = [(to[a], to[b]) for a, b in graph.edges]
    return Graph(rng.sample(nodes, len(nodes)), rng.sample(edges, len(edges)))


def test_keys_are_32_hex_digits_in_canonical_order() -> None:
    graph = layered([["m", "big"], ["m", "m"]], "big")
    keys = node_keys(graph, CONTEXT)
    assert tuple(keys) == graph.order
    assert all(len(key) == 32 and int(key, 16) >= 0 for key in keys.values())


def test_the_same_node_has_the_same_key_in_every_graph() -> None:
    alone = key_set(single("m"))
    assert alone < key_set(parallel("m", 3)) < key_set(parallel("m", 3)) | key_set(parallel("m", 5))
    assert key_set(chain("m", 2)) < key_set(chain("m", 5))
    samples = {key for node, key in node_keys(parallel("m", 3), CONTEXT).items() if node != "vote"}
    assert samples < key_set(parallel("m", 5))
    assert samples < key_set(layered([["m"] * 4, ["m"] * 2], "big"))


def test_siblings_with_one_reader_each_keep_their_keys_when_renumbered() -> None:
    """The trap: two identical nodes feed different ones, so which of them is replica 0 changes the keys behind them."""
    graph = Graph(
        [
            Node("a", "assistant", "m"),
            Node("b", "assistant", "m"),
            Node("c", "assistant", "m"),
            Node("d", "assistant", "big"),
            Node("s", "fuser", "m"),
        ],
        [("a", "c"), ("b", "d"), ("c", "s"), ("d", "s")],
    )
    swapped = Graph(graph.nodes, [("b", "c"), ("a", "d"), ("c", "s"), ("d", "s")])
    first, second = node_keys(graph, CONTEXT), node_keys(swapped, CONTEXT)
    assert first["a"] == second["b"] != first["b"] == second["a"]
    assert all(first[node] == second[node] for node in "cds")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Layered wirings with few kinds of nodes: full of siblings and near-symmetries."""
    n = draw(st.integers(1, 9))
    edges = {(i, j) for i in range(n - 1) for j in range(i + 1, n) if draw(st.integers(0, 3)) == 0}
    edges |= {(i, n - 1) for i in range(n - 1) if not any(a == i for a, _ in edges)}
    nodes = [Node(f"n{i}", "assistant", draw(st.sampled_from(["m", "m", "big"]))) for i in range(n)]
    return Graph(nodes, [(f"n{a}", f"n{b}") for a, b in sorted(edges)])


@given(graphs(), st.randoms(use_true_random=False))
def test_renumbering_changes_no_key(graph: Graph, rng: random.Random) -> None:
    other = renumbered(graph, rng)
    assert other == graph
    assert other.canonical().to_json() == graph.canonical().to_json()
    assert key_set(other) == key_set(graph)
    assert sink_key(other) == sink_key(graph)
    assert list(node_keys(other, CONTEXT).values()) == list(node_keys(graph, CONTEXT).values())


@given(graphs(), graphs())
def test_the_sinks_key_tells_graphs_apart_exactly_as_the_graphs_key(one: Graph, other: Graph) -> None:
    assert (one.key == other.key) == (sink_key(one) == sink_key(other))


@given(graphs())
def test_an_ancestor_s_subgraph_on_its_own_keeps_its_key_if_it_has_no_siblings(graph: Graph) -> None:
    keys = node_keys(graph, CONTEXT)
    kinds = [(node.model, frozenset(graph.predecessors(node.id))) for node in graph.nodes]
    if len(set(kinds)) < len(kinds):
        return
    for node in graph.nodes:
        kept, queue = {node.id}, [node.id]
        for other in queue:
            queue += [p for p in graph.predecessors(other) if p not in kept]
            kept.update(graph.predecessors(other))
        part = Graph(
            [n for n in graph.nodes if n.id in kept], [e for e in graph.edges if e[0] in kept and e[1] in kept]
        )
        assert sink_key(part) == keys[node.id]


def test_all_that_changes_a_text_changes_the_key() -> None:
    graph = parallel("m", 2, "fuser", "big")
    contexts = [
        CONTEXT,
        KeyContext({**CONTEXT.prompts, "fuser": "2"}, CONTEXT.models, CONTEXT.sampling),
        KeyContext({**CONTEXT.prompts, "assistant": "2"}, CONTEXT.models, CONTEXT.sampling),
        KeyContext(CONTEXT.prompts, {**CONTEXT.models, "big": "other"}, CONTEXT.sampling),
        KeyContext(CONTEXT.prompts, CONTEXT.models, "t=1"),
    ]
    assert len({sink_key(graph, context) for context in contexts}) == len(contexts)
    assert node_keys(graph, contexts[1])["a1"] == node_keys(graph, CONTEXT)["a1"]
    by_wiring = [single("m"), single("big"), chain("m", 2), chain("m", 3), parallel("m", 2), parallel("m", 3)]
    assert len({sink_key(graph) for graph in by_wiring}) == len(by_wiring)


def test_a_vote_depends_on_what_it_counts_only() -> None:
    graph = parallel("m", 2)
    other_sampling = KeyContext(CONTEXT.prompts, CONTEXT.models, "t=1")
    assert CONTEXT.head("vote", None) == other_sampling.head("vote", None)
    assert sink_key(graph) != sink_key(graph, other_sampling)


def test_models_of_one_fingerprint_are_replicas_of_each_other() -> None:
    context = KeyContext(CONTEXT.prompts, {"m": "same", "alias": "same"}, "t=1")
    graph = Graph(
        [Node("a", "assistant", "m"), Node("b", "assistant", "alias"), Node("v", "vote")], [("a", "v"), ("b", "v")]
    )
    assert len(key_set(graph, context)) == 3


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="unknown model 'bgi'; did you mean 'big'"):
        node_keys(single("bgi"), CONTEXT)
    with pytest.raises(UnknownName, match="unknown role 'vote'"):
        node_keys(parallel("m", 2), KeyContext({"assistant": "1"}, {"m": "fp"}, "t"))


def test_keys_are_pinned() -> None:
    """Recorded generations are found by these keys: a change here orphans every store."""
    assert node_keys(parallel("m", 2), CONTEXT) == PINNED
    assert seed_for("ab" * 16, "q1", 0) == PINNED_SEED


def test_seeds_differ_and_fit() -> None:
    seeds = [
        seed_for(key, question, universe)
        for key, question, universe in product(["a" * 32, "b" * 32], ["q1", "q2", "q\ud800", "é"], [0, 1, 1 << 20])
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_large_symmetric_graphs_have_distinct_keys() -> None:
    for graph in (parallel("m", 64), layered([["m"] * 8] * 8, "m"), parallel_chains("m", 8, 8)):
        key_set(graph)
