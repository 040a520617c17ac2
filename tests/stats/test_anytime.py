"""Incumbent curves, hits and what is made of them, against cases counted by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ecdf as scipy_ecdf

from ttgbench.stats import (
    break_even_queries,
    ecdf,
    ecdf_area,
    ecdf_band,
    expected_running_time,
    hitting_spends,
    incumbent_at,
)

HITS = np.array([[[1.0, 4.0, np.inf], [2.0, np.inf, np.inf]], [[8.0, 1.0, 2.0], [8.0, 16.0, np.inf]]])


def rng():
    return np.random.default_rng(0)


def test_the_incumbent_is_the_last_one_recommended_by_then():
    values = incumbent_at([1, 5, 5, 20], [0.2, 0.4, 0.5, 0.3], [0.5, 1, 4.9, 5, 80])
    np.testing.assert_array_equal(values, [math.nan, 0.2, 0.2, 0.5, 0.3])
    assert incumbent_at([1], [0.2], [0.5], before=0.0) == [0.0]


def test_a_hit_counts_from_when_it_was_first_reached():
    np.testing.assert_array_equal(
        hitting_spends([1, 5, 20], [0.2, 0.6, 0.4], [0.1, 0.2, 0.5, 0.6, 0.7]), [1, 1, 5, 5, np.inf]
    )


@pytest.mark.parametrize(("spends", "values"), [([2, 1], [0, 0]), ([1], [0, 0]), ([], []), ([1], [np.nan])])
def test_curves_that_are_none(spends, values):
    with pytest.raises(ValueError, match=r"in the order|empty|not finite"):
        hitting_spends(spends, values, [0.5])


def test_the_ecdf_counts_misses_as_misses():
    np.testing.assert_allclose(ecdf(HITS, [0.5, 1, 4, 100]), np.array([0, 2, 5, 8]) / 12)


@given(st.integers(0, 1000))
def test_the_ecdf_agrees_with_scipy(seed):
    hits = np.random.default_rng(seed).integers(1, 20, (2, 3, 4)).astype(float)
    grid = np.arange(0, 21)
    np.testing.assert_allclose(ecdf(hits, grid), scipy_ecdf(hits.ravel()).cdf.evaluate(grid))


def test_the_area_is_that_under_the_ecdf():
    grid = np.geomspace(1, 80, 20_001)
    area = ecdf_area(HITS, 1, 80, rng())
    assert area.estimate == pytest.approx(ecdf(HITS, grid).mean(), abs=1e-3)
    assert area.low < area.estimate < area.high
    assert ecdf_area(np.zeros((1, 1, 2)), 1, 80, rng()).estimate == 1
    assert ecdf_area(np.full((1, 1, 2), np.inf), 1, 80, rng()).high == 0


def test_the_band_encloses_the_ecdf_and_is_as_wide_as_runs_differ():
    hits = np.random.default_rng(1).exponential(20, (1, 1, 50))
    band = ecdf_band(hits, [5, 20, 60], rng(), resamples=4000)
    np.testing.assert_allclose(band.estimate, ecdf(hits, [5, 20, 60]))
    error = np.sqrt(band.estimate * (1 - band.estimate) / 50)
    np.testing.assert_allclose((band.high - band.low) / 2, 1.96 * error, rtol=0.2)


def test_targets_of_one_run_stay_together():
    """Ten targets that a run reaches all or not at all hold no more information than one."""
    hits = np.where(np.arange(20) < 10, 1.0, np.inf)[None, None, :]
    one, ten = (ecdf_area(np.repeat(hits, k, axis=1), 1, 80, rng()) for k in (1, 10))
    assert (one.low, one.high) == pytest.approx((ten.low, ten.high))


def test_expected_running_time_by_hand():
    result = expected_running_time(HITS, np.full((2, 3), 20.0))
    np.testing.assert_allclose(result.spend, [[25 / 2, 42 / 1], [11 / 3, 44 / 2]])
    np.testing.assert_array_equal(result.successes, [[2, 1], [3, 2]])
    assert result.runs == 3


def test_a_target_never_reached_takes_forever():
    assert expected_running_time(np.full((1, 1, 3), np.inf), np.ones((1, 3))).spend == np.inf


@pytest.mark.parametrize(
    ("hits", "spent", "message"),
    [
        (HITS, np.full((3, 2), 20.0), "must agree"),
        (HITS, np.full((2, 3), 10.0), "after the run had ended"),
        (-HITS, np.full((2, 3), 20.0), "negative"),
        (HITS * np.nan, np.full((2, 3), 20.0), "not numbers"),
    ],
)
def test_impossible_hits_are_refused(hits, spent, message):
    with pytest.raises(ValueError, match=message):
        expected_running_time(hits, spent)


@pytest.mark.parametrize(("low", "high"), [(0, 80), (80, 80), (1, math.inf)])
def test_the_area_needs_a_range_of_spends(low, high):
    with pytest.raises(ValueError, match="0 < low < high"):
        ecdf_area(HITS, low, high, rng())


def test_break_even_of_a_cheaper_graph_that_is_as_good():
    n = break_even_queries(1000, accuracy=0.5, cost=3, baseline_accuracy=0.5, baseline_cost=5)
    assert n == 500


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.1, 10), st.floats(0.1, 10))
def test_at_break_even_a_right_answer_has_cost_the_same(accuracy, baseline_accuracy, cost, baseline_cost):
    n = break_even_queries(
        1000, accuracy=accuracy, cost=cost, baseline_accuracy=baseline_accuracy, baseline_cost=baseline_cost
    )
    paid, price = (1000 + n * cost), baseline_cost / baseline_accuracy
    if math.isfinite(n) and n < 1e9:
        assert paid / (n * accuracy) == pytest.approx(price, rel=1e-4)
    elif math.isinf(n):
        assert cost / accuracy >= price * (1 - 1e-9)


def test_dearer_and_better_pays_only_where_answers_are_worth_it():
    graph = {"accuracy": 0.7, "cost": 20, "baseline_accuracy": 0.5, "baseline_cost": 5}
    assert break_even_queries(1000, **graph) == math.inf
    assert break_even_queries(1000, **graph, answer_value=100) == pytest.approx(200)
    assert break_even_queries(0, **graph) == math.inf  # even a search for nothing does not pay


def test_the_baseline_found_for_nothing_has_paid_for_itself_at_once():
    same = {"accuracy": 0.5, "cost": 5, "baseline_accuracy": 0.5, "baseline_cost": 5}
    assert break_even_queries(0, **same) == 0
    assert break_even_queries(1, **same) == math.inf


def test_a_baseline_that_is_never_right_needs_a_stated_value():
    with pytest.raises(ValueError, match="answer_value"):
        break_even_queries(1, accuracy=1, cost=1, baseline_accuracy=0, baseline_cost=1)


def test_impossible_costs_are_refused():
    with pytest.raises(ValueError, match="negative"):
        break_even_queries(-1, accuracy=1, cost=1, baseline_accuracy=1, baseline_cost=1)
