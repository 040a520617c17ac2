"""The notebook of a search: what it bills, what it recommends and when, and when it gives up."""

from __future__ import annotations

import numpy as np
import pytest

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import chain, parallel, single
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.methods.solvers.trials import PATIENCE, Trials, first_guess

ANT, BEE = single("ant"), single("bee")


def notebook(toy: Toy | None = None, **named) -> tuple[Trials, Sitting]:
    sitting = Sitting(toy or Toy())
    return Trials(sitting.problem, **named), sitting


def events(sitting: Sitting, kind: str) -> list[dict]:
    return [event for event in sitting.events if event["event"] == kind]


def some_graphs(sitting: Sitting, count: int) -> list[Graph]:
    rng = np.random.default_rng(1)
    graphs: dict[Graph, None] = {}
    while len(graphs) < count:
        graphs[sitting.problem.space.sample(rng)] = None
    return list(graphs)


def test_ties_go_to_the_earlier():
    trials, sitting = notebook(Toy(constant=0.5))
    for graph in (BEE, ANT, parallel("ant", 2)):
        assert trials.value(graph) == 0.5
    assert trials.best == trials.answer == BEE
    assert trials.top(2) == [(BEE, 0.5), (ANT, 0.5)]
    assert len(events(sitting, "recommend")) == 1


def test_the_best_is_recommended_as_soon_as_it_is_found():
    trials, sitting = notebook(Toy(evaluations=40))
    best = float("-inf")
    for graph in some_graphs(sitting, 12):
        value = trials.value(graph)
        best = max(best, value)
        assert trials.values[sitting.problem.incumbent] == trials.best_value == best
    recommended = [event["key"] for event in events(sitting, "recommend")]
    assert len(recommended) > 1, "no case at all"
    values = {graph.key: value for graph, value in trials.values.items()}
    assert [values[key] for key in recommended] == sorted(values[key] for key in recommended)


def test_a_known_graph_is_not_evaluated_again():
    trials, sitting = notebook()
    assert trials.value(ANT) == trials.value(ANT) == trials.values_of([ANT, ANT])[1]
    assert len(events(sitting, "evaluate")) == 1


def test_what_was_valued_elsewhere_counts_and_costs_nothing():
    trials, sitting = notebook()
    trials.note(ANT, 2.0)
    assert (trials.value(ANT), trials.best) == (2.0, ANT)
    assert trials.value(BEE) < 2.0
    assert sitting.problem.incumbent == ANT
    assert [event["key"] for event in events(sitting, "evaluate")] == [BEE.key]


def test_several_graphs_are_one_batch_with_the_values_of_single_ones():
    (together, batch), (alone, _) = notebook(Toy(evaluations=40)), notebook(Toy(evaluations=40))
    graphs = some_graphs(batch, 6)
    asked: list[int] = []
    many = batch.problem._evaluator.evaluate
    batch.problem._evaluator.evaluate = lambda graphs, *rest: asked.append(len(graphs)) or many(graphs, *rest)
    found = together.values_of([*graphs, graphs[0]])
    assert asked == [6]
    assert found == [alone.value(graph) for graph in [*graphs, graphs[0]]]
    assert list(together.values) == list(alone.values) == graphs
    assert together.best == alone.best


def test_a_batch_beyond_the_budget_is_taken_one_by_one_as_far_as_it_goes():
    trials, sitting = notebook(Toy(evaluations=2))
    graphs = some_graphs(sitting, 30)
    with pytest.raises(BudgetExhausted):
        trials.values_of(graphs)
    done = list(trials.values)
    assert 1 < len(done) < len(graphs)
    assert done == graphs[: len(done)]
    assert [event["key"] for event in events(sitting, "evaluate")] == [graph.key for graph in done]
    assert trials.values[sitting.problem.incumbent] == max(trials.values.values())
    assert sitting.ledger.spent <= sitting.ledger.limit


def test_one_by_one_may_reach_what_a_batch_must_refuse():
    """Nodes that graphs share are billed once, but reserved for each."""
    toy = Toy(evaluations=0.5)
    graphs = [parallel("ant", count, "vote") for count in (2, 3, 4, 5)]
    with pytest.raises(BudgetExhausted):
        Sitting(toy).problem.evaluate_many(graphs)
    trials, sitting = notebook(toy)
    assert len(trials.values_of(graphs)) == 4
    assert len(events(sitting, "refused")) == 1


def test_a_graph_outside_the_space_is_refused_before_anything_is_spent():
    trials, sitting = notebook()
    for call in (lambda: trials.value(chain("cat", 6)), lambda: trials.values_of([ANT, chain("cat", 6)])):
        with pytest.raises(InputError, match="space"):
            call()
    assert (sitting.ledger.spent, trials.values, trials.best) == (0, {}, None)


def test_tries_that_cost_nothing_stall_it_and_one_that_costs_wakes_it():
    trials, _ = notebook(patience=3)
    trials.value(ANT)
    stalled = []
    for _ in range(3):
        stalled.append(trials.stalled)
        trials.value(ANT)
    assert stalled == [False] * 3
    assert trials.stalled
    trials.value(BEE)
    assert not trials.stalled


def test_patience_has_a_default():
    trials, _ = notebook()
    for _ in range(PATIENCE):
        assert not trials.stalled
        trials.value(ANT)
    trials.value(ANT)
    assert trials.stalled


def test_without_a_value_the_answer_is_the_first_guess():
    trials, sitting = notebook(Toy(evaluations=0.01))
    with pytest.raises(BudgetExhausted):
        trials.value(single("cat"))
    assert trials.best is None
    assert trials.answer == first_guess(sitting.problem) == single("cat")


def test_the_first_guess_is_the_largest_model_that_fits():
    assert first_guess(Sitting(Toy(budget="5 units")).problem) == BEE
    assert first_guess(Sitting(Toy(roles=("assistant",), max_nodes=1)).problem) == single("cat")


def test_the_share_spent_is_that_of_the_ledger():
    trials, sitting = notebook()
    assert trials.share_spent == 0
    trials.value(BEE)
    assert trials.share_spent == sitting.ledger.spent / sitting.ledger.limit > 0


def test_neighbours_are_new_until_there_are_none():
    trials, sitting = notebook(Toy(max_nodes=3, evaluations=500))
    rng = np.random.default_rng(0)
    seen = []
    trials.value(BEE)
    while (move := trials.neighbour(ANT, rng)) is not None:
        seen.append(move)
        if len(seen) % 2:
            trials.value(move)
    assert BEE not in seen, "it was tried"
    assert len(set(seen)) == len(seen)
    everywhere = set(sitting.problem.space.neighbours(ANT, rng))
    assert set(seen) == everywhere - {BEE}
