"""What the board says that each node of a graph costs."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import SUITE

from ttgbench.graphs.graph import Graph
from ttgbench.leaderboard.parts import markup
from ttgbench.problems.suite import load_suite
from ttgbench.report.board.nodes import node_units, prices
from ttgbench.run.results import TestScore
from ttgbench.run.score import nominal
from ttgbench.run.session import Session
from ttgbench.shapes import parallel

TWO = parallel("smollm2-135m", 2, "vote")


def score(graph: Graph, cost) -> TestScore:
    nothing = dict.fromkeys(("value", "accuracy", "flops", "dollars", "seconds", "tokens_in", "tokens_out"), 0.0)
    known = {"key": graph.key, "graph": graph.canonical().to_dict(), "nominal": cost}
    return TestScore(**nothing, **known, statuses={}, universes=(0,))


@pytest.mark.parametrize(("suite", "problem"), [("synthetic-v1", "math-18u"), ("synthetic-exact-v2", None)])
def test_nodes_add_up_to_what_a_run_was_told(suite, problem):
    suite = load_suite(suite)
    spec = suite.spec(problem or suite.problems[-1].name)
    with Session(None, None) as session:
        space = session.context(suite, spec, seed=3).space
    for seed in range(5):
        graph = space.sample(np.random.default_rng(seed))
        units = node_units(score(graph, nominal(space, graph)), prices(suite, spec.name, 3))
        assert len(units) == len(graph.nodes)
        models = [node.model for node in graph.canonical().nodes]
        assert [cost > 0 for cost in units] == [model is not None for model in models]
        assert sum(units) == pytest.approx(nominal(space, graph).units)


def test_what_has_changed_since_or_is_not_at_hand_is_not_told():
    suite = load_suite("recorded-micro-v1")
    name = suite.problems[0].name
    space = suite.spec(name).load_space(prices(suite, name, 0)[1])
    cost = nominal(space, TWO)
    units = node_units(score(TWO, cost), prices(suite, name, 0))
    assert units == pytest.approx([cost.units / 2, cost.units / 2, 0.0])
    other = cost.model_copy(update={"units": cost.units * 1.01})
    assert node_units(score(TWO, other), prices(suite, name, 0)) is None
    unknown = score(parallel("no-such-model", 2, "vote"), cost)
    assert node_units(unknown, prices(suite, name, 0)) is None
    assert prices(SUITE, SUITE.problems[0].name, 0) is None
    assert node_units(score(TWO, cost), None) is None


def test_the_drawing_says_it_and_leaves_out_what_does_not_fit():
    data = TWO.canonical().to_dict()
    drawn = markup.graph_figure(data, units=[1.0, 1.0, 0.0])
    assert drawn.count("1 unit · 50%") == 2
    assert drawn.count("no cost") == 1
    assert drawn.count("<text") == 9
    for units in (None, [], [1.0], [0.0, 0.0, 0.0], [float("nan")] * 3):
        assert markup.graph_figure(data, units=units) == markup.graph_figure(data)
