"""Incumbent curves, hits and what is made of them, against cases counted by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.stats import (
    break_even_queries,
    ecdf_area,
    ecdf_band,
    expected_running_time,
    held_spends,
    incumbent_at,
    reached,
)

HITS = np.array([[[1.0, 4.0, np.inf], [2.0, np.inf, np.inf]], [[8.0, 1.0, 2.0], [8.0, 16.0, np.inf]]])


def rng():
    return np.random.default_rng(0)


def test_the_incumbent_is_the_last_one_recommended_by_then():
    values = incumbent_at([1, 5, 5, 20], [0.2, 0.4, 0.5, 0.3], [0.5, 1, 4.9, 5, 80])
    np.testing.assert_array_equal(values, [math.nan, 0.2, 0.2, 0.5, 0.3])
    assert incumbent_at([1], [0.2], [0.5], before=0.0) == [0.0]


def test_a_hit_counts_from_when_it_is_held_to_the_end():
    np.testing.assert_array_equal(
        held_spends([1, 5, 20, 30], [0.2, 0.6, 0.4, 0.5], [0.1, 0.3, 0.5, 0.6]), [1, 5, 30, np.inf]
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0, 1))
def test_what_is_held_is_never_left_again(values, target):
    spends = np.arange(1.0, len(values) + 1)
    (hit,) = held_spends(spends, values, [target])
    after = np.array(values)[spends >= hit]
    assert (after >= target).all()
    assert np.isfinite(hit) == (values[-1] >= target)


@pytest.mark.parametrize(("spends", "values"), [([2, 1], [0, 0]), ([1], [0, 0]), ([], []), ([1], [np.nan])])
def test_curves_that_are_none(spends, values):
    with pytest.raises(ValueError, match=r"in the order|empty|not finite"):
        held_spends(spends, values, [0.5])


SPENT, DRAWS = np.full((2, 3), 20.0), (0, 1, 2)


def test_the_ecdf_is_of_expected_spends_per_problem_and_target():
    ert = expected_running_time(HITS, SPENT).spend  # 12.5, 42, 3.67, 22
    band = ecdf_band(HITS, SPENT, [3, 4, 13, 30, 1000], DRAWS, rng())
    np.testing.assert_allclose(band.estimate, [(ert <= limit).mean() for limit in (3, 4, 13, 30, 1000)])
    assert (band.low <= band.estimate).all()
    never = ecdf_band(np.full((1, 1, 3), np.inf), SPENT[:1], [1000], DRAWS, rng())
    assert (never.estimate, never.high) == (0, 1)  # three misses do not show that it takes more than 1000


def test_the_area_is_that_under_the_ecdf():
    grid = np.geomspace(1, 80, 20_001)
    area = ecdf_area(HITS, SPENT, 1, 80, DRAWS)
    assert area.estimate == pytest.approx(
        ecdf_band(HITS, SPENT, grid, DRAWS, rng(), resamples=1).estimate.mean(), abs=1e-3
    )
    assert area.low < area.estimate < area.high
    assert ecdf_area(np.zeros((1, 1, 2)), np.zeros((1, 2)), 1, 80, (0, 1)).estimate == 1


@pytest.mark.parametrize("draws", [2, 5, 20])
@pytest.mark.parametrize("until_end", [0.8, 80.0])
def test_an_area_that_is_the_same_in_all_draws_is_no_point(draws, until_end):
    """By hand: a share q of all draws, (1-q)^draws = 0.05, may hold at once what none held, or miss what all held."""
    q, spent = 1 - 0.05 ** (1 / draws), np.full((2, draws), until_end)
    never = ecdf_area(np.full((2, 3, draws), np.inf), spent, 0.1, 80, range(draws))
    at_once = ecdf_area(np.full((2, 3, draws), 0.1), spent, 0.1, 80, range(draws))
    middle = ecdf_area(np.full((2, 3, draws), 0.7), spent, 0.1, 80, range(draws))
    assert (never.estimate, never.low, at_once.estimate, at_once.high) == (0, 0, 1, 1)
    spend = ((1 - q) * until_end + q * 0.1) / q
    assert never.high == pytest.approx(max(q, math.log(80 / min(spend, 80)) / math.log(800)))
    spend = ((1 - q) * 0.1 + q * until_end) / (1 - q)
    assert at_once.low == pytest.approx(min(1 - q, math.log(80 / min(spend, 80)) / math.log(800)))
    assert 0 <= middle.low < middle.estimate < middle.high <= 1
    more = ecdf_area(np.full((2, 3, 2 * draws), np.inf), np.full((2, 2 * draws), until_end), 0.1, 80, range(2 * draws))
    assert more.high < never.high


def test_a_draw_counts_once_however_many_seeds_share_it():
    """Four seeds share a draw that holds nothing; alone they would be four of six runs."""
    hits, spent, draws = np.array([[[np.inf] * 4 + [2.0, 4.0]]]), np.full((1, 6), 10.0), [0, 0, 0, 0, 1, 2]
    once = hits[..., [0, 4, 5]], spent[:, :3], (0, 1, 2)
    assert expected_running_time(hits, spent, draws).spend == expected_running_time(*once[:2]).spend == 16 / 2
    assert expected_running_time(hits, spent).spend == 46 / 2
    assert ecdf_area(hits, spent, 1, 80, draws) == ecdf_area(once[0], once[1], 1, 80, once[2])
    (found,), (expected,) = reached(hits, spent, draws, rng()), reached(*once, rng())
    assert found == expected
    assert found.share.estimate == 2 / 3


def test_levels_and_numbers_that_are_none_are_refused_whatever_the_draws():
    for confidence in (0, 1, 7, math.nan):
        for draws in (1, 3):
            with pytest.raises(ValueError, match="confidence is"):
                ecdf_area(HITS[..., :draws], SPENT[:, :draws], 1, 80, range(draws), confidence=confidence)
            with pytest.raises(ValueError, match="confidence is"):
                ecdf_band(HITS[..., :draws], SPENT[:, :draws], [1], range(draws), rng(), confidence=confidence)
    for resamples in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="resamples is"):
            ecdf_band(HITS, SPENT, [1], DRAWS, rng(), resamples=resamples)
        with pytest.raises(ValueError, match="resamples is"):
            reached(HITS, SPENT, DRAWS, rng(), resamples=resamples)


def test_targets_and_problems_of_one_draw_stay_together():
    """Ten targets or problems that a run reaches all or not at all hold no more information than one."""
    hits = np.where(np.arange(20) < 10, 1.0, np.inf)[None, None, :]
    spent, draws = np.full((1, 20), 4.0), range(20)
    one = ecdf_area(hits, spent, 1, 80, draws)
    ten = ecdf_area(np.repeat(hits, 10, axis=1), spent, 1, 80, draws)
    problems = ecdf_area(np.repeat(hits, 10, axis=0), np.repeat(spent, 10, axis=0), 1, 80, draws)
    for other in (ten, problems):
        assert (one.low, one.high) == pytest.approx((other.low, other.high))


def test_how_targets_were_reached():
    first, second = reached(HITS, SPENT, DRAWS, rng())
    assert (first.share.estimate, second.share.estimate) == pytest.approx((5 / 6, 3 / 6))
    assert first.spend.estimate == pytest.approx((25 / 2 + 11 / 3) / 2)
    assert first.share.low <= 5 / 6 <= first.share.high
    assert first.spend.low <= first.spend.estimate <= first.spend.high
    (never,) = reached(np.full((2, 1, 3), np.inf), SPENT, DRAWS, rng())
    assert (never.share.estimate, never.spend.estimate, never.spend.high) == (0, np.inf, np.inf)
    assert 20 < never.spend.low < np.inf  # nor that it is never held
    assert never.share.high > 0


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
        ecdf_area(HITS, SPENT, low, high, DRAWS)


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
