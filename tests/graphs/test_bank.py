"""A bank's graphs and their ballots say the same, and every graph of the open space comes to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.graphs.bank import BankNodes, SecondNode
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, debate, parallel, single
from ttgbench.models.budget import Budget
from ttgbench.problems.space.space import SearchSpace
from ttgbench.tasks.task import Lengths
from ttgbench.testing import toy_pool

S, L = "small", "large"
BANK = BankNodes(
    {S: 4, L: 3},
    (
        SecondNode("fuser", L, (L, L)),
        SecondNode("fuser", L, (S, S, S)),
        SecondNode("fuser", L, (L, S, S)),
        SecondNode("assistant", L, (L,)),
    ),
)
OPEN = SearchSpace(toy_pool(), Lengths(20, 10), Budget("units", 1000), roles=("assistant", "fuser", "vote"))
ballots = st.sampled_from([ballot for ballot in np.ndindex(5, 4, 2, 2, 2, 2) if any(ballot)])


@settings(deadline=None)
@given(ballots, st.integers(0, 2**32))
def test_a_graph_and_its_ballot_say_the_same_however_its_nodes_are_written(ballot, seed):
    graph, rng = BANK.graph(ballot), np.random.default_rng(seed)
    nodes = [graph.nodes[at] for at in rng.permutation(len(graph.nodes))]
    edges = [graph.edges[at] for at in rng.permutation(len(graph.edges))]
    names = {node.id: f"x{number}" for number, node in enumerate(nodes)}
    written = Graph(
        [Node(names[node.id], node.role, node.model) for node in nodes], [(names[a], names[b]) for a, b in edges]
    )
    assert BANK.ballot(written) == BANK.ballot(graph) == ballot
    assert BANK.nearest(written) == ballot
    assert BANK.graph(ballot) == written


@settings(deadline=None)
@given(ballots)
def test_no_two_nodes_of_a_graph_are_one_recorded_node_and_readers_read_first_samples(ballot):
    graph = BANK.graph(ballot)
    placed = BANK.placed(graph)
    assert len(set(placed.values())) == len(placed)
    for name, place in placed.items():
        if place >= BANK.first_second:
            node = BANK.second[place - BANK.first_second]
            below = sorted(placed[source] for source in graph.predecessors(name))
            assert below == sorted(
                BANK.columns[model] + number for model in set(node.inputs) for number in range(node.inputs.count(model))
            )


def two_fusers_of_different_samples() -> Graph:
    nodes = [*(Node(f"l{n}", "assistant", L) for n in range(3)), Node("r", "assistant", L), Node("f", "fuser", L)]
    edges = [("l0", "r"), ("l1", "f"), ("l2", "f"), ("r", "vote"), ("f", "vote")]
    return Graph([*nodes, Node("vote", "vote", None)], edges)


@pytest.mark.parametrize(
    ("graph", "words", "nearest"),
    [
        (two_fusers_of_different_samples(), "each reads the first ones", (0, 0, 1, 0, 0, 1)),
        (chain(L, 3), "reads other nodes than samples", (0, 0, 0, 0, 0, 1)),
        (chain(S, 2), "no assistant of 'small'", (1, 0, 0, 0, 0, 0)),
        (parallel(L, 5), "5 samples of 'large', the bank 3", (0, 5, 0, 0, 0, 0)),
        (parallel(S, 3, "fuser"), "no fuser of 'small'", (3, 0, 0, 0, 0, 0)),
        (parallel(S, 2, "fuser", L), "no fuser of 'large'", (0, 0, 0, 1, 0, 0)),
        (debate([L, S]), "no assistant", (1, 0, 0, 0, 0, 1)),
        (
            Graph([Node("a", "assistant", L), Node("v", "vote", None)], [("a", "v")]),
            "single answer",
            (0, 1, 0, 0, 0, 0),
        ),
    ],
)
def test_what_is_no_graph_of_the_bank_is_said_and_comes_to_what_is_like_it(graph, words, nearest):
    assert words in BANK.ballot(graph)
    assert BANK.nearest(graph) == nearest


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_what_a_graph_comes_to_does_not_depend_on_how_it_is_written(seed):
    graph = OPEN.sample(np.random.default_rng(seed))
    assert BANK.nearest(graph) == BANK.nearest(graph.canonical())
    assert any(BANK.nearest(graph))


def test_votes_over_votes_without_end_are_read_at_once():
    names = [f"v{number}" for number in range(40)]
    edges = [*((name, other) for at, name in enumerate(names) for other in names[at + 1 :]), ("a", "v0"), ("b", "v0")]
    nodes = [Node("a", "assistant", S), Node("b", "assistant", L), *(Node(name, "vote", None) for name in names)]
    assert BANK.nearest(Graph(nodes, edges)) == (1, 1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("samples", "second", "words"),
    [
        ({S: 1}, [SecondNode("fuser", L, (S, S))], "reads more of small"),
        ({S: 1}, [SecondNode("fuser", L, ())], "reads nothing"),
        ({S: 2, L: 1}, [SecondNode("fuser", L, (S, L)), SecondNode("fuser", L, (L, S))], "is there twice"),
    ],
)
def test_a_bank_of_nodes_that_cannot_be_is_refused(samples, second, words):
    with pytest.raises(InputError, match=words):
        BankNodes(samples, tuple(second))


def test_a_model_without_samples_and_a_ballot_of_another_bank_are_refused():
    with pytest.raises(InputError, match="no samples of 'other'"):
        BANK.nearest(single("other"))
    for ballot in ((0,) * 6, (1,), (5, 0, 0, 0, 0, 0), (0, 0, 2, 0, 0, 0)):
        with pytest.raises(InputError, match="no ballot"):
            BANK.graph(ballot)
