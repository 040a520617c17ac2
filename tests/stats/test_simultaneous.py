"""All pairs at once: what is corrected by how much, and that p, interval and rank say the same."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ttgbench.stats import compare_methods, pair_errors, rank_intervals


def rng(seed=0):
    return np.random.default_rng(seed)


def worlds(methods, draws, shift=0.0, seed=3):
    values = rng(seed).normal(size=(methods, draws)) + rng(seed + 1).normal(size=draws)
    values[0] += shift
    return values


def test_one_pair_is_students_t():
    values = worlds(2, 12)
    found = pair_errors(values, rng())
    expected = scipy_stats.ttest_rel(*values)
    assert (found.p[0], found.correction) == (pytest.approx(expected.pvalue), "")
    half = found.quantile * found.error[0]
    assert found.difference[0] - half == pytest.approx(expected.confidence_interval().low)


def test_few_draws_are_corrected_by_bonferroni():
    values = worlds(4, 9)
    found = pair_errors(values, rng())
    expected = [scipy_stats.ttest_rel(values[i], values[j]).pvalue for i, j in itertools.combinations(range(4), 2)]
    np.testing.assert_allclose(found.p, np.minimum(6 * np.array(expected), 1))
    assert (found.quantile, found.correction) == (pytest.approx(scipy_stats.t.isf(0.025 / 6, 8)), "Bonferroni")


def test_signs_are_flipped_as_by_hand():
    """Ten draws: all 511 patterns of signs, but none, of the deviations from the means."""
    values = worlds(3, 10, shift=1.5)
    found = pair_errors(values, rng())
    pairs = np.array([values[i] - values[j] for i, j in itertools.combinations(range(3), 2)])
    centred = pairs - pairs.mean(axis=1, keepdims=True)
    signs = [np.array((1, *rest)) for rest in itertools.product((1, -1), repeat=9) if -1 in rest]
    largest = np.array([np.abs(scipy_stats.ttest_1samp(centred * each, 0, axis=1).statistic).max() for each in signs])
    t = np.abs(scipy_stats.ttest_1samp(pairs, 0, axis=1).statistic)
    np.testing.assert_allclose(found.p, [(1 + (largest >= each * (1 - 1e-9)).sum()) / 512 for each in t])
    assert found.correction == "max-t"
    assert found.quantile < scipy_stats.t.isf(0.025 / 3, 9) * 1.2


@given(st.integers(3, 7), st.integers(5, 24), st.floats(0, 3), st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_p_interval_and_ranks_agree(methods, draws, shift, seed):
    values = worlds(methods, draws, shift, seed)
    found = compare_methods(values[:, None], ["one"] * 1, rng(), resamples=499)
    ranks = rank_intervals(values, rng(), resamples=499)
    behind = np.zeros(methods, dtype=int)
    for pair in found.pairs:
        assert (pair.low > 0 or pair.high < 0) == (pair.p < 0.05)
        assert pair.low <= pair.difference <= pair.high
        behind[pair.second] += pair.low > 0
        behind[pair.first] += pair.high < 0
    np.testing.assert_array_equal(ranks.best, 1 + behind)


def test_methods_and_their_order_do_not_matter():
    values = worlds(5, 12, shift=1.0)
    there, back = pair_errors(values, rng()), pair_errors(values[::-1], rng())
    assert there.quantile == pytest.approx(back.quantile)
    np.testing.assert_allclose(np.sort(there.p), np.sort(back.p))
    shared = pair_errors(values * 100 + rng(9).normal(size=12), rng())
    np.testing.assert_allclose(shared.p, there.p)  # what all methods share, and the unit, cancel


def test_differences_that_are_the_same_in_every_draw_have_no_error():
    values = worlds(3, 12)
    values[2] = values[1] + 0.5
    found = pair_errors(values, rng())
    assert found.error[2] == 0
    assert math.isnan(found.p[2])
    assert (found.p[:2] <= 1).all()
    (_, _, last) = compare_methods(values[:, None], ["one"], rng()).pairs
    assert (last.low, last.high, last.verdict) == (last.difference, last.difference, "worse")


def test_too_few_resamples_show_nothing():
    found = pair_errors(worlds(3, 20, shift=9.0), rng(), resamples=15)
    assert (found.quantile, found.p.min()) == (math.inf, 1 / 16)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((1, 5), {}, "it takes two of each"),
        ((3, 1), {}, "it takes two of each"),
        ((3, 12), {"confidence": 7}, "confidence is"),
        ((3, 12), {"resamples": 0}, "resamples is"),
    ],
)
def test_what_cannot_be_compared_is_one_error(shape, options, message):
    with pytest.raises(ValueError, match=message):
        pair_errors(np.zeros(shape), rng(), **options)
