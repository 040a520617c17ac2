"""Pareto front, hypervolume and attainment against their definitions, spelled out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.stats import attainment, attainment_surface, best_within, hypervolume, pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def columns(points):
    return tuple(np.array(points, dtype=float).T)


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points):
    front = pareto_front(*columns(points))
    for (a, c), kept in zip(points, front, strict=True):
        assert kept == (not any(a2 >= a and c2 <= c and (a2, c2) != (a, c) for a2, c2 in points))


@given(POINTS)
def test_hypervolume_counts_the_dominated_cells(points):
    cells = sum(any(a > x and c <= y for a, c in points) for x in range(1, 5) for y in range(4))  # unit squares
    assert hypervolume(*columns(points), reference=(1, 4)) == cells


@given(POINTS)
def test_dominated_points_add_no_volume(points):
    accuracy, cost = columns(points)
    front = pareto_front(accuracy, cost)
    volume = hypervolume(accuracy, cost, reference=(0, 6))
    assert volume == hypervolume(accuracy[front], cost[front], reference=(0, 6))


def test_hypervolume_by_hand():
    assert hypervolume([0.5, 0.8, 0.9], [1, 2, 5], reference=(0.2, 4)) == pytest.approx(0.3 * 1 + 0.6 * 2)
    assert hypervolume([0.1], [1], reference=(0.2, 4)) == 0


def test_the_best_within_a_cost():
    np.testing.assert_array_equal(best_within([0.5, 0.9, 0.7], [2, 4, 3], [1, 2, 3.5, 10]), [-np.inf, 0.5, 0.7, 0.9])


def test_attainment_is_the_share_of_runs_at_least_as_good():
    runs = [([0.5, 0.9], [1, 4]), ([0.6], [2])]
    np.testing.assert_allclose(attainment(runs, [0.5, 0.6, 0.8], [1, 2, 4]), [[0.5, 1, 1], [0, 0.5, 1], [0, 0, 0.5]])
    np.testing.assert_allclose(attainment_surface(runs, [1, 2, 4], 0.5), [0.5, 0.6, 0.9])
    np.testing.assert_allclose(attainment_surface(runs, [1, 2, 4], 1.0), [-np.inf, 0.5, 0.6])


@pytest.mark.parametrize(("accuracy", "cost"), [([], []), ([1], [1, 2]), ([np.nan], [1]), (1, 1)])
def test_wrong_points_are_refused(accuracy, cost):
    with pytest.raises(ValueError, match=r"empty|one of each|not finite|axes"):
        pareto_front(accuracy, cost)


def test_attainment_needs_runs_and_a_share():
    with pytest.raises(ValueError, match="no runs"):
        attainment([], [0.5], [1])
    with pytest.raises(ValueError, match="share is 0"):
        attainment_surface([([0.5], [1])], [1], 0)
