"""Simulations: intervals cover and tests err as often as they say, over thousands of worlds whose truth is known."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ttgbench.stats import (
    compare,
    friedman_test,
    interquartile_mean,
    mcnemar_test,
    minimum_detectable_effect,
    questions_as_units,
    rank_intervals,
    sign_flip_test,
    stratified_bootstrap,
    wilcoxon_holm,
    wilson_interval,
)

WORLDS = 2000


def answers(rng, questions, universes, clusters=None):
    """Right and wrong answers of two graphs that are equally good on average, each with its own strong questions."""
    difficulty = rng.normal(size=questions)
    talents = rng.normal(0, 0.7, (2, clusters or questions))
    talents = np.repeat(talents, questions // talents.shape[1], axis=1)
    chances = scipy_stats.norm.cdf(difficulty + talents)[:, :, None]
    return (rng.random((2, questions, universes)) < chances).astype(float)


def share(outcomes):
    return np.mean([bool(outcome) for outcome in outcomes])


def test_paired_comparison_of_equal_graphs():
    rng = np.random.default_rng(1)
    results = [compare(*answers(rng, 60, 5), rng, resamples=999) for _ in range(WORLDS)]
    assert 0.03 < share(r.p < 0.05 for r in results) < 0.07
    assert 0.93 < share(r.low <= 0 <= r.high for r in results) < 0.97
    assert share(r.verdict() != "no difference shown" for r in results) < 0.07


def test_paired_comparison_over_clusters():
    rng = np.random.default_rng(2)
    texts = [i // 6 for i in range(120)]
    results = [compare(*answers(rng, 120, 5, 20), rng, clusters=texts, resamples=999) for _ in range(WORLDS)]
    assert 0.03 < share(r.p < 0.05 for r in results) < 0.07
    assert 0.93 < share(r.low <= 0 <= r.high for r in results) < 0.97


def test_what_the_pooling_guard_prevents():
    """The same equal graphs, questions x universes taken for independent: a "5%" test that is wrong far more often."""
    rng = np.random.default_rng(3)
    first, second = np.stack([answers(rng, 60, 5) for _ in range(WORLDS)], axis=1)
    pooled = scipy_stats.ttest_1samp((first - second).reshape(WORLDS, -1), 0, axis=1).pvalue
    assert share(pooled < 0.05) > 0.12
    with pytest.raises(ValueError, match="not independent"):
        questions_as_units(first[0].reshape(-1, 1), ("question x universe", "run"))


def test_mcnemar_errs_at_most_as_often_as_it_says():
    rng = np.random.default_rng(4)
    p = [mcnemar_test(first[:, 0], second[:, 0]) for first, second in (answers(rng, 200, 1) for _ in range(WORLDS))]
    assert 0.02 < share(value < 0.05 for value in p) < 0.06


def test_equivalence_is_claimed_at_the_margin_as_rarely_as_declared():
    rng = np.random.default_rng(5)
    scores = 0.5 + np.clip(rng.normal(0.02, 0.1, (WORLDS, 150, 1)), -0.5, 0.5)  # truly different by the margin
    half = np.full((150, 1), 0.5)
    assert 0.03 < share(compare(world, half, rng, resamples=19).is_equivalent(0.02) for world in scores) < 0.07


def test_the_minimum_detectable_effect_is_detected_four_times_in_five():
    rng = np.random.default_rng(6)
    effect = minimum_detectable_effect(1 / np.sqrt(50), 50)
    assert (
        0.77
        < share(sign_flip_test(rng.normal(effect, 1, 50), rng, resamples=999)[0] < 0.05 for _ in range(WORLDS))
        < 0.83
    )


def test_wilson_covers_on_average_over_accuracies():
    hits = np.arange(101)
    intervals = [wilson_interval(int(k), 100) for k in hits]
    low, high = np.array([(i.low, i.high) for i in intervals]).T
    truths = np.linspace(0.05, 0.95, 181)[:, None]
    coverage = (scipy_stats.binom.pmf(hits, 100, truths) * ((low <= truths) & (truths <= high))).sum(axis=1)
    assert 0.945 < coverage.mean() < 0.96
    assert coverage.min() > 0.92


def test_stratified_intervals_cover():
    rng = np.random.default_rng(7)
    worlds = rng.normal(size=(WORLDS, 9, 20)) * np.linspace(0.5, 2, 9)[:, None]
    for statistic in (lambda x: x.mean(axis=(-2, -1)), interquartile_mean):
        bands = [stratified_bootstrap(world, statistic, rng, resamples=999) for world in worlds]
        assert 0.92 < share(band.low <= 0 <= band.high for band in bands) < 0.97


@pytest.mark.parametrize(("problems", "seeds"), [(9, 10), (1, 20)])
def test_rank_intervals_hold_all_at_once(problems, seeds):
    """Six equal methods of unlike spread: every rank is true for each, so any certainty is an error."""
    rng = np.random.default_rng(8)
    spread = np.array([0.5, 1, 1, 1, 1, 2])[:, None, None]
    results = [
        rank_intervals(rng.normal(size=(6, problems, seeds)) * spread, rng, resamples=499) for _ in range(WORLDS)
    ]
    assert 0.92 < share((r.best == 1).all() and (r.worst == 6).all() for r in results) < 0.98


def test_tests_over_tasks():
    rng = np.random.default_rng(9)
    worlds = rng.normal(size=(WORLDS, 3, 12)) + rng.normal(0, 3, (WORLDS, 1, 12))
    assert 0.03 < share(friedman_test(world) < 0.05 for world in worlds) < 0.07
    assert 0.02 < share(min(wilcoxon_holm(world).values()) < 0.05 for world in worlds) < 0.06
