"""Bayesian comparisons against figures of baycomp 1.0.3 and closed forms."""

import numpy as np
import pytest

from ttgbench.stats import correlated_t_rope, signed_rank_rope

DIFFERENCES = np.array([0.03, -0.01, 0.05, 0.02, 0.0, 0.04, -0.02, 0.06])


def test_signed_rank_agrees_with_baycomp():
    """SignedRankTest(x, y, rope=0.01, nsamples=400000).probs() gave 0.9201, 0.0703, 0.0096."""
    result = signed_rank_rope(DIFFERENCES, 0.01, np.random.default_rng(0), samples=100_000)
    assert (result.better, result.equivalent, result.worse) == pytest.approx((0.9201, 0.0703, 0.0096), abs=0.003)


def test_correlated_t_agrees_with_baycomp():
    """CorrelatedTTest(x, y, rope=0.01, runs=1).probs() gave 0.761015, 0.201055, 0.037930: 8 folds, correlation 1/8."""
    result = correlated_t_rope(DIFFERENCES, 0.01, correlation=1 / 8)
    assert (result.better, result.equivalent, result.worse) == pytest.approx((0.761015, 0.201055, 0.037930), abs=1e-6)


def test_probabilities_mirror_and_add_up():
    one, other = correlated_t_rope(DIFFERENCES, 0.01), correlated_t_rope(-DIFFERENCES, 0.01)
    assert (one.better, one.worse) == pytest.approx((other.worse, other.better))
    assert one.better + one.equivalent + one.worse == pytest.approx(1)


def test_no_spread_is_taken_as_certain():
    assert correlated_t_rope([0.02, 0.02], 0.01).better == 1
    assert correlated_t_rope([0.0, 0.0], 0.01).equivalent == 1
    assert signed_rank_rope(np.zeros(5), 0.01, np.random.default_rng(0)).equivalent == 1


@pytest.mark.parametrize("rope", [0, -0.1, np.nan, np.inf])
def test_the_region_must_be_positive(rope):
    with pytest.raises(ValueError, match="positive half-width"):
        signed_rank_rope(DIFFERENCES, rope, np.random.default_rng(0))


def test_one_run_is_too_few():
    with pytest.raises(ValueError, match="two runs"):
        correlated_t_rope([0.1], 0.01)
