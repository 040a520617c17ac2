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
