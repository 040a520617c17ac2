"""The search space: everything it yields is valid, within limits and budget, and the same for the same seed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from itertools import chain as chained
from itertools import islice, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import GraphError, InputError, UnknownName
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, parallel, parallel_chains, single
from ttgbench.models.budget import Budget
from ttgbench.models.pool import load_pool
from ttgbench.problems.space.space import SearchSpace
from ttgbench.tasks.task import Lengths

EMBEDDED, PAPER = load_pool("embedded"), load_pool("paper")
MATH = Lengths(202, 275)
ROLES = ("assistant", "fuser", "vote")
SMALL = SearchSpace(EMBEDDED, MATH, Budget("units", 100), roles=ROLES, max_nodes=3)
WIDE = SearchSpace(PAPER, MATH, Budget("units", 79), roles=ROLES)
seeds = st.integers(0, 2**32)


@st.composite
def spaces(draw):
    """Spaces of every shape, from those that one graph fits to those that the budget hardly limits."""
    pool = draw(st.sampled_from([EMBEDDED, PAPER, PAPER.subset(("gemma-2b",))]))
    lengths = Lengths(draw(st.integers(1, 2000)), draw(st.integers(1, 2000)))
    metric = draw(st.sampled_from(["units", "flops", "dollars", "seconds"]))
    least = min(Budget(metric, 1).nominal(single(card.name), pool, lengths) for card in pool)
    limits = {f"max_{name}": draw(st.integers(1, 9)) for name in ("nodes", "width", "depth", "in_degree")}
    roles = draw(st.permutations(ROLES).map(lambda roles: roles[: 1 + roles.index("assistant")]))
    budget = Budget(metric, least * draw(st.sampled_from([1.0001, 2, 5, 20, 1000])))
    return SearchSpace(pool, lengths, budget, roles=roles, **limits)


def check(space: SearchSpace, graph: Graph) -> None:
    """Validity, limits and budget, without asking the space."""
    assert Graph.from_dict(graph.to_dict(), models=space.pool.names) == graph
    assert {node.role for node in graph.nodes} <= set(space.roles)
    assert len(graph.nodes) <= space.max_nodes
    assert graph.width <= space.max_width
    assert graph.depth <= space.max_depth
    assert max(len(graph.predecessors(node.id)) for node in graph.nodes) <= space.max_in_degree
    assert space.budget.allows(graph, space.pool, space.lengths)
    assert space.contains(graph) is None


@settings(deadline=None)
@given(spaces(), seeds)
def test_every_sample_is_in_the_space_and_the_seed_decides(space, seed):
    graphs = [space.sample(rng) for rng in [np.random.default_rng(seed)] for _ in range(5)]
    for graph in graphs:
        check(space, graph)
    rng = np.random.default_rng(seed)
    assert [space.sample(rng).to_json() for _ in graphs] == [graph.to_json() for graph in graphs]


@settings(deadline=None, max_examples=40)
@given(spaces(), seeds)
def test_every_neighbour_is_in_the_space_and_the_seed_decides(space, seed):
    graph = space.sample(np.random.default_rng(seed))
    neighbours = list(islice(space.neighbours(graph, np.random.default_rng(seed)), 40))
    for neighbour in neighbours:
        check(space, neighbour)
    assert len({graph, *neighbours}) == 1 + len(neighbours)
    again = islice(space.neighbours(graph, np.random.default_rng(seed)), 40)
    assert [neighbour.to_json() for neighbour in again] == [neighbour.to_json() for neighbour in neighbours]


@settings(deadline=None, max_examples=15)
@given(spaces(), seeds)
def test_decode_finds_a_graph_of_the_space_nearer_than_any_neighbour(space, seed):
    rng = np.random.default_rng(seed)
    target = space.encode(space.sample(rng)) + rng.normal(0, 0.5, len(space.features))
    graph = space.decode(target)
    check(space, graph)
    assert space.decode(target.tolist()).to_json() == graph.to_json()
    distance = np.linalg.norm(space.encode(graph) - target)
    for neighbour in islice(space.neighbours(graph, rng), 50):
        assert np.linalg.norm(space.encode(neighbour) - target) >= distance - 1e-9


def test_decode_returns_what_was_encoded_where_the_space_is_small():
    rng = np.random.default_rng(0)
    for graph in [SMALL.sample(rng) for _ in range(20)]:
        assert SMALL.encode(SMALL.decode(SMALL.encode(graph))).tolist() == SMALL.encode(graph).tolist()


@pytest.mark.parametrize("features", [[], [1.0], "text", np.full(len(SMALL.features), np.nan)])
def test_decode_refuses_what_is_no_description(features):
    with pytest.raises(InputError, match="features: must be"):
        SMALL.decode(features)


def test_neighbours_come_in_the_order_that_archived_runs_rely_on():
    space = SearchSpace(EMBEDDED, MATH, Budget("units", 9), roles=ROLES)
    graph = space.sample(np.random.default_rng(5))
    digest = hashlib.sha256()
    for neighbour in space.neighbours(graph, np.random.default_rng(7)):
        digest.update(neighbour.to_json().encode())
    assert digest.hexdigest() == "176231f5ca54f4827d36e97eebe04e50d31122e4bae2914a8e8e9aa4a7c08eec"


@settings(deadline=None, max_examples=25)
@given(spaces())
def test_everything_enumerated_is_in_the_space_once_smallest_first(space):
    graphs = list(islice(space.enumerate(), 200))
    for graph in graphs:
        check(space, graph)
    assert len(set(graphs)) == len(graphs)
    sizes = [len(graph.nodes) for graph in graphs]
    assert sizes == sorted(sizes)


def brute_force(space: SearchSpace) -> set[Graph]:
    """All graphs of a space, by trying everything."""
    found = set()
    kinds = [(role, name) for role in ROLES for name in (space.pool.names if role != "vote" else (None,))]
    for size in range(1, space.max_nodes + 1):
        pairs = [(f"n{i}", f"n{j}") for j in range(size) for i in range(j)]
        for chosen, choice in product(product((False, True), repeat=len(pairs)), product(kinds, repeat=size)):
            nodes = [Node(f"n{i}", *kind) for i, kind in enumerate(choice)]
            try:
                graph = Graph(nodes, [pair for pair, taken in zip(pairs, chosen, strict=True) if taken])
            except GraphError:
                continue
            if space.contains(graph) is None:
                found.add(graph)
    return found


@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"max_width": 1}, {"max_depth": 2}, {"max_in_degree": 1}, {"budget": Budget("units", 4)}),
        *({"budget": Budget("seconds", 5)}, {"pool": PAPER.subset(("gemma-2b",)), "max_nodes": 4}),
    ],
)
def test_enumeration_is_complete(changes):
    space = replace(SMALL, **changes)
    assert set(space.enumerate()) == brute_force(space)


def test_all_graphs_of_four_nodes_can_be_enumerated():
    assert sum(1 for _ in replace(SMALL, max_nodes=4).enumerate()) == 2897


def test_enumeration_stops_at_its_limit():
    graphs = WIDE.enumerate(limit=50)
    assert len(list(islice(graphs, 50))) == 50
    with pytest.raises(InputError, match="more than 50 graphs"):
        next(graphs)
    count = len(list(SMALL.enumerate()))
    assert len(list(SMALL.enumerate(limit=count))) == count


@pytest.mark.parametrize("changes", [{}, {"roles": ("assistant",)}, {"budget": Budget("units", 6)}])
def test_moves_lead_from_any_model_alone_to_every_graph(changes):
    space = replace(SMALL, **changes)
    rng = np.random.default_rng(0)
    reached = {single("gemma-3-270m")}
    front = list(reached)
    while front:
        new = set(chained.from_iterable(space.neighbours(graph, rng) for graph in front)) - reached
        reached |= new
        front = sorted(new, key=lambda graph: graph.key)
    assert reached == set(space.enumerate())


def test_moves_of_all_types():
    space = replace(WIDE, max_nodes=4)
    graph = parallel("gemma-2b", 2, "fuser")
    neighbours = set(space.neighbours(graph, np.random.default_rng(0)))
    kinds = [Node("a1", "assistant", "gemma-2b"), Node("a2", "assistant", "gemma-2b")]
    edges = [("a1", "z"), ("a2", "z")]
    for name, expected in {
        "add beside": parallel("gemma-2b", 3, "fuser"),
        "remove": Graph([kinds[0], Node("z", "fuser", "gemma-2b")], edges[:1]),
        "rewire": Graph([*kinds, Node("z", "fuser", "gemma-2b")], [*edges, ("a1", "a2")]),
        "move an edge": Graph([*kinds, Node("z", "fuser", "gemma-2b")], [("a1", "a2"), ("a2", "z")]),
        "change role": parallel("gemma-2b", 2, "vote"),
        "change model": parallel("gemma-2b", 2, "fuser", "llama-3.1-8b"),
    }.items():
        assert expected in neighbours, name
    votes = set(space.neighbours(parallel("gemma-2b", 2, "vote"), np.random.default_rng(0)))
    assert {parallel("gemma-2b", 2, "fuser", model) for model in PAPER.names if model != "llama-3.1-70b"} <= votes


def test_a_graph_outside_the_limits_has_neighbours_inside():
    space = replace(SMALL, max_nodes=2)
    neighbours = list(space.neighbours(chain("gemma-3-270m", 3), np.random.default_rng(0)))
    assert chain("gemma-3-270m", 2) in neighbours
    for graph in neighbours:
        check(space, graph)


def test_sizes_are_uniform_where_the_budget_does_not_bind():
    space = SearchSpace(EMBEDDED, MATH, Budget("units", 10**6), roles=ROLES)
    rng = np.random.default_rng(0)
    sizes = np.bincount([len(space.sample(rng).nodes) for _ in range(4000)], minlength=9)
    assert (abs(sizes[1:] - 500) < 5 * np.sqrt(500)).all()


def test_where_one_model_alone_fits_only_that_is_drawn():
    space = SearchSpace(PAPER, MATH, Budget("flops", 968.5e9), roles=ROLES)
    rng = np.random.default_rng(0)
    assert {space.sample(rng) for _ in range(50)} == {single("gemma-3-1b")}


def test_no_vote_on_a_single_answer_is_drawn():
    rng = np.random.default_rng(0)
    for graph in (WIDE.sample(rng) for _ in range(500)):
        assert all(len(graph.predecessors(n.id)) > 1 for n in graph.nodes if n.role == "vote")


def test_one_predecessor_each_makes_chains():
    space = replace(WIDE, max_in_degree=1, max_depth=5)
    rng = np.random.default_rng(0)
    depths = {graph.depth for graph in (space.sample(rng) for _ in range(200)) if graph.width == 1}
    assert depths == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("changes", "graph", "reason"),
    [
        ({}, single("gpt-9"), "'gpt-9' is not in pool 'paper'"),
        ({"roles": ("assistant",)}, parallel("gemma-2b", 2), "'vote' is not one of assistant"),
        ({"max_nodes": 2}, parallel("gemma-2b", 2), "3 nodes, the space allows 2"),
        ({"max_width": 2}, parallel("gemma-2b", 3), "width is 3, the space allows 2"),
        ({"max_depth": 2}, chain("gemma-2b", 3), "depth is 3, the space allows 2"),
        ({"max_in_degree": 2}, parallel("gemma-2b", 3), "3 predecessors, the space allows 2"),
        ({"budget": Budget("units", 3)}, parallel_chains("gemma-2b", 2, 3), "times the budget of 3 units"),
        ({"budget": Budget("seconds", 1)}, single("llama-3.1-70b"), "times the budget of 1 seconds"),
        ({}, parallel("gemma-2b", 3), None),
    ],
)
def test_reasons(changes, graph, reason):
    given_reason = replace(WIDE, **changes).contains(graph)
    assert given_reason is None if reason is None else reason in given_reason
    assert ("budget" in (given_reason or "")) == ("budget" in (reason or ""))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"roles": ("asistant",)}, "roles: unknown role 'asistant'; did you mean 'assistant'"),
        ({"roles": ("fuser", "vote")}, "roles: one of them must do without predecessors"),
        ({"roles": ()}, "roles: one of them must"),
        ({"roles": ("assistant", "assistant")}, "roles: each role once"),
        ({"max_nodes": 0}, "max_nodes: must be a whole number from 1 to"),
        ({"max_depth": 10**6}, "max_depth: must be a whole number from 1 to"),
        ({"max_width": 2.5}, "max_width: must be a whole number"),
        ({"budget": Budget("units", 0.5)}, "budget: 0.5 units per query fits no graph: 'gemma-3-1b' alone costs"),
        ({"budget": Budget("dollars", 1e-30)}, "fits no graph"),
    ],
)
def test_spaces_that_cannot_be(changes, message):
    with pytest.raises(InputError, match=message):
        replace(WIDE, **changes)


@settings(deadline=None)
@given(spaces(), seeds, st.randoms(use_true_random=False))
def test_isomorphic_graphs_have_one_encoding(space, seed, random):
    graph = space.sample(np.random.default_rng(seed))
    numbers = random.sample(range(len(graph.nodes)), len(graph.nodes))
    names = {node.id: f"x{number}" for node, number in zip(graph.nodes, numbers, strict=True)}
    nodes = [replace(node, id=names[node.id]) for node in random.sample(graph.nodes, len(graph.nodes))]
    edges = [(names[a], names[b]) for a, b in random.sample(graph.edges, len(graph.edges))]
    encoding = space.encode(graph)
    assert encoding.shape == (len(space.features),)
    assert np.isfinite(encoding).all()
    assert np.array_equal(encoding, space.encode(Graph(nodes, edges)))


def test_an_encoding_reads_as_its_features_say():
    space = SearchSpace(EMBEDDED, MATH, Budget("flops", 1e12), roles=ROLES)
    graph = parallel_chains("smollm2-135m", 3, 2, "fuser", "gemma-3-270m")
    values = {name: value for name, value in zip(space.features, space.encode(graph), strict=True) if value}
    share = values.pop("cost share")
    assert share == pytest.approx(space.budget.nominal(graph, EMBEDDED, MATH) / 1e12)
    assert values == {
        "count assistant:smollm2-135m": 6,
        "count fuser:gemma-3-270m": 1,
        "sink fuser:gemma-3-270m": 1,
        "source assistant:smollm2-135m": 3,
        "nodes": 7,
        "edges": 6,
        "width": 3,
        "depth": 3,
        "sources": 3,
        "mean in-degree": 1.5,
        "max in-degree": 3,
        "mean out-degree": 1,
        "max out-degree": 1,
    }


def test_what_is_not_of_the_space_cannot_be_encoded_or_changed():
    for graph in (single("gpt-9"), parallel("gemma-2b", 9)):
        with pytest.raises(InputError, match="graph: "):
            WIDE.encode(graph)
    with pytest.raises(InputError, match="not in pool"):
        next(WIDE.neighbours(single("gpt-9"), np.random.default_rng(0)))
    with pytest.raises(UnknownName):
        replace(WIDE, roles=("referee",))


def test_its_dictionary_is_json_and_says_everything():
    assert json.loads(json.dumps(WIDE.to_dict())) == WIDE.to_dict()
    others = [
        replace(WIDE, **changes)
        for changes in (
            *({"max_nodes": 7}, {"max_width": 7}, {"max_depth": 7}, {"max_in_degree": 7}, {"roles": ("assistant",)}),
            *({"budget": Budget("units", 78)}, {"lengths": Lengths(202, 276)}, {"pool": PAPER.subset(PAPER.names[1:])}),
        )
    ]
    dictionaries = [json.dumps(space.to_dict(), sort_keys=True) for space in (WIDE, *others)]
    assert len(set(dictionaries)) == len(dictionaries)
