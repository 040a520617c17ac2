"""Comparing two graphs: what the record says, also of degenerate input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ttgbench.stats import compare, mcnemar_test


def rng():
    return np.random.default_rng(0)


def answers(accuracy, questions=200, universes=1, seed=0):
    return (np.random.default_rng(seed).random((questions, universes)) < accuracy).astype(float)


def test_a_clear_winner():
    result = compare(answers(0.8, seed=1), answers(0.5, seed=2), rng())
    assert 0 < result.low < result.difference < result.high
    assert result.p < 0.001
    assert result.verdict(0.02) == "better"
    assert compare(answers(0.5, seed=2), answers(0.8, seed=1), rng()).verdict() == "worse"


def test_too_little_data_shows_no_difference_and_says_what_it_could_have_shown():
    result = compare(answers(0.52, 50, seed=1), answers(0.5, 50, seed=2), rng())
    assert result.verdict(0.02) == "no difference shown"
    assert result.mde > 0.1


def test_small_differences_are_equivalent_within_the_declared_margin_only():
    first, second = answers(0.5, 5000, seed=1), answers(0.5, 5000, seed=1)
    second[:10] = 1 - second[:10]
    result = compare(first, second, rng())
    assert result.verdict(0.02) == "equivalent within 0.02"
    assert result.verdict() == "no difference shown"


def test_one_universe_of_right_and_wrong_takes_mcnemars_test():
    first, second = answers(0.6, seed=1), answers(0.5, seed=2)
    result = compare(first, second, rng())
    assert result.test == "exact McNemar test"
    assert result.p == mcnemar_test(first[:, 0], second[:, 0])


def test_universes_are_averaged_within_the_question():
    first, second = answers(0.6, 100, 1, seed=1), answers(0.5, 100, 1, seed=2)
    once, thrice = (compare(np.repeat(first, k, 1), np.repeat(second, k, 1), rng()) for k in (1, 3))
    assert thrice.n == once.n == 100
    assert (thrice.universes, once.universes) == (3, 1)
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high), abs=1e-9)


def test_clusters_are_the_units_where_there_are_some():
    noise = np.random.default_rng(3).normal(0, 0.1, 20)
    first = np.clip(np.repeat(0.5 + noise, 10), 0, 1)[:, None]
    second = np.full((200, 1), 0.5)
    passages = [f"passage {i // 10}" for i in range(200)]
    result = compare(first, second, rng(), clusters=passages)
    expected = scipy_stats.ttest_1samp((first - second).reshape(20, 10).mean(axis=1), 0).confidence_interval()
    assert (result.low, result.high) == pytest.approx(tuple(expected))
    assert (result.n, result.questions) == (20, 200)
    assert result.standard_error > 2 * compare(first, second, rng()).standard_error


def test_identical_answers_are_not_taken_for_certainty():
    same = answers(0.5, 30)
    few = compare(same, same, rng())
    assert (few.difference, few.p, few.standard_error) == (0, 1, 0)
    assert few.high == -few.low == pytest.approx(1 - 0.05 ** (1 / 30))
    assert few.verdict(0.02) == "no difference shown"
    many = answers(0.5, 3000)
    assert compare(many, many, rng()).verdict(0.02) == "equivalent within 0.02"


def test_always_better_by_the_same_amount():
    result = compare(np.ones((40, 2)), np.full((40, 2), 0.75), rng())
    assert result.verdict() == "better"
    assert result.low == pytest.approx(0.25 - 1.25 * (1 - 0.05 ** (1 / 40)))


def test_one_question_shows_nothing():
    result = compare([[1.0]], [[0.0]], rng())
    assert (result.difference, result.p, result.mde, result.n) == (1, 1, math.inf, 1)
    assert result.low < 0
    assert result.verdict(0.5) == "no difference shown"


def test_one_cluster_shows_nothing():
    result = compare(answers(0.9), answers(0.1, seed=1), rng(), clusters=["all"] * 200)
    assert (result.n, result.mde) == (1, math.inf)
    assert result.verdict(0.5) == "no difference shown"


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        (np.zeros(3), np.zeros(3), {}, r"axes \(question, universe\)"),
        (np.zeros((3, 2)), np.zeros((3, 1)), {}, "both must be"),
        (np.full((3, 1), np.nan), np.zeros((3, 1)), {}, "first holds 3 values"),
        (np.zeros((0, 1)), np.zeros((0, 1)), {}, "empty"),
        (np.full((3, 1), 2.0), np.zeros((3, 1)), {}, "outside"),
        (np.zeros((3, 1)), np.zeros((3, 1)), {"clusters": ["a"]}, "1 cluster labels for 3 questions"),
        (np.zeros((2, 1)), np.zeros((2, 1)), {"question_ids": ["a", "a"]}, "not independent"),
        (np.zeros((2, 1)), np.zeros((2, 1)), {"confidence": 95}, "strictly between"),
    ],
)
def test_wrong_input_says_what_would_be_right(first, second, options, message):
    with pytest.raises(ValueError, match=message):
        compare(first, second, rng(), **options)


def test_a_margin_must_be_positive():
    with pytest.raises(ValueError, match="declared before"):
        compare(answers(0.5), answers(0.6), rng()).verdict(0)


def test_scores_without_bounds_are_allowed_when_stated():
    result = compare([[100.0]] * 3, [[90.0]] * 3, rng(), bounds=(0, math.inf))
    assert (result.difference, result.low, result.high) == (10, -math.inf, math.inf)


@given(
    st.integers(1, 12),
    st.integers(1, 3),
    st.integers(0, 10_000),
    st.sampled_from([(0.0, 1.0), (0.0, 0.5, 1.0), (1.0,)]),
)
@settings(max_examples=60, deadline=None)
def test_swapping_the_graphs_mirrors_the_comparison(questions, universes, seed, values):
    a, b = np.random.default_rng(seed).choice(values, (2, questions, universes))
    one, other = compare(a, b, rng(), resamples=199), compare(b, a, rng(), resamples=199)
    assert one.difference == pytest.approx(-other.difference)
    assert one.p == pytest.approx(other.p)
    assert -1 <= one.low <= one.difference + 1e-9
    assert one.difference - 1e-9 <= one.high <= 1
    assert {one.verdict(), other.verdict()} in ({"better", "worse"}, {"no difference shown"})
    assert one == compare(a, b, rng(), resamples=199)  # same seed, same record
