"""The rules that search without a language model: what pre-tests cost and say, what is proposed, what is learnt."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import BudgetExhausted
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import parallel, single
from ttgbench.methods.conformance.toy import MODELS, Sitting, Toy
from ttgbench.methods.solvers.edits import EDITS
from ttgbench.methods.solvers.insights import PRETEST_SHARE, Preference, Rules, preference, widest
from ttgbench.methods.solvers.trials import Trials

KINDS = list(EDITS)
TRIANGLE = Graph(
    [Node("a", "assistant", "ant"), Node("b", "assistant", "bee"), Node("f", "fuser", "ant")],
    [("a", "b"), ("a", "f"), ("b", "f")],
)
"""A graph that every kind of edit can change."""


def notebook(toy: Toy | None = None) -> tuple[Trials, Sitting]:
    sitting = Sitting(toy or Toy())
    return Trials(sitting.problem), sitting


def alone(graph: Graph) -> str:
    """The one model of a graph."""
    [model] = graph.model_counts
    return model


def test_pretests_are_billed_and_keep_about_to_their_share():
    trials, sitting = notebook(Toy(evaluations=30))
    preference(trials)
    evaluations = [event for event in sitting.events if event["event"] == "evaluate"]
    assert {event["key"] for event in evaluations} == {graph.key for graph in trials.values}
    assert sum(event["charged"] for event in evaluations) == sitting.ledger.spent > 0
    assert set(sitting.ledger.by_category) == {"evaluation"}
    before_the_last = evaluations[-2]["spent"] / sitting.ledger.limit
    assert before_the_last <= PRETEST_SHARE


def test_no_share_means_every_model_alone_and_nothing_more():
    trials, _ = notebook()
    preference(trials, share=0)
    assert set(trials.values) == {single(name) for name in MODELS}


def test_the_ranking_follows_the_values():
    trials, _ = notebook(Toy(evaluations=100, questions=64))
    found = preference(trials, share=1)
    best = {name: max(value for graph, value in trials.values.items() if alone(graph) == name) for name in MODELS}
    assert found.scores == best
    assert len(set(best.values())) == len(MODELS), "no ties, else the next line says little"
    assert found.ranking == sorted(best, key=lambda name: best[name], reverse=True)
    assert any(len(graph.nodes) > 1 for graph in trials.values)


def test_equal_models_rank_by_size():
    trials, _ = notebook(Toy(constant=0.5))
    assert preference(trials).ranking == ["ant", "bee", "cat"]


def test_a_model_that_does_not_fit_alone_is_not_tested_and_ranks_last():
    trials, _ = notebook(Toy(budget="5 units", evaluations=30))
    found = preference(trials)
    assert all("cat" not in graph.model_counts for graph in trials.values)
    assert found.ranking[-1] == "cat"
    assert found.scores["cat"] == min(found.scores.values())


def test_what_the_budget_reaches_is_enough_for_a_preference():
    trials, _ = notebook(Toy(evaluations=0.4))
    found = preference(trials)
    assert set(found.scores) == set(MODELS)
    assert 0 < len(trials.values) < len(MODELS)


def test_a_budget_for_nothing_at_all_is_exhausted():
    trials, sitting = notebook(Toy(evaluations=0.01))
    with pytest.raises(BudgetExhausted):
        preference(trials)
    assert sitting.ledger.spent == 0


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_weights_are_probabilities_in_the_order_of_the_scores(values):
    scores = dict(zip(MODELS, values, strict=True))
    found = Preference(scores)
    weights = found.weights(list(MODELS))
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    by_name = dict(zip(MODELS, weights, strict=True))
    ranked = [by_name[name] for name in found.ranking]
    assert ranked == sorted(ranked, reverse=True)
    assert found.weights(list(MODELS)[::-1]) == pytest.approx(weights[::-1])


def test_a_team_is_as_wide_as_the_budget_allows():
    _, sitting = notebook(Toy(budget="24 units", max_nodes=8))
    problem = sitting.problem
    for model in MODELS:
        team = widest(problem, model, ("vote", None))
        larger = None if team is None else parallel(model, len(team.nodes))
        if team is None:
            assert problem.space.contains(parallel(model, 2)) is not None
        else:
            assert problem.space.contains(team) is None
            assert problem.space.contains(larger) is not None
    assert len(widest(problem, "ant", ("vote", None)).nodes) == 8
    assert widest(problem, "cat", ("vote", None)) is None
    fused = widest(problem, "ant", ("fuser", "bee"))
    assert fused.model_counts["bee"] == 1


def test_proposals_are_new_graphs_of_the_space_until_none_is_left():
    trials, sitting = notebook(Toy(max_nodes=3, evaluations=500))
    rules = Rules(trials, ["cat", "bee", "ant"])
    trials.value(single("ant"))
    seen = []
    while (step := rules.propose(single("ant"))) is not None:
        name, graph = step
        assert graph in list(EDITS[name](single("ant"), sitting.problem.space, rules.ranking))
        assert graph not in trials.values
        trials.value(graph)
        seen.append(graph)
    everything = [
        edited for edit in EDITS.values() for edited in edit(single("ant"), trials.problem.space, rules.ranking)
    ]
    assert set(seen) == {graph for graph in everything if graph is not None}
    assert len(set(seen)) == len(seen)


def test_at_first_kinds_come_in_their_usual_order():
    trials, _ = notebook()
    rules = Rules(trials, ["cat", "bee", "ant"])
    assert rules.order() == KINDS
    assert rules.propose(single("ant"))[0] == KINDS[0]


@pytest.mark.parametrize("name", KINDS[1:])
def test_a_kind_that_gained_is_proposed_next(name):
    trials, _ = notebook(Toy(budget="1000 units", max_nodes=8))
    rules = Rules(trials, ["cat", "bee", "ant"])
    rules.learn(name, 0.2)
    assert rules.order()[0] == name
    step = rules.propose(TRIANGLE)
    assert step[0] == name
    assert step[1] in list(EDITS[name](TRIANGLE, trials.problem.space, rules.ranking))


def test_a_kind_that_lost_is_left_alone_for_a_while():
    trials, _ = notebook()
    rules = Rules(trials, ["cat", "bee", "ant"])
    before = rules.propose(single("ant"))[0]
    rules.learn(before, -0.1)
    assert rules.order()[-1] == before
    assert rules.propose(single("ant"))[0] != before


def test_a_gain_reopens_the_other_kinds():
    trials, _ = notebook()
    rules = Rules(trials, ["cat", "bee", "ant"])
    for _ in range(3):
        rules.learn("wider", -0.1)
    rules.learn("deeper", 0.1)
    assert rules.gains["wider"] == [-0.1]
    assert rules.gains["deeper"] == [0.1]


def test_of_unknown_kinds_only_the_gain_counts():
    trials, _ = notebook()
    rules = Rules(trials, ["cat", "bee", "ant"])
    for _ in range(2):
        rules.learn("wider", -0.1)
    rules.learn("free", -1.0)
    assert rules.gains["wider"] == [-0.1, -0.1]
    rules.learn("free", 0.3)
    assert rules.gains["wider"] == [-0.1]
    assert set(rules.gains) == set(EDITS)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*KINDS, "free"]), st.floats(-1, 1)), max_size=30))
def test_whatever_is_learnt_every_kind_stays_in_the_order(history):
    rules = Rules(notebook()[0], ["cat", "bee", "ant"])
    for name, gain in history:
        rules.learn(name, gain)
    assert sorted(rules.order()) == sorted(EDITS)
    assert rules.propose(single("ant")) is not None
