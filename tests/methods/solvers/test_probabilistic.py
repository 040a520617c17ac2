"""Distributions over graphs: what is drawn lies in the space, what is encoded comes back, steps go the right way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import parallel, single
from ttgbench.methods.conformance.toy import MODELS, Toy
from ttgbench.methods.solvers.probabilistic import Distribution, Draw, Slots
from ttgbench.models.budget import Budget

seeds = st.integers(0, 2**32)
UNIFORM = [1 / len(MODELS)] * len(MODELS)


@st.composite
def slots(draw):
    """Frames of every size, over spaces from very tight to hardly limited."""
    toy = Toy(
        roles=draw(st.sampled_from([("assistant", "fuser", "vote"), ("vote", "assistant"), ("assistant",)])),
        budget=draw(st.sampled_from(["1 units", "3 units", "24 units", "1000 units", "2 dollars", "40 seconds"])),
        max_nodes=draw(st.integers(1, 7)),
    )
    limits = {f"max_{name}": draw(st.integers(1, 7)) for name in ("width", "depth", "in_degree")}
    return Slots(replace(toy.space(), **limits), draw(st.integers(1, 9)))


def uniform(frame: Slots, edge: float = 0.3, floor: float = 0.02) -> Distribution:
    return Distribution(frame, UNIFORM, edge=edge, floor=floor)


def same(one: Draw, other: Draw) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("roles", "models", "edges"))


@settings(deadline=None)
@given(slots(), seeds, st.floats(0, 1))
def test_a_draw_decodes_to_a_graph_of_the_space_or_its_sink_alone_is_none(frame, seed, edge):
    draw = uniform(frame, edge).draw(np.random.default_rng(seed))
    graph = frame.decode(draw)
    if graph is None:
        assert frame.space.contains(single(frame.models[draw.models[-1]])) is not None
    else:
        assert frame.space.contains(graph) is None
        assert len(graph.nodes) <= frame.count
        assert graph.sink == f"s{frame.count - 1}"


@settings(deadline=None)
@given(slots(), seeds)
def test_what_is_encoded_decodes_to_the_same_graph(frame, seed):
    rng = np.random.default_rng(seed)
    graph = frame.space.sample(rng)
    draw = frame.encode(graph, rng)
    if draw is None:
        assert len(graph.nodes) > frame.count
    else:
        assert frame.decode(draw) == graph
        assert not (draw.edges & ~frame.upper).any()


@settings(deadline=None)
@given(slots(), seeds)
def test_a_decoded_graph_keeps_its_places(frame, seed):
    rng = np.random.default_rng(seed)
    graph = frame.decode(uniform(frame).draw(rng))
    if graph is not None:
        again = frame.decode(frame.encode(graph, rng))
        assert again is not None
        assert {(node.id, node.role, node.model) for node in again.nodes} == {
            (node.id, node.role, node.model) for node in graph.nodes
        }
        assert set(again.edges) == set(graph.edges)


@settings(deadline=None)
@given(seeds, st.sampled_from(["flops", "dollars", "seconds"]))
def test_a_graph_that_takes_the_whole_budget_comes_back_whole(seed, metric):
    rng, space = np.random.default_rng(seed), Toy().space()
    graph = space.sample(rng)
    tight = replace(space, budget=Budget(metric, Budget(metric, 1).nominal(graph, space.pool, space.lengths)))
    frame = Slots(tight, tight.max_nodes)
    assert frame.decode(frame.encode(graph, rng)) == graph


def test_a_new_node_goes_between_old_ones_where_there_is_room():
    frame = Slots(Toy().space(), 5)
    nodes = [Node("s0", "assistant", "ant"), Node("new", "assistant", "bee"), Node("s4", "assistant", "ant")]
    draw = frame.encode(Graph(nodes, [("s0", "new"), ("new", "s4")]), np.random.default_rng(0))
    assert draw.edges[0, 3]
    assert draw.edges[3, 4]
    assert frame.models[draw.models[3]] == "bee"


def test_old_nodes_move_where_their_places_leave_no_room():
    frame = Slots(Toy().space(), 3)
    nodes = [Node("s1", "assistant", "ant"), Node("new", "assistant", "bee"), Node("s2", "assistant", "ant")]
    graph = Graph(nodes, [("s1", "new"), ("new", "s2")])
    assert frame.space.contains(graph) is None
    assert frame.decode(frame.encode(graph, np.random.default_rng(0))) == graph


def test_a_graph_with_more_nodes_than_slots_has_no_draw():
    assert Slots(Toy().space(), 3).encode(parallel("ant", 3), np.random.default_rng(0)) is None


def test_there_are_never_more_slots_than_the_space_has_nodes():
    assert [Slots(Toy(max_nodes=4).space(), count).count for count in (0, 1, 4, 99)] == [1, 1, 4, 4]


@settings(deadline=None)
@given(slots(), seeds)
def test_the_generator_decides_and_nothing_else(frame, seed):
    one, other = np.random.default_rng(seed), np.random.default_rng(seed)
    first, second = uniform(frame).draw(one), uniform(frame).draw(other)
    assert same(first, second)
    assert np.array_equal(first.order, second.order)
    graph = frame.decode(first)
    assert graph == frame.decode(second)
    if graph is not None:
        assert same(frame.encode(graph, one), frame.encode(graph, other))
    assert one.bit_generator.state == other.bit_generator.state


@settings(deadline=None, max_examples=60)
@given(slots(), seeds, st.floats(0.01, 1), st.integers(1, 4), st.floats(0.001, 0.1))
def test_steps_keep_probabilities_normalised_and_off_the_floor(frame, seed, rate, count, floor):
    rng = np.random.default_rng(seed)
    distribution = uniform(frame, floor=floor)
    for _ in range(20):
        draws = [distribution.draw(rng) for _ in range(count)]
        distribution.towards(draws, rng.dirichlet(np.ones(count)), rate)
        for table in (distribution.roles, distribution.models):
            assert np.allclose(table.sum(axis=1), 1)
            assert table.min() >= floor / (1 + table.shape[1] * floor)
        assert not distribution.edges[~frame.upper].any()
        possible = distribution.edges[frame.upper]
        assert ((floor <= possible) & (possible <= 1 - floor)).all()


@settings(deadline=None)
@given(slots(), seeds, st.floats(0.01, 0.9))
def test_a_step_makes_its_draw_likelier(frame, seed, rate):
    distribution = uniform(frame)
    before = distribution.roles.copy(), distribution.models.copy(), distribution.edges.copy()
    draw = distribution.draw(np.random.default_rng(seed))
    distribution.towards([draw], [1.0], rate)
    rows = np.arange(frame.count)
    for old, new, chosen in (
        (before[0], distribution.roles, draw.roles),
        (before[1], distribution.models, draw.models),
    ):
        assert (new[rows, chosen] > old[rows, chosen]).all() or old.shape[1] == 1
        others = np.ones_like(old, dtype=bool)
        others[rows, chosen] = False
        assert (new[others] < old[others]).all()
    assert (distribution.edges[draw.edges] > before[2][draw.edges]).all()
    unused = frame.upper & ~draw.edges
    assert (distribution.edges[unused] < before[2][unused]).all()


def test_many_steps_end_at_the_draw():
    frame = Slots(Toy().space(), 4)
    graph = Graph(
        [Node("a", "assistant", "bee"), Node("b", "assistant", "cat"), Node("f", "fuser", "ant")],
        [("a", "f"), ("b", "f")],
    )
    rng = np.random.default_rng(5)
    distribution = uniform(frame, floor=0.001)
    target = frame.encode(graph, rng)
    for _ in range(60):
        distribution.towards([target], [1.0], 0.2)
    found = [frame.decode(distribution.draw(rng)) for _ in range(100)]
    assert found.count(graph) > 90


@pytest.mark.parametrize("weight", [0.2, 0.8])
def test_the_heavier_draw_pulls_more(weight):
    frame = Slots(Toy().space(), 1)
    nothing = np.zeros((1, 1), dtype=bool)
    ant, cat = (Draw(np.array([0]), np.array([model]), nothing, np.array([], dtype=int)) for model in (0, 2))
    distribution = uniform(frame)
    distribution.towards([ant, cat], [weight, 1 - weight], 0.5)
    assert (distribution.models[0, 0] > distribution.models[0, 2]) == (weight > 0.5)
