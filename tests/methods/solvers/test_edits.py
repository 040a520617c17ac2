"""Edits of graphs: every variant lies in the space and is another graph, and each kind does what it is called."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, parallel, parallel_chains, single
from ttgbench.methods.conformance.toy import MODELS, Toy
from ttgbench.methods.solvers.edits import EDITS, Sketch, aggregators

SPACE = Toy(budget="1000 units", max_nodes=8).space()
RANKING = ["bee", "ant", "cat"]


def variants(name: str, graph: Graph, space=SPACE, ranking=RANKING) -> list[Graph]:
    """What an edit offers, without the attempts that fell outside the space."""
    return [graph for graph in EDITS[name](graph, space, ranking) if graph is not None]


@st.composite
def cases(draw):
    """A space of any shape, a graph of it, a ranking of its models."""
    toy = Toy(
        roles=draw(st.sampled_from([("assistant", "fuser", "vote"), ("assistant", "fuser"), ("assistant", "vote")])),
        budget=draw(st.sampled_from(["2 units", "24 units", "1000 units"])),
        max_nodes=draw(st.integers(1, 7)),
    )
    limits = {f"max_{name}": draw(st.integers(1, 7)) for name in ("width", "depth", "in_degree")}
    space = replace(toy.space(), **limits)
    graph = space.sample(np.random.default_rng(draw(st.integers(0, 2**32))))
    return space, graph, draw(st.permutations(list(MODELS)))


@pytest.mark.parametrize("name", EDITS)
@settings(deadline=None, max_examples=60)
@given(cases())
def test_every_variant_is_another_graph_of_the_space_and_repeats(name, case):
    space, graph, ranking = case
    found = list(islice(EDITS[name](graph, space, ranking), 60))
    assert found == list(islice(EDITS[name](graph, space, ranking), 60))
    for edited in filter(None, found):
        assert space.contains(edited) is None
        assert edited != graph


@pytest.mark.parametrize("name", EDITS)
def test_every_kind_has_something_to_offer(name):
    graph = Graph(
        [Node("a", "assistant", "ant"), Node("b", "assistant", "bee"), Node("f", "fuser", "ant")],
        [("a", "b"), ("a", "f"), ("b", "f")],
    )
    graphs = [graph, parallel("ant", 3, "fuser")]
    assert any(variants(name, graph) for graph in graphs)


@settings(deadline=None, max_examples=60)
@given(cases())
def test_names_say_what_happens_to_the_size(case):
    space, graph, ranking = case
    size = len(graph.nodes)
    sizes = {name: {len(edited.nodes) for edited in variants(name, graph, space, ranking)} for name in EDITS}
    assert sizes["wider"] <= {size + 1, size + 2}
    assert sizes["deeper"] <= {size + 1}
    assert sizes["narrower"] | sizes["flatter"] <= {size - 1}
    assert sizes["other model"] | sizes["other role"] | sizes["rewire"] <= {size}


@settings(deadline=None, max_examples=60)
@given(cases())
def test_names_say_what_changes_and_what_stays(case):
    space, graph, ranking = case
    for edited in variants("other model", graph, space, ranking):
        assert edited.role_counts == graph.role_counts
        assert edited.model_counts != graph.model_counts
    for edited in variants("other role", graph, space, ranking):
        assert edited.role_counts != graph.role_counts
    for edited in variants("rewire", graph, space, ranking):
        assert (edited.role_counts, edited.model_counts) == (graph.role_counts, graph.model_counts)
    for edited in variants("exchange", graph, space, ranking):
        sources = {edited[node].model for node in edited.order if not edited.predecessors(node)}
        assert len(sources) == 1


def test_a_single_node_gets_a_twin_and_a_vote_first():
    assert variants("wider", single("ant"))[0] == parallel("ant", 2, "vote")
    assert parallel("ant", 2, "fuser", "bee") in variants("wider", single("ant"))


def test_deeper_appends_the_best_model_first():
    first = variants("deeper", single("ant"))[0]
    assert first.depth == 2
    assert first[first.sink] == Node(first.sink, "assistant", "bee")


def test_narrower_drops_the_least_preferred_model_first():
    nodes = [Node("a", "assistant", "ant"), Node("b", "assistant", "bee"), Node("c", "assistant", "cat")]
    graph = Graph([*nodes, Node("f", "fuser", "ant")], [(node.id, "f") for node in nodes])
    assert [set(RANKING) - set(edited.model_counts) for edited in variants("narrower", graph)[:2]] == [{"cat"}, set()]
    assert variants("narrower", graph)[1].model_counts == {"ant": 1, "bee": 1, "cat": 1}


def test_flatter_keeps_what_flows():
    assert chain("ant", 2) in variants("flatter", chain("ant", 3))
    assert parallel("ant", 2) in [
        shorter
        for edited in variants("flatter", parallel_chains("ant", 2, 2))
        for shorter in variants("flatter", edited)
    ]


def test_an_exchange_buys_as_many_as_fit():
    [many] = [edited for edited in variants("exchange", parallel("cat", 2, "fuser")) if "ant" in edited.model_counts]
    assert many.model_counts == {"ant": SPACE.max_nodes - 1, "cat": 1}
    assert variants("exchange", single("cat")) == []


def test_aggregators_are_those_of_the_space():
    assert aggregators(SPACE, RANKING) == [("vote", None), ("fuser", "bee"), ("fuser", "ant"), ("fuser", "cat")]
    assert aggregators(replace(SPACE, roles=("assistant",)), RANKING) == []
    assert aggregators(replace(SPACE, roles=("assistant", "vote")), RANKING) == [("vote", None)]


def test_a_sketch_builds_nothing_that_is_no_graph_of_the_space():
    sketch = Sketch(single("ant"))
    assert sketch.build(SPACE) == single("ant")
    sketch.add("assistant", "ant", [], [])
    assert sketch.build(SPACE) is None, "two sinks"
    sketch.nodes.clear()
    assert sketch.build(SPACE) is None, "nothing at all"
    many = Sketch(parallel("ant", SPACE.max_nodes - 1))
    many.add("assistant", "ant", [], ["vote"])
    assert many.build(SPACE) is None, "one node too many"


def test_new_nodes_of_a_sketch_have_names_of_their_own():
    sketch = Sketch(Graph([Node("e0", "assistant", "ant"), Node("e1", "assistant", "ant")], [("e0", "e1")]))
    assert [sketch.add("assistant", "ant", ["e0"], ["e1"]) for _ in range(3)] == ["e2", "e3", "e4"]


def test_a_bridge_doubles_no_edge():
    nodes = [Node(name, "assistant", "ant") for name in "abc"]
    sketch = Sketch(Graph(nodes, [("a", "b"), ("b", "c"), ("a", "c")]))
    sketch.remove("b", bridge=True)
    assert sketch.edges == [("a", "c")]
