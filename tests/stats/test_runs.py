"""Two methods by their runs: what is paired, what is averaged, and when nothing can be said."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ttgbench.stats import MIN_DRAWS, NO_DIFFERENCE, compare_runs


def runs(values, first_seed=0):
    return dict(enumerate(map(float, values), first_seed))


def normal(n, mean=0.5, seed=0):
    return np.random.default_rng(seed).normal(mean, 0.05, n)


def test_shared_seeds_are_paired():
    a, b = normal(12, 0.6), normal(12, seed=1)
    found = compare_runs(runs(a), runs(b))
    expected = scipy_stats.ttest_rel(a, b)
    assert (found.n, found.runs, found.paired, found.test) == (12, (12, 12), True, "paired t test over runs")
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert found.verdict(0.02) == "better"
    assert compare_runs(runs(b), runs(a)).verdict() == "worse"


def test_seeds_of_their_own_take_welch():
    a, b = normal(12, 0.6), normal(7, seed=1)
    found = compare_runs(runs(a), runs(b, 100))
    expected = scipy_stats.ttest_ind(a, b, equal_var=False)
    assert (found.n, found.paired, found.test) == (7, False, "Welch's t test over runs")
    assert found.degrees == pytest.approx(expected.df)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))


def test_seeds_that_one_side_lacks_are_left_out_where_others_are_shared():
    a, b = normal(12), normal(8, seed=1)
    assert compare_runs(runs(a), runs(b)).p == pytest.approx(scipy_stats.ttest_rel(a[:8], b).pvalue)


def test_runs_of_one_draw_are_one_unit():
    a, b = normal(20), normal(20, seed=1)
    found = compare_runs(runs(a), runs(b), lambda seed: seed % 5)
    assert found.n == 5
    averaged = [side.reshape(4, 5).mean(axis=0) for side in (a, b)]
    assert found.p == pytest.approx(scipy_stats.ttest_rel(*averaged).pvalue)


@pytest.mark.parametrize(
    ("first", "second", "draws", "words"),
    [
        (range(10), range(10), 2, "the seeds share 2 draws of the samples, fewer than 5"),
        (range(10), range(9, 19), 100, "the seeds share 1 draw of the samples, fewer than 5"),
        (range(4), range(4), 100, "4 runs of each, fewer than 5"),
        (range(1), range(1), 100, "1 run of each, fewer than 5"),
        (range(10), range(10, 13), 100, "one side has 3 draws of the samples, fewer than 5"),
    ],
)
def test_few_draws_allow_no_verdict(first, second, draws, words):
    found = compare_runs(dict.fromkeys(first, 0.9), dict.fromkeys(second, 0.1), lambda seed: seed % draws)
    assert found.difference == pytest.approx(0.8)
    assert np.isnan([found.low, found.high, found.p, found.mde]).all()
    assert found.verdict(0.02) == f"no verdict: {words}"
    assert found.verdict(p=0.001) == f"no verdict: {words}"


def test_a_difference_that_every_draw_shows_is_known_once_draws_are_enough():
    found = compare_runs(runs([0.6] * 20), runs([0.505] * 20))
    assert (found.p, found.test) == (2**-19, "exact sign-flip test over runs")
    assert math.isnan(found.mde)
    assert found.low == found.high == found.difference
    assert found.verdict(0.02) == "better"
    assert compare_runs(runs([0.6] * 20), runs([0.595] * 20)).verdict(0.02) == "equivalent within 0.02"
    few = compare_runs(runs([0.6] * 5), runs([0.5] * 5))  # five heads are no proof of a false coin
    assert (few.p, few.low, few.high) == (2**-4, -math.inf, math.inf)
    assert few.verdict(0.02) == NO_DIFFERENCE
    apart = compare_runs(runs([0.6] * 5), runs([0.5] * 5, 100))
    assert apart.p == pytest.approx(2 / math.comb(10, 5))
    assert apart.verdict() == "better"


def test_equal_runs_show_no_difference():
    same = runs([0.6] * 20)
    assert (compare_runs(same, same).p, compare_runs(same, same).verdict()) == (1, NO_DIFFERENCE)


def test_equivalence_is_two_one_sided_tests():
    a, b = normal(30), normal(30, seed=1)
    found = compare_runs(runs(a), runs(b))
    below = scipy_stats.ttest_1samp(a - b, 0.05, alternative="less").pvalue
    above = scipy_stats.ttest_1samp(a - b, -0.05, alternative="greater").pvalue
    assert found.is_equivalent(0.05) == (max(below, above) < 0.05)
    assert found.verdict(0.05) == "equivalent within 0.05"
    assert found.verdict(0.001) == NO_DIFFERENCE


def test_what_would_have_been_found_with_few_draws_is_finite():
    found = compare_runs(runs(normal(MIN_DRAWS)), runs(normal(MIN_DRAWS, seed=1)))
    assert found.standard_error < found.mde < 1


@pytest.mark.parametrize("wrong", [{}, {0: math.nan}, {0: math.inf}])
def test_a_run_without_a_score_is_refused(wrong):
    with pytest.raises(ValueError, match="a finite score from each"):
        compare_runs(runs([0.5]), wrong)


@given(
    st.dictionaries(st.integers(0, 30), st.sampled_from([0.2, 0.5, 0.6, 1.0]), min_size=1),
    st.dictionaries(st.integers(0, 30), st.sampled_from([0.2, 0.5, 0.6, 1.0]), min_size=1),
    st.integers(1, 31),
)
@settings(deadline=None)
def test_swapping_the_methods_mirrors_the_comparison(first, second, draws):
    one, other = (compare_runs(a, b, lambda seed: seed % draws) for a, b in ((first, second), (second, first)))
    assert one.difference == pytest.approx(-other.difference)
    assert (one.low, one.high, one.p) == pytest.approx((-other.high, -other.low, other.p), nan_ok=True)
    mirrored = {"better": "worse", "worse": "better"}
    assert other.verdict(0.1) == mirrored.get(one.verdict(0.1), one.verdict(0.1))
    if one.untested == "":
        assert one.n >= MIN_DRAWS
        assert one.low <= one.difference <= one.high
