"""Budgets of nodes, as the released code of arXiv 2511.00086 has them, and the spaces that are bounded by one."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.methods.conformance.toy import Toy
from ttgbench.methods.solvers.mixes import FINAL, exact_mixes, node_budget, variants
from ttgbench.models.budget import Budget
from ttgbench.models.cost import nominal_cost
from ttgbench.models.pool import load_pool
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.suite import load_suite
from ttgbench.run import serialize
from ttgbench.run.isolation.aliases import Aliases, Naming
from ttgbench.tasks.task import Lengths

LLAMA = (1, 3, 9, 81)
MATH = (*LLAMA, 1, 3, 9)
CODE = (1, 4, 7, 81)
ROOMY = Toy(roles=("assistant", "fuser"), budget="60 units", max_nodes=9, questions=20, evaluations=6)
UNITS = {"math": (202, 275, 9.710e11), "mmlu": (213, 215, 8.680e11), "humaneval": (180, 115, 5.957e11)}
"""Mean lengths of question and answer, and the unit in FLOPs that the released code has in place of its formula."""


@pytest.mark.parametrize(
    ("prices", "limit", "count"),
    [
        *((LLAMA, 12, 7), (MATH, 12, 87), (LLAMA, 8, 3), (MATH, 8, 30)),
        *((CODE, 12, 6), ((*CODE, 1, 4, 7), 12, 70), (CODE, 8, 4), ((*CODE, 1, 4, 7), 8, 26)),
    ],
)
def test_as_many_mixes_spend_a_budget_as_in_the_code(prices, limit, count):
    mixes = exact_mixes(prices, limit)
    assert len(mixes) == len(set(mixes)) == count
    assert {sum(n * price for n, price in zip(mix, prices, strict=True)) for mix in mixes} == {limit}


@pytest.mark.parametrize(
    ("task", "nodes", "units"),
    [
        *(("math", 4, 17.75), ("math", 5, 23.04), ("math", 8, 42.87), ("math", 12, 78.98)),
        *(("mmlu", 4, 16.34), ("mmlu", 5, 21.04), ("mmlu", 8, 38.51), ("mmlu", 12, 69.97)),
        *(("humaneval", 4, 14.15), ("humaneval", 5, 17.96), ("humaneval", 8, 31.89), ("humaneval", 12, 56.39)),
    ],
)
def test_the_ceilings_are_complete_graphs_of_small_models(task, nodes, units):
    question, answer, unit = UNITS[task]
    ids = [f"n{i}" for i in range(nodes)]
    graph = Graph(
        [*(Node(i, "assistant", "llama-3.2-1b") for i in ids), Node(FINAL, "assistant", "llama-3.2-3b")],
        [(a, b) for i, a in enumerate(ids) for b in [*ids[i + 1 :], FINAL]],
    )
    cost = nominal_cost(graph, load_pool("paper"), Lengths(question=question, answer=answer)).total.flops
    assert cost / unit == pytest.approx(units, abs=0.0051)


@pytest.mark.parametrize(("units", "nodes"), [("18 units", 4), ("43 units", 8), ("80 units", 12)])
def test_a_budget_in_units_is_read_back_as_a_node_budget(units, nodes):
    lengths = Lengths(question=202, answer=275)
    budget = node_budget(SearchSpace(load_pool("paper"), lengths, Budget.parse(units), max_nodes=40, max_width=32))
    assert budget is not None
    assert (budget.limit, budget.final) == (nodes, "llama-3.2-3b")
    assert budget.prices == (1, 3, 8, 70, 1, 2, 7)


def test_variants_lose_the_weakest_node_first():
    assert variants((2, 1, 1), (1, 3, 9)) == [(2, 1, 1), (1, 1, 1), (0, 1, 1), (0, 0, 1)]
    assert len(variants((12, 0, 0), (1, 3, 9))) == 5


def nodes_space(budget=9, **named):
    """A toy's space with the paper's budget of nodes."""
    limits = {"max_nodes": 1 + budget, "max_width": budget, "max_depth": 1 + budget, "max_in_degree": budget, **named}
    return replace(replace(ROOMY, budget="100 units").space(), nodes=NodeBudget(budget, (1, 3, 9), "bee"), **limits)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.integers(0, 2**32))
def test_a_space_with_a_budget_of_nodes_ends_in_its_final_node(budget, seed):
    space, rng = nodes_space(budget), np.random.default_rng(seed)
    graph = space.sample(rng)
    near = [move for move, _ in zip(space.neighbours(graph, rng), range(20), strict=False)]
    for found in (graph, *near):
        assert space.contains(found) is None
        prices = {"ant": 1, "bee": 3, "cat": 9}
        inner = [node.model for node in found.nodes if node.id != found.sink or len(found.nodes) == 1]
        assert sum(prices[model] for model in inner) <= budget
        if len(found.nodes) > 1:
            assert (found[found.sink].role, found[found.sink].model) == ("assistant", "bee")


def test_why_a_graph_is_over_the_budget_of_nodes_is_said():
    space = nodes_space(3)
    ends = [Node("a", "assistant", "ant"), Node("z", "assistant", "cat")]
    assert "must be assistant on bee" in space.contains(Graph(ends, [("a", "z")]))
    dear = [Node("a", "assistant", "cat"), Node("z", "assistant", "bee")]
    assert "the budget of nodes is 3" in space.contains(Graph(dear, [("a", "z")]))
    assert space.contains(Graph([Node("a", "assistant", "bee")])) is None
    assert "budget of nodes" in space.contains(Graph([Node("a", "assistant", "cat")]))
    assert node_budget(space) == space.nodes
    with pytest.raises(InputError, match="price for each"):
        replace(space, nodes=NodeBudget(3, (1, 3), "bee"))
    with pytest.raises(InputError, match="pays for no node"):
        replace(space, nodes=NodeBudget(3, (4, 5, 6), "bee"))


@pytest.mark.parametrize("spec", [s for s in load_suite("paper-v1").problems if s.space.nodes], ids=lambda s: s.name)
def test_the_suites_budgets_of_nodes_are_those_of_the_code(spec):
    lengths = {"math500": (202, 275), "mmlu": (213, 215), "humaneval": (180, 115)}[spec.task]
    space = spec.load_space(Lengths(*lengths))
    assert space.nodes is not None
    count = {4: {"humaneval": None}, 8: {"math500": 30, "mmlu": 30, "humaneval": 26}}
    wanted = count.get(space.nodes.limit, {"math500": 87, "mmlu": 87, "humaneval": 70}).get(spec.task)
    assert wanted is None or len(exact_mixes(space.nodes.prices, space.nodes.limit)) == wanted
    ids = [f"n{i}" for i in range(space.nodes.limit)]
    complete = Graph(
        [*(Node(i, "assistant", "llama-3.2-1b") for i in ids), Node(FINAL, "assistant", "llama-3.2-3b")],
        [(a, b) for i, a in enumerate(ids) for b in [*ids[i + 1 :], FINAL]],
    )
    assert space.contains(complete) is None
    assert space.limit - space.budget.amount(nominal_cost(complete, space.pool, lengths=space.lengths).total) < 1e-3 * (
        space.limit
    ), "the ceiling is no higher"
    assert space.contains(Graph([Node("a", "assistant", "llama-3.1-70b")])) is not None


def test_a_space_travels_to_an_isolated_method_under_other_names():
    space = nodes_space()
    wire = json.loads(json.dumps(serialize.space_to_wire(space)))
    assert serialize.space_from_wire(wire) == space
    for seed in range(4):
        models = [(card.name, card.family) for card in space.pool]
        names = Aliases.drawn(models, 0, Naming(seed))
        told = names.problem({"space": wire, "task": {}, "questions": []})["space"]
        sizes = [card["parameters"] // 10**9 for card in told["pool"]["models"]]
        assert dict(zip(sizes, told["nodes"][1], strict=True)) == {1: 1, 4: 3, 16: 9}
        assert told["nodes"][2] == names.told["bee"]
        bare = names.problem({"space": {**wire, "nodes": None}, "task": {}, "questions": []})["space"]
        assert bare["nodes"] is None


def test_spaces_without_a_budget_of_nodes_are_described_as_before():
    assert "nodes" not in ROOMY.space().to_dict()
    assert nodes_space().to_dict()["nodes"] == {"limit": 9, "prices": (1, 3, 9), "final": "bee"}
    assert "nodes" not in load_suite("synthetic-v1").to_dict()["problems"][0]["space"]
