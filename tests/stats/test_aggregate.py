"""Aggregates over runs against scipy and rliable's definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats as scipy_stats

from ttgbench.stats import (
    hierarchical_bootstrap,
    interquartile_mean,
    normalise,
    performance_profile,
    probability_of_improvement,
    stratified_bootstrap,
    task_means,
)

RUNS = hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.floats(-2, 2, width=16))


def test_anchors_become_zero_and_one_and_what_lies_beyond_is_kept():
    scores = np.array([[[0.5, 0.7, 0.9], [0.2, 0.1, 0.5]]])
    np.testing.assert_allclose(normalise(scores, [0.5, 0.2], [0.7, 0.4]), [[[0, 1, 2], [0, -0.5, 1.5]]])


@pytest.mark.parametrize(
    ("shape", "zero", "one", "message"),
    [
        ((2, 3), [0, 0], [1, 0], "problem 1"),
        ((3, 2), [0, 0], [1, 1], r"\(\.\.\., problems, seeds\)"),
        ((2, 3), [0, np.nan], [1, 1], "not finite"),
    ],
)
def test_useless_anchors_are_refused(shape, zero, one, message):
    with pytest.raises(ValueError, match=message):
        normalise(np.zeros(shape), zero, one)


@given(RUNS)
@settings(deadline=None)
def test_interquartile_mean_agrees_with_scipy(scores):
    assert interquartile_mean(scores) == pytest.approx(scipy_stats.trim_mean(scores, 0.25, axis=None))


def test_leading_axes_are_kept():
    scores = np.random.default_rng(0).random((4, 3, 5))
    expected = [scipy_stats.trim_mean(method, 0.25, axis=None) for method in scores]
    np.testing.assert_allclose(interquartile_mean(scores), expected)
    assert performance_profile(scores, [0.1, 0.9]).shape == (4, 2)


def test_a_profile_is_the_share_of_runs_above_each_threshold():
    np.testing.assert_allclose(performance_profile(np.array([[0.1, 0.5], [0.5, 0.9]]), [0, 0.5, 1]), [1, 0.25, 0])


@given(RUNS, st.integers(1, 6), st.integers(0, 1000))
@settings(deadline=None)
def test_probability_of_improvement_is_the_mean_mann_whitney_u(first, seeds, seed):
    second = np.round(np.random.default_rng(seed).random((len(first), seeds)), 1)
    expected = np.mean(
        [scipy_stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)) for a, b in zip(first, second, strict=True)]
    )
    assert probability_of_improvement(first, second) == pytest.approx(expected)
    assert probability_of_improvement(second, first) == pytest.approx(1 - expected)


def test_the_bootstrap_error_of_a_mean_is_the_stratified_one():
    scores = np.random.default_rng(1).normal(np.arange(5)[:, None] * 10, 1, (5, 20))  # problems differ, runs hardly do
    band = stratified_bootstrap(scores, lambda x: x.mean(axis=(-2, -1)), np.random.default_rng(0), resamples=5000)
    error = np.sqrt((scores.var(axis=1) / 20).sum()) / 5
    assert band.at().estimate == pytest.approx(scores.mean())
    assert (band.high - band.low) / 2 == pytest.approx(1.96 * error, rel=0.05)


def test_statistics_of_one_or_two_methods_or_with_values_of_their_own():
    scores = np.random.default_rng(1).random((2, 5, 20))
    band = stratified_bootstrap(
        scores, lambda x: probability_of_improvement(x[0], x[1]), np.random.default_rng(0), resamples=99
    )
    assert band.low < band.estimate == probability_of_improvement(*scores) < band.high
    curve = stratified_bootstrap(
        scores[0], lambda x: performance_profile(x, [0.2, 0.5, 0.8]), np.random.default_rng(0), resamples=99
    )
    assert curve.estimate.shape == curve.low.shape == curve.high.shape == (3,)
    assert curve.at(1).estimate == curve.estimate[1]


def test_same_seed_same_interval_other_seed_another():
    scores = np.random.default_rng(1).random((5, 20))
    one, same, other = (
        stratified_bootstrap(scores, interquartile_mean, np.random.default_rng(s)).at() for s in (0, 0, 1)
    )
    assert one == same
    assert one.low != other.low


@pytest.mark.parametrize("scores", [np.zeros(3), np.zeros((0, 3)), np.array([[0.0, np.nan]])])
def test_nothing_to_redraw_is_an_error(scores):
    with pytest.raises(ValueError, match=r"problems, seeds\)"):
        stratified_bootstrap(scores, interquartile_mean, np.random.default_rng(0))


def test_problems_of_one_task_are_averaged_first():
    scores = np.array([[[1.0, 3.0], [4.0, 4.0], [10.0, 10.0]]])
    np.testing.assert_allclose(task_means(scores, ["math", "math", "code"]), [[3, 10]])
    with pytest.raises(ValueError, match="2 task labels for 3 problems"):
        task_means(scores, ["math", "code"])


def test_the_hierarchical_bootstrap_feels_the_spread_between_tasks_and_between_seeds():
    rng = np.random.default_rng(1)
    tasks = [i // 2 for i in range(40)]
    between = np.repeat(rng.normal(size=20), 2)[:, None] + np.zeros((40, 10))
    band = hierarchical_bootstrap(between[None], tasks, np.random.default_rng(0), resamples=4000)
    error = between[::2, 0].std() / np.sqrt(20)
    assert band.estimate[0] == pytest.approx(between.mean())
    assert (band.high - band.low)[0] / 2 == pytest.approx(1.96 * error, rel=0.1)
    within = rng.normal(size=(40, 10))
    within -= within.mean(axis=1, keepdims=True)
    seeds_only = hierarchical_bootstrap(within[None], tasks, np.random.default_rng(0), resamples=4000)
    error = np.sqrt((within.var(axis=1) / 10).sum()) / 40
    assert (seeds_only.high - seeds_only.low)[0] / 2 == pytest.approx(1.96 * error, rel=0.1)
