"""Two methods over runs and questions at once: what its variance is made of, and when nothing can be said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.stats import NO_DIFFERENCE, compare_crossed, compare_runs


def scores(draws, questions, seed=0, *, of_run=0.05, of_question=0.3, mean=0.5):
    rng = np.random.default_rng(seed)
    run, question = rng.normal(0, of_run, (draws, 1)), rng.normal(0, of_question, questions)
    return mean + run + question + rng.normal(0, 0.2, (draws, questions))


def by_seed(rows, first=0):
    return dict(enumerate(rows, first))


def test_without_interaction_the_two_variances_add_up():
    run, question = np.linspace(-1, 1, 8), np.linspace(-0.5, 0.5, 40) ** 2
    found = compare_crossed(by_seed(run[:, None] + question), by_seed(np.zeros((8, 40))))
    assert found.standard_error**2 == pytest.approx(run.var(ddof=1) / 8 + question.var(ddof=1) / 40)
    assert (found.draws, found.questions, found.n, found.paired) == (8, 40, 8, True)


def test_what_both_share_counts_once():
    """Pure interaction: runs' and questions' means vary by what is left of it, which is one variance, not two."""
    rng = np.random.default_rng(3)
    errors = [
        compare_crossed(by_seed(rng.normal(0, 1, (10, 100))), by_seed(np.zeros((10, 100)))).standard_error ** 2
        for _ in range(200)
    ]
    assert np.mean(errors) == pytest.approx(1 / 1000, rel=0.3)  # two variances would be 2 / 1000


def test_it_is_wider_than_over_runs_alone():
    one, other = scores(10, 100), scores(10, 100, 1)
    crossed = compare_crossed(by_seed(one), by_seed(other))
    over_runs = compare_runs(by_seed(one.mean(axis=1)), by_seed(other.mean(axis=1)))
    assert crossed.difference == pytest.approx(over_runs.difference)
    assert crossed.standard_error > over_runs.standard_error


def test_seeds_of_their_own_add_a_variance_each():
    one, other = scores(10, 100), scores(7, 100, 1)
    found = compare_crossed(by_seed(one), by_seed(other, 100))
    assert (found.paired, found.draws) == (False, 7)
    assert found.difference == pytest.approx(one.mean() - other.mean())
    assert found.standard_error**2 >= one.mean(axis=1).var(ddof=1) / 10 + other.mean(axis=1).var(ddof=1) / 7


def test_questions_of_one_cluster_are_one_unit():
    text = np.repeat(np.arange(10), 5)
    rows = scores(8, 10)[:, text]
    found = compare_crossed(by_seed(rows), by_seed(np.zeros_like(rows)), clusters=list(text))
    alone = compare_crossed(by_seed(rows[:, ::5]), by_seed(np.zeros((8, 10))))
    assert found.questions == 10
    assert (found.standard_error, found.degrees) == pytest.approx((alone.standard_error, alone.degrees))


def test_runs_of_one_draw_are_averaged():
    one, other = scores(10, 30), scores(10, 30, 1)
    found = compare_crossed(by_seed(one), by_seed(other), lambda seed: seed % 5)
    assert (found.draws, found.runs) == (5, (10, 10))


@pytest.mark.parametrize(
    ("draws", "questions", "clusters", "words"),
    [
        (4, 30, None, "4 runs of each, fewer than 5"),
        (5, 30, [0, 1, 2] * 10, "3 groups of questions, fewer than 5"),
    ],
)
def test_too_few_of_either_give_no_verdict(draws, questions, clusters, words):
    sides = by_seed(scores(draws, questions)), by_seed(scores(draws, questions, 1))
    assert compare_crossed(*sides, clusters=clusters).verdict(0.5) == f"no verdict: {words}"


def test_a_group_that_holds_nearly_all_questions_is_hardly_more_than_one():
    sides = by_seed(scores(5, 60)), by_seed(scores(5, 60, 1))
    found = compare_crossed(*sides, clusters=[0] * 40 + list(range(1, 21)))
    assert found.untested == "21 groups of questions of such unlike size that they weigh as fewer than 5"


def test_runs_that_are_all_alike_are_tested_by_their_signs():
    same, other = by_seed(np.ones((20, 40))), by_seed(np.zeros((20, 40)))
    nothing = compare_crossed(same, same)
    assert nothing.verdict() == NO_DIFFERENCE
    assert nothing.low < 0 < nothing.high
    assert compare_crossed(same, other).verdict() == "better"


@given(st.integers(5, 12), st.integers(5, 60), st.floats(0, 0.3), st.floats(0, 0.3), st.integers(0, 10**6))
@settings(deadline=None)
def test_it_never_says_more_than_over_runs_alone(draws, questions, of_run, of_question, seed):
    one, other = (scores(draws, questions, seed + n, of_run=of_run, of_question=of_question) for n in range(2))
    crossed = compare_crossed(by_seed(one), by_seed(other))
    over_runs = compare_runs(by_seed(one.mean(axis=1)), by_seed(other.mean(axis=1)))
    assert crossed.high - crossed.low >= over_runs.high - over_runs.low - 1e-12
    assert crossed.p >= over_runs.p


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match="unlike numbers of questions"):
        compare_crossed(by_seed(scores(5, 10)), by_seed(scores(5, 9)))
    with pytest.raises(ValueError, match="finite"):
        compare_crossed(by_seed(np.full((5, 10), np.nan)), by_seed(scores(5, 10)))
    with pytest.raises(ValueError, match="0 runs"):
        compare_crossed({}, by_seed(scores(5, 10)))
    with pytest.raises(ValueError, match="cluster labels"):
        compare_crossed(by_seed(scores(5, 10)), by_seed(scores(5, 10, 1)), clusters=[1, 2])


@given(st.integers(5, 8), st.integers(5, 12), st.integers(0, 100))
def test_the_second_is_as_much_worse_as_the_first_is_better(draws, questions, seed):
    one, other = by_seed(scores(draws, questions, seed)), by_seed(scores(draws, questions, seed + 1))
    there, back = compare_crossed(one, other), compare_crossed(other, one)
    assert (there.difference, there.low) == pytest.approx((-back.difference, -back.high))
    assert there.p == pytest.approx(back.p)
