"""What is shipped of the pilot is a problem that methods search: every graph of it is looked up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ttgbench.errors import InputError, UnknownName
from ttgbench.graphs.shapes import mixture_of_agents, parallel
from ttgbench.problems.bank.plan import load_bank, segments
from ttgbench.problems.method import load_method
from ttgbench.publish.recording.bank_open import open_bank, opened
from ttgbench.publish.recording.bank_problem import bank_problem

PILOT = Path(__file__).parents[2] / "benchmark" / "recording" / "pilot-small-v1"
PLAN = load_bank(PILOT.with_suffix(".yaml"))
L = "qwen2.5-coder-1.5b"


@pytest.fixture(scope="module")
def bank():
    with open_bank(PLAN, PILOT, "gsm_symbolic") as one:
        yield one


def test_segments_of_one_split_alone_are_opened_together(tmp_path):
    first = next(segments(PLAN))
    for finished in ([], [first, replace(first, split="test")]):
        with pytest.raises(InputError, match="one of its splits"), opened(PLAN, tmp_path, finished):
            pass


METHODS = ["single_model", "self_consistency", "random_search", "local_search", "evolution"]


@pytest.mark.parametrize("name", METHODS)
def test_bundled_methods_search_it(bank, name):
    problem, held_out = bank_problem(bank, "60 units", evaluations=6, seed=0)
    found = load_method(name).search(problem, np.random.default_rng(0))
    assert problem.space.contains(found) is None
    assert 0 < problem.ledger.spent <= problem.ledger.limit
    assert 0 <= held_out.accuracy(found) <= 1


@pytest.mark.parametrize("name", ["maao_rules", "agent_reinforce_rules", "random_search"])
def test_methods_that_draw_graphs_of_open_spaces_search_it_by_projections(bank, name):
    problem, held_out = bank_problem(bank, "60 units", evaluations=6, seed=0, projected=True)
    found = load_method(name).search(problem, np.random.default_rng(0))
    assert problem.ledger.spent > 0.1 * problem.full_evaluation
    closed, evaluation = bank.space("60 units"), problem.evaluate(found)
    projection = closed.project(found)
    assert evaluation.graph == found
    assert closed.contains(projection) is None
    assert len(evaluation.nodes) == len(projection.nodes)
    assert held_out.accuracy(found) == held_out.accuracy(projection)


def test_every_seed_draws_its_own_questions_and_no_group_is_on_both_sides(bank):
    searched = set()
    for seed in range(5):
        problem, held_out = bank_problem(bank, "60 units", evaluations=1, seed=seed)
        asked = {question.id: question for question in bank.task.questions(bank.split)}
        mine = [asked[question.id] for question in problem.questions]
        rest = [bank.task.questions(bank.split)[index] for index in held_out.questions]
        assert len(mine) + len(rest) == len({one.index for one in [*mine, *rest]}) == 45
        assert 18 <= len(mine) < 27
        assert {one.cluster or one.id for one in mine}.isdisjoint({one.cluster or one.id for one in rest})
        searched.add(tuple(one.index for one in mine))
        again, _ = bank_problem(bank, "60 units", evaluations=1, seed=seed)
        assert again.questions == problem.questions
    assert len(searched) == 5
    with pytest.raises(InputError, match="share between 0 and 1"):
        bank_problem(bank, "60 units", evaluations=1, seed=0, search=1.0)


def test_a_bank_of_which_one_group_is_nearly_all_is_refused(bank, monkeypatch):
    def groups(asked):
        return ["one text" if number < 40 else question.id for number, question in enumerate(asked)]

    monkeypatch.setattr("ttgbench.publish.recording.bank_problem.groups_of", groups)
    for seed in range(3):
        with pytest.raises(InputError, match=r"0\.4 of 45 questions cannot be had: .* one holds 40"):
            bank_problem(bank, "60 units", evaluations=1, seed=seed)


def test_the_best_of_all_its_graphs_is_known(bank):
    space, evaluator = bank.space("60 units"), bank.evaluator()
    graphs = list(space.enumerate())
    values = [each.accuracy for each in evaluator.evaluate(graphs, bank.asked(0), 0, bank.split)]
    best = graphs[int(np.argmax(values))]
    assert max(values) >= 0.6 - 1e-9
    assert best.model_counts[L] == 4


def test_a_vote_is_worth_what_the_table_says(bank):
    """Mean over all choices of three of four answers."""
    [vote] = bank.evaluator(draws=100).evaluate([parallel(L, 3)], bank.asked(0), 0, bank.split)
    assert vote.accuracy == pytest.approx(0.526, abs=5e-4)


def test_graphs_of_the_open_space_are_projected(bank):
    space = bank.space("60 units")
    graph = mixture_of_agents(3, aggregator=L, layers=2)
    assert space.contains(graph) is not None
    assert space.contains(space.project(graph)) is None


def test_a_task_without_segments_and_one_that_the_plan_lacks_are_refused(tmp_path):
    with pytest.raises(InputError, match="no finished segment of pilot-small-v1"), open_bank(PLAN, PILOT, "logic_qa"):
        pass
    with pytest.raises(UnknownName, match="gsm_symbolic"), open_bank(PLAN, PILOT, "gsm_symbolik"):
        pass
