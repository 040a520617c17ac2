"""Wilson's interval against the textbook formula and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from ttgbench.stats import accuracy_interval, wilson_interval


@given(n=st.integers(1, 500), share=st.floats(0, 1), confidence=st.sampled_from([0.8, 0.95, 0.99]))
@settings(deadline=None)
def test_agrees_with_scipy(n, share, confidence):
    successes = round(n * share)
    expected = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    interval = wilson_interval(successes, n, confidence)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert interval.estimate == successes / n


def test_agrees_with_the_formula_by_hand():
    z, p, n = 1.959963984540054, 0.7, 10
    centre, half = (p + z * z / (2 * n)), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    interval = wilson_interval(7, 10)
    assert interval.low == pytest.approx((centre - half) / (1 + z * z / n))
    assert interval.high == pytest.approx((centre + half) / (1 + z * z / n))


def test_universes_do_not_count_as_more_questions():
    once = np.array([[1.0], [0.0], [1.0], [1.0]])
    assert accuracy_interval(once) == wilson_interval(3, 4)
    assert accuracy_interval(np.repeat(once, 50, axis=1)) == wilson_interval(3, 4)


def test_questions_of_one_text_count_as_one():
    """Ten texts, of whose five questions either all or none are right, are worth ten questions at most."""
    right = np.repeat([1.0, 0, 1, 1, 0, 1, 0, 0, 1, 1], 5)[:, None]
    texts = list(np.repeat(np.arange(10), 5))
    grouped = accuracy_interval(right, clusters=texts)
    ten = wilson_interval(6, 10)
    assert grouped.estimate == ten.estimate
    assert (grouped.low, grouped.high) == pytest.approx((ten.low, ten.high), abs=0.05)
    assert grouped.low < ten.low < accuracy_interval(right).low


def test_groups_never_make_an_interval_narrower():
    rng = np.random.default_rng(0)
    for _ in range(100):
        right = rng.integers(0, 2, (40, 1)).astype(float)
        plain, grouped = accuracy_interval(right), accuracy_interval(right, clusters=[i % 8 for i in range(40)])
        assert grouped.high - grouped.low >= plain.high - plain.low - 1e-12


def test_one_more_right_answer_never_lowers_the_interval():
    texts = [number % 85 for number in range(500)]
    right = np.ones(500)
    lows = []
    for wrong in (0, 1, 2, 3):
        right[:wrong] = 0
        lows.append(accuracy_interval(right[:, None], clusters=texts).low)
    assert lows == sorted(lows, reverse=True)


def test_groups_that_are_alike_up_to_rounding_are_alike():
    three, seven = (np.tile([1.0] * k + [0.0] * (n - k), 5)[:, None] for k, n in ((1, 3), (2, 7)))
    for right in (three, seven):
        groups = list(np.repeat(np.arange(5), len(right) // 5))
        grouped, plain = accuracy_interval(right, clusters=groups), accuracy_interval(right)
        assert grouped.high - grouped.low < 1.6 * (plain.high - plain.low)


def test_a_single_group_is_one_question():
    assert accuracy_interval(np.ones((3, 1)), clusters=[0, 0, 0]) == wilson_interval(1, 1)


@pytest.mark.parametrize("sizes", [[6] * 10, [60] + [1] * 20])
def test_all_right_or_all_wrong_is_worth_as_many_trials_as_there_are_groups(sizes):
    labels = list(np.repeat(np.arange(len(sizes)), sizes))
    groups = sum(sizes) ** 2 / sum(size**2 for size in sizes)  # of one size
    for value in (0.0, 1.0):
        found = accuracy_interval(np.full((sum(sizes), 1), value), clusters=labels)
        expected = wilson_interval(value * groups, groups)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    half = accuracy_interval(np.full((sum(sizes), 1), 0.5), clusters=labels)
    assert (half.low, half.high) == pytest.approx((wilson_interval(groups / 2, groups).low, 1 - half.low))


@given(st.integers(5, 40), st.integers(1, 8), st.integers(0, 12), st.booleans())
def test_no_bound_is_nearer_to_its_end_than_that_of_groups_which_are_all_alike(groups, size, rare, right):
    """While at most half of the groups hold any of the rarer answers."""
    answers = np.zeros(groups * size)
    answers[: min(rare, groups // 2)] = 1  # one in each of so many groups
    if right:
        answers = 1 - answers
    found = accuracy_interval(answers[:, None], clusters=list(np.arange(groups * size) % groups))
    end = wilson_interval(groups, groups).low
    assert (found.low <= end) if right else (found.high >= 1 - end)
    assert found.low - 1e-12 <= found.estimate <= found.high + 1e-12


@pytest.mark.parametrize("confidence", [0, 7, math.nan])
def test_confidence_is_checked_with_groups(confidence):
    with pytest.raises(ValueError, match="confidence is"):
        accuracy_interval(np.array([[1.0], [0.0], [1.0]]), confidence, clusters=[0, 0, 1])


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5), (float("nan"), 5)])
def test_impossible_counts_are_refused(successes, n):
    with pytest.raises(ValueError, match="successes of"):
        wilson_interval(successes, n)


def test_scores_beyond_zero_and_one_are_refused():
    with pytest.raises(ValueError, match="within 0 and 1"):
        accuracy_interval([[0.5], [1.5]])


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_is_a_probability(confidence):
    with pytest.raises(ValueError, match=r"such as 0\.95"):
        wilson_interval(1, 2, confidence)
