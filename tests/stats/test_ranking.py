"""Comparing many methods: tests over tasks, ranks, ties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ttgbench.stats import (
    compare_methods,
    critical_difference,
    friedman_test,
    rank_intervals,
    tie_groups,
    wilcoxon_holm,
)
from ttgbench.stats.ranking import wilcoxon_p
from ttgbench.stats.significance import holm


def rng():
    return np.random.default_rng(0)


def runs(means, problems, seeds=10, spread=0.1, seed=1):
    noise = np.random.default_rng(seed).normal(0, spread, (len(means), problems, seeds))
    return np.asarray(means)[:, None, None] + noise


def test_enough_tasks_allow_conclusions_over_tasks():
    result = compare_methods(runs([0.9, 0.5, 0.5], 20), range(20), rng())
    assert (result.scope, result.tasks) == ("over tasks", 20)
    assert result.friedman_p < 0.001
    better, also_better, tied = result.pairs
    assert (better.first, better.second) == (0, 1)
    assert max(better.p, also_better.p) < 0.01 < tied.p
    assert better.low > 0.3
    assert tied.low < 0 < tied.high


def test_few_tasks_allow_conclusions_on_these_tasks_only():
    result = compare_methods(runs([0.9, 0.5, 0.5], 9), ["math", "code", "qa"] * 3, rng())
    assert (result.scope, result.tasks, result.friedman_p) == ("on these tasks only", 3, None)
    assert [pair.verdict for pair in result.pairs] == ["better", "better", "no difference shown"]
    assert result.pairs[0].low > 0.3


def test_few_tasks_are_compared_over_seeds_by_the_mean_over_problems_as_ranks_are():
    scores = runs([0.6, 0.5], 4, seeds=8)
    (pair,) = compare_methods(scores, ["math", "math", "math", "code"], rng()).pairs
    first, second = scores.mean(axis=1)
    expected = scipy_stats.ttest_rel(first, second)
    assert pair.p == pytest.approx(expected.pvalue)
    assert (pair.low, pair.high) == pytest.approx(tuple(expected.confidence_interval()))


def test_few_seeds_allow_no_verdict_on_pairs():
    result = compare_methods(runs([0.9, 0.5], 3, seeds=4), range(3), rng())
    assert result.pairs[0].verdict == "no verdict: 4 runs of each, fewer than 5"


def test_problems_of_one_task_do_not_count_as_more_tasks():
    assert compare_methods(runs([0.9, 0.5], 30), ["math", "code", "qa"] * 10, rng()).scope == "on these tasks only"


def test_friedman_agrees_with_its_formula():
    means = np.random.default_rng(2).random((5, 12))
    ranks = scipy_stats.rankdata(means, axis=0).mean(axis=1)
    statistic = 12 * 12 / (5 * 6) * ((ranks - 3) ** 2).sum()
    assert friedman_test(means) == pytest.approx(scipy_stats.chi2.sf(statistic, 4))


def test_all_tied_is_no_evidence():
    same = np.ones((3, 12))
    assert friedman_test(same) == 1
    assert set(wilcoxon_holm(same).values()) == {1.0}


def test_friedman_wants_three_methods():
    with pytest.raises(ValueError, match="at least 3 methods"):
        friedman_test(np.zeros((2, 12)))


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=7), st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_wilcoxon_agrees_with_scipy_with_and_without_ties(tied, seed):
    for differences in (np.array(tied, dtype=float), np.random.default_rng(seed).normal(0.3, 1, 20)):
        expected = scipy_stats.wilcoxon(differences, zero_method="zsplit").pvalue if differences.any() else 1
        assert wilcoxon_p(differences) == pytest.approx(expected)


def test_wilcoxon_over_many_tasks_is_scipys():
    differences = np.random.default_rng(0).normal(0.3, 1, 40)
    assert wilcoxon_p(differences) == scipy_stats.wilcoxon(differences, zero_method="zsplit").pvalue


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(deadline=None, max_examples=20)
def test_holm_agrees_with_statsmodels(p_values):
    from statsmodels.stats.multitest import multipletests

    np.testing.assert_allclose(holm(np.array(p_values)), multipletests(p_values, method="holm")[1])


def test_pairs_are_corrected_together():
    means = np.random.default_rng(3).random((3, 15)) + np.array([0, 0.1, 0.6])[:, None]
    raw = [wilcoxon_p(means[i] - means[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert wilcoxon_holm(means) == dict(zip([(0, 1), (0, 2), (1, 2)], holm(np.array(raw)), strict=True))


def means(values, problems, **more):
    """Of runs over their problems: (methods, draws)."""
    return runs(values, problems, **more).mean(axis=1)


def test_ranks_that_are_clear_and_ranks_that_are_not():
    result = rank_intervals(means([0.5, 0.9, 0.502, 0.1], 9), rng())
    np.testing.assert_array_equal(result.best, [2, 1, 2, 4])
    np.testing.assert_array_equal(result.worst, [3, 1, 3, 4])
    assert [sorted(group) for group in result.groups] == [[1], [0, 2], [3]]


def test_deterministic_methods_are_ranked_without_doubt_among_themselves():
    scores = np.zeros((3, 6)) + np.array([0.2, 0.2, 0.3])[:, None]
    result = rank_intervals(scores, rng())
    np.testing.assert_array_equal(result.best, [2, 2, 1])
    np.testing.assert_array_equal(result.worst, [3, 3, 1])
    np.testing.assert_array_equal(rank_intervals(scores[:, :5], rng()).worst, [3, 3, 3])  # p of five signs is 0.06


def test_luck_shared_by_all_methods_of_a_seed_does_not_blur_the_ranks():
    shared = np.random.default_rng(4).normal(0, 1, (1, 10))
    result = rank_intervals(means([0.0, 0.1], 3, spread=0.01) + shared, rng())
    np.testing.assert_array_equal(result.worst, [2, 1])


def test_ranks_need_five_draws():
    with pytest.raises(ValueError, match="at least 5"):
        rank_intervals(np.zeros((3, 4)), rng())


@given(st.integers(1, 7), st.integers(0, 10_000))
def test_tie_groups_are_maximal_and_hold_no_two_that_differ(methods, seed):
    generator = np.random.default_rng(seed)
    values = generator.random(methods)
    different = np.triu(generator.random((methods, methods)) < 0.3, 1)
    different |= different.T
    groups = tie_groups(values, different)
    order = list(np.argsort(-values))
    assert {i for group in groups for i in group} == set(range(methods))
    for group in groups:
        assert not different[np.ix_(group, group)].any()
        start = order.index(group[0])
        assert list(group) == order[start : start + len(group)]
        assert not any(set(group) < set(other) for other in groups)


def test_tie_groups_overlap_like_the_bars_of_a_diagram():
    different = np.zeros((3, 3), dtype=bool)
    different[0, 2] = different[2, 0] = True
    assert tie_groups([3, 2, 1], different) == ((0, 1), (1, 2))


def test_critical_difference_by_demsars_table():
    """q(0.05) is 2.343 for three methods and 2.728 for five."""
    means = np.random.default_rng(5).random((5, 30))
    assert critical_difference(means).difference == pytest.approx(2.728 * np.sqrt(5 * 6 / (6 * 30)), rel=1e-3)
    result = critical_difference(np.array([[0.9], [0.5], [0.1]]) + np.random.default_rng(5).random((3, 12)) / 100)
    assert result.difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 12)), rel=1e-3)
    np.testing.assert_allclose(result.average_ranks, [1, 2, 3])
    assert result.nemenyi_groups == ((0,), (1,), (2,))
    assert result.holm_groups == ((0,), (1,), (2,))


def test_critical_difference_refuses_few_tasks():
    with pytest.raises(ValueError, match="10 tasks"):
        critical_difference(np.zeros((3, 9)))


def test_one_method_cannot_be_compared():
    with pytest.raises(ValueError, match="at least two"):
        compare_methods(np.zeros((1, 3, 2)), range(3), rng())
