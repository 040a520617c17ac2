"""Aggregates over runs against scipy and rliable's definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ttgbench.stats import (
    by_draw,
    hierarchical_bootstrap,
    mean_interval,
    normalise,
    performance_profile,
    task_means,
)


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


def test_a_profile_is_the_share_of_problems_above_each_threshold():
    scores = np.array([[[0.1, 0.5], [0.5, 0.9]]])
    band = performance_profile(scores, [0, 0.5, 1], (0, 1))
    np.testing.assert_allclose(band.estimate, [[1, 0.25, 0]])
    assert ((band.low <= band.estimate) & (band.estimate <= band.high)).all()
    assert performance_profile(np.random.default_rng(0).random((4, 3, 5)), [0.1, 0.9], range(5)).low.shape == (4, 2)


def test_a_draw_of_several_seeds_counts_once_in_a_profile():
    scores = np.array([[[0.9, 0.9, 0.9, 0.1]]])
    assert performance_profile(scores, [0.5], (0, 0, 0, 1)).estimate == 0.5
    once = performance_profile(scores[..., 2:], [0.5], (0, 1))
    assert performance_profile(scores, [0.5], (0, 0, 0, 1)).low == once.low


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 1000))
@settings(deadline=None)
def test_draws_are_means_of_their_seeds(draws, seed):
    runs = np.random.default_rng(seed).random((2, len(draws)))
    found = by_draw(runs, draws)
    for place, label in enumerate(dict.fromkeys(draws)):
        np.testing.assert_allclose(found[:, place], runs[:, np.array(draws) == label].mean(axis=1))


def test_a_label_is_needed_for_every_seed():
    with pytest.raises(ValueError, match="one per seed"):
        by_draw(np.zeros((2, 3)), [0, 1])


def test_the_interval_of_a_mean_is_students():
    values = np.random.default_rng(1).normal(size=(3, 12))
    band = mean_interval(values)
    expected = scipy_stats.ttest_1samp(values, 0, axis=1).confidence_interval()
    np.testing.assert_allclose((band.low, band.high), (expected.low, expected.high))
    assert np.isnan(mean_interval(values[:, :1]).low).all()
    for draws in (1, 12):
        for confidence in (0, 7, np.nan):
            with pytest.raises(ValueError, match="confidence is"):
                mean_interval(values[:, :draws], confidence=confidence)


@pytest.mark.parametrize("values", [np.zeros((0, 3)), np.array([[0.0, np.nan]]), np.array(1.0)])
def test_the_mean_of_nothing_is_an_error(values):
    with pytest.raises(ValueError, match=r"draws\)"):
        mean_interval(values)


def test_problems_of_one_task_are_averaged_first():
    scores = np.array([[[1.0, 3.0], [4.0, 4.0], [10.0, 10.0]]])
    np.testing.assert_allclose(task_means(scores, ["math", "math", "code"]), [[[2.5, 3.5], [10, 10]]])
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
    error = np.sqrt((within.reshape(20, 2, 10).mean(axis=1).var(axis=1) / 10).sum()) / 20
    assert (seeds_only.high - seeds_only.low)[0] / 2 == pytest.approx(1.96 * error, rel=0.1)
