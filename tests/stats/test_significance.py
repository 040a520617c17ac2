"""Tests and intervals for paired differences against scipy and statsmodels."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ttgbench.stats import (
    bca_interval,
    equivalence_p,
    mcnemar_test,
    minimum_detectable_effect,
    sign_flip_interval,
    sign_flip_test,
)
from ttgbench.stats.significance import cluster_standard_error, holm, holm_levels, identical_units_interval


@given(st.lists(st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.125, 0.5, 1.0]), min_size=2, max_size=10))
@settings(deadline=None)
def test_few_sign_flips_are_exact_as_in_scipy(values):
    expected = scipy_stats.permutation_test(
        (values,), lambda x, axis: x.mean(axis), permutation_type="samples", vectorized=True, n_resamples=np.inf
    ).pvalue
    p, exact = sign_flip_test(values, np.random.default_rng(0))
    assert exact
    assert p == pytest.approx(expected)


def test_many_sign_flips_approach_the_exact_p_and_are_never_zero():
    values = np.random.default_rng(3).normal(0.4, 1, 20)
    exact_p, _ = sign_flip_test(values, np.random.default_rng(0))
    p, exact = sign_flip_test(np.tile(values, 2), np.random.default_rng(0), resamples=50_000)
    reference = scipy_stats.permutation_test(
        (np.tile(values, 2),),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=50_000,
        rng=np.random.default_rng(1),
    ).pvalue
    assert not exact
    assert 0.001 < p < exact_p
    assert p == pytest.approx(reference, abs=0.005)
    assert sign_flip_test(np.ones(100), np.random.default_rng(0), resamples=99)[0] == 1 / 100


def test_batches_do_not_change_the_number_of_draws():
    p, exact = sign_flip_test(np.ones(300_000), np.random.default_rng(0), resamples=19)
    assert (p, exact) == (1 / 20, False)


def test_mcnemar_by_hand():
    first = np.array([1, 1, 1, 1, 1, 1, 1, 0, 1, 0])
    second = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 0])
    assert mcnemar_test(first, second) == pytest.approx(2 * (1 + 8) / 2**8)
    assert mcnemar_test(first, first) == 1


def test_mcnemar_is_the_exact_sign_flip_test_on_right_and_wrong():
    rng = np.random.default_rng(5)
    first, second = rng.integers(0, 2, (2, 30))
    assert mcnemar_test(first, second) == pytest.approx(sign_flip_test(first - second, rng)[0])


@pytest.mark.parametrize(("first", "second"), [([0, 0.5], [1, 0]), ([0, 1, 1], [0, 1])])
def test_mcnemar_wants_right_and_wrong_on_the_same_questions(first, second):
    with pytest.raises(ValueError, match=r"0 or 1|same ones"):
        mcnemar_test(first, second)


def test_bca_shifts_with_skew_as_in_efrons_formula():
    """The definition, spelled out: bias and acceleration move the percentiles of the redrawn means."""
    values = np.random.default_rng(2).exponential(size=40)
    interval = bca_interval(values, np.random.default_rng(0), resamples=40_000)
    means = np.random.default_rng(1).choice(values, (40_000, 40)).mean(axis=1)
    bias = scipy_stats.norm.ppf(np.mean(means < values.mean()))
    left_out = (values.sum() - values) / 39
    gaps = left_out.mean() - left_out
    acceleration = (gaps**3).sum() / (6 * (gaps**2).sum() ** 1.5)
    z = bias + scipy_stats.norm.ppf([0.025, 0.975])
    low, high = np.quantile(means, scipy_stats.norm.cdf(bias + z / (1 - acceleration * z)))
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.01)
    assert interval.high - interval.estimate > interval.estimate - interval.low


def test_bca_refuses_differences_without_spread():
    with pytest.raises(ValueError, match="all differences are equal"):
        bca_interval([0.2, 0.2], np.random.default_rng(0))


def test_the_rule_of_three():
    interval = identical_units_interval(0.0, 100, (0, 1))
    assert interval.high == pytest.approx(3 / 100, rel=0.02)
    assert interval.low == -interval.high
    always_better = identical_units_interval(1.0, 100, (0, 1))
    assert always_better.high == 1
    assert always_better.low == pytest.approx(1 - 2 * interval.high)


def test_cluster_error_agrees_with_statsmodels():
    from statsmodels.regression.linear_model import OLS

    rng = np.random.default_rng(4)
    clusters = rng.integers(0, 12, 100)
    clusters = np.unique(clusters, return_inverse=True)[1]
    values = rng.normal(size=12)[clusters] + rng.normal(size=100)
    fit = OLS(values, np.ones(100)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    error, count = cluster_standard_error(values, clusters)
    assert count == clusters.max() + 1
    assert error == pytest.approx(fit.bse[0])


def test_cluster_error_of_singletons_is_the_usual_one():
    values = np.random.default_rng(4).normal(size=30)
    assert cluster_standard_error(values, np.arange(30))[0] == pytest.approx(scipy_stats.sem(values))
    assert math.isnan(cluster_standard_error(values, np.zeros(30, dtype=int))[0])


@pytest.mark.parametrize("margin", [0.1, 0.3, 1.0])
def test_tost_agrees_with_statsmodels(margin):
    from statsmodels.stats.weightstats import DescrStatsW

    values = np.random.default_rng(6).normal(0.1, 0.5, 40)
    expected = DescrStatsW(values).ttost_mean(-margin, margin)[0]
    assert equivalence_p(values.mean(), scipy_stats.sem(values), 39, margin) == pytest.approx(expected)


@pytest.mark.parametrize(("error", "degrees", "margin"), [(0, 5, 0.1), (math.nan, 5, 0.1), (1, 0, 0.1), (1, 5, 0)])
def test_tost_refuses_what_has_no_answer(error, degrees, margin):
    with pytest.raises(ValueError, match="must be positive"):
        equivalence_p(0.0, error, degrees, margin)


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_the_detectable_effect_agrees_with_statsmodels(n):
    from statsmodels.stats.power import TTestPower

    expected = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8)  # in standard deviations
    assert minimum_detectable_effect(1 / math.sqrt(n), n) == pytest.approx(expected, rel=0.01)


def test_too_few_units_detect_nothing():
    assert minimum_detectable_effect(0.01, 5) == math.inf  # the smallest p of five sign flips is 2 / 32
    assert minimum_detectable_effect(0.01, 6) < math.inf


def test_without_spread_the_detectable_effect_is_a_share_of_units():
    share = minimum_detectable_effect(0.0, 50)
    assert scipy_stats.binom.sf(5, 50, share) == pytest.approx(0.8)  # six or more differ


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 9)), min_size=6, max_size=9), st.floats(-25, 25))
@settings(deadline=None, max_examples=60)
def test_the_interval_holds_what_the_sign_flip_test_does_not_refuse(clusters, value):
    sums, sizes = np.array(clusters, dtype=float).T
    interval = sign_flip_interval(sums, sizes, np.random.default_rng(0))
    p, _ = sign_flip_test(sums - value * sizes, np.random.default_rng(0))
    assume(min(abs(value - interval.low), abs(value - interval.high)) > 1e-6)
    assert (p > 0.05) == (interval.low < value < interval.high)


def test_too_few_clusters_bound_nothing():
    interval = sign_flip_interval([1.0, 2.0, 4.0], [1, 1, 7], np.random.default_rng(0))
    assert (interval.low, interval.high) == (-np.inf, np.inf)
    assert interval.estimate == 7 / 9
    with pytest.raises(ValueError, match="one for each"):
        sign_flip_interval([1.0], [1, 2], np.random.default_rng(0))


@given(st.lists(st.floats(0, 1), max_size=12))
def test_the_levels_of_intervals_agree_with_the_corrected_p(values):
    raw = np.array(values)
    assume(np.abs(holm(raw) - 0.05).min(initial=1) > 1e-9)
    levels = holm_levels(raw, 0.05)
    assert ((raw < levels) == (holm(raw) < 0.05)).all()
    assert ((0.05 / max(len(raw), 1) <= levels) & (levels <= 0.05)).all()
