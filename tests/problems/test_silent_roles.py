"""Spaces with a critic: it gives no answer, so it is never the sink, and no vote counts it."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.graphs.graph import Graph, Node
from ttgbench.methods.conformance.toy import Toy
from ttgbench.problems.suite import load_suite

ROLES = ("assistant", "fuser", "judge", "critic", "vote")
A, C = Node("a", "assistant", "ant"), Node("c", "critic", "ant")


def space(max_nodes=9, **named):
    return Toy(roles=ROLES, budget="60 units", max_nodes=max_nodes, **named).space()


def check(found: Graph) -> None:
    for node in found.nodes:
        if node.role == "critic":
            readers = [found[name] for name in found.successors(node.id)]
            assert readers
            assert all(reader.role != "vote" for reader in readers)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_no_sample_and_no_move_puts_a_critic_where_an_answer_is_wanted(seed):
    rng = np.random.default_rng(seed)
    graph = space().sample(rng)
    for found in (graph, *islice(space().neighbours(graph, rng), 12)):
        check(found)
        assert space().contains(found) is None


def test_samples_hold_critics_and_judges():
    rng = np.random.default_rng(0)
    roles = {node.role for _ in range(40) for node in space().sample(rng).nodes}
    assert roles == set(ROLES)


def test_enumeration_leaves_out_exactly_what_the_rule_forbids():
    every = list(space(max_nodes=3, models=("ant",)).enumerate())
    for graph in every:
        check(graph)
    critics = [graph for graph in every if "critic" in graph.role_counts]
    assert {graph[graph.sink].role for graph in critics} == {"assistant", "fuser", "judge"}
    assert len(critics) == 2 * 3, "an answer, its critic, and a reader of the critic alone or of both"


@pytest.mark.parametrize(
    "graph",
    [
        Graph([A, C], [("a", "c")]),
        Graph([A, C, Node("z", "vote", None)], [("a", "c"), ("a", "z"), ("c", "z")]),
    ],
)
def test_why_a_critic_stands_in_the_wrong_place_is_said(graph):
    assert space().contains(graph) == "a critic gives no answer: it cannot be the sink, and no vote may count it"


@pytest.mark.parametrize("spec", load_suite("live-v1").problems, ids=lambda spec: spec.name)
def test_the_open_spaces_of_the_live_suite_hold_judges_and_critics(spec):
    assert {"judge", "critic"} < set(spec.space.roles)
