"""The space of a bank holds exactly the open space's graphs of recorded nodes, and is searched as any other."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.graphs.bank import BankNodes, SecondNode
from ttgbench.graphs.shapes import chain, single
from ttgbench.models.budget import Budget
from ttgbench.problems.space.bank import BankSpace
from ttgbench.problems.space.space import SearchSpace
from ttgbench.tasks.task import Lengths
from ttgbench.testing import toy_pool

S, L = "small", "large"
LENGTHS = Lengths(20, 10)
FUSER, MIXED, REFINER = (
    SecondNode("fuser", L, (L, L)),
    SecondNode("fuser", S, (L, S)),
    SecondNode("assistant", L, (L,)),
)
BANK = BankNodes({S: 3, L: 2}, (FUSER, MIXED, REFINER))
SPACE = BankSpace.over(BANK, toy_pool(), LENGTHS, Budget("units", 45))
OPEN = SearchSpace(toy_pool(), LENGTHS, Budget("units", 1000), roles=("assistant", "fuser", "vote"))
seeds = st.integers(0, 2**32)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["units", "seconds", "dollars"]),
    st.floats(1.001, 60),
    st.sampled_from([(), (FUSER,), (REFINER, MIXED), (FUSER, MIXED, REFINER)]),
    st.integers(0, 3),
)
def test_the_space_holds_what_an_open_space_holds_of_the_bank(metric, share, second, most):
    """Every ballot there is, asked one by one whether an open space of the same budget contains its graph."""
    bank = BankNodes({S: 2, L: 2}, second)
    limit = share * Budget(metric, 1).nominal(single(S), toy_pool(), LENGTHS)
    space = BankSpace.over(bank, toy_pool(), LENGTHS, Budget(metric, limit), max_second=most)
    roles = ("assistant", "fuser", "vote")
    open_space = SearchSpace(toy_pool(), LENGTHS, Budget(metric, limit), roles=roles, max_nodes=9)
    held = list(space.enumerate())
    assert len(set(held)) == len(held) == len(space)
    every = [ballot for ballot in np.ndindex(3, 3, *[2] * len(second)) if any(ballot) and sum(ballot[2:]) <= most]
    graphs = [bank.graph(ballot) for ballot in every]
    assert {graph.key for graph in held} == {graph.key for graph in graphs if open_space.contains(graph) is None}
    assert all((space.contains(graph) is None) == (graph in set(held)) for graph in graphs)


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_samples_and_neighbours_are_in_the_space_and_the_seed_decides(seed):
    graph = SPACE.sample(np.random.default_rng(seed))
    assert graph == SPACE.sample(np.random.default_rng(seed))
    assert SPACE.contains(graph) is None
    near = list(SPACE.neighbours(graph, np.random.default_rng(seed)))
    assert [one.key for one in near] == [one.key for one in SPACE.neighbours(graph, np.random.default_rng(seed))]
    assert len(set(near)) == len(near) > 0
    assert graph not in near
    for one in near:
        assert SPACE.contains(one) is None
        apart = SPACE.encode(one) - SPACE.encode(graph)
        assert (max(apart.clip(min=0).sum(), -apart.clip(max=0).sum())) == 1
        assert graph in list(SPACE.neighbours(one, np.random.default_rng(0)))


def test_every_graph_is_reached_by_neighbours():
    reached, waiting = set(), [next(SPACE.enumerate())]
    while waiting:
        graph = waiting.pop()
        if graph not in reached:
            reached.add(graph)
            waiting += SPACE.neighbours(graph, np.random.default_rng(0))
    assert len(reached) == len(SPACE)


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_any_graph_of_an_open_space_is_projected_into_the_space(seed):
    graph = OPEN.sample(np.random.default_rng(seed))
    projected = SPACE.project(graph)
    assert SPACE.contains(projected) is None
    assert SPACE.project(projected) == projected
    if SPACE.contains(graph) is None:
        assert projected == graph
    near = list(islice(SPACE.neighbours(graph, np.random.default_rng(0)), 100))
    assert projected in near or not isinstance(BANK.ballot(graph), str)


@settings(deadline=None, max_examples=30)
@given(seeds, st.lists(st.floats(-3, 5), min_size=5, max_size=5))
def test_vectors_are_decoded_to_the_nearest_graph(seed, vector):
    graph = SPACE.sample(np.random.default_rng(seed))
    assert SPACE.decode(SPACE.encode(graph)) == graph
    distances = [((SPACE.encode(one) - vector) ** 2).sum() for one in SPACE.enumerate()]
    assert ((SPACE.encode(SPACE.decode(vector)) - vector) ** 2).sum() == pytest.approx(min(distances))


def test_what_cannot_be_a_space_is_refused():
    with pytest.raises(InputError, match="fits no graph"):
        BankSpace.over(BANK, toy_pool(), LENGTHS, Budget("units", 0.5))
    with pytest.raises(InputError, match="no samples"):
        BankSpace.over(BankNodes({}), toy_pool(), LENGTHS, Budget("units", 9))
    with pytest.raises(InputError, match="max_second: must be 0 or more, not -1"):
        BankSpace.over(BANK, toy_pool(), LENGTHS, Budget("units", 9), max_second=-1)
    huge = BankNodes(dict.fromkeys(["a", "b", "c", "d"], 40))
    with pytest.raises(InputError, match="2,825,761 graphs"):
        BankSpace.over(huge, toy_pool("a", "b", "c", "d"), LENGTHS, Budget("units", 9))
    with pytest.raises(InputError, match="more than 3 graphs"):
        list(SPACE.enumerate(3))
    with pytest.raises(InputError, match="finite"):
        SPACE.decode([float("nan")] * 5)
    assert SPACE.contains(chain(L, 3)) is not None
    assert "budget" in SPACE.contains(BANK.graph((3, 2, 1, 0, 1)))
