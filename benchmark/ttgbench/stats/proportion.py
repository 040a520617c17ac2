"""How accurate one graph is: Wilson's interval for a share of right answers."""

from __future__ import annotations

from math import sqrt

from numpy.typing import ArrayLike
from scipy.special import ndtri

from ttgbench.stats.arrays import checked_level
from ttgbench.stats.interval import Interval
from ttgbench.stats.units import questions_as_units


def wilson_interval(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for `successes` of `n` independent trials.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22:209. `successes` may be fractional.
    Raises ValueError unless 0 <= successes <= n and n >= 1.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} trials; there must be at least one trial and 0 to n successes")
    z = -float(ndtri((1 - checked_level("confidence", confidence)) / 2))
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At the ends the interval's bound is the share itself, which rounding would miss.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == n else middle + half
    return Interval(share, low, high, confidence)


def accuracy_interval(scores: ArrayLike, confidence: float = 0.95) -> Interval:
    """Wilson's interval for the mean of `scores` (questions, universes), each within [0, 1].

    The questions are the trials, however many universes there are. A question's mean over universes varies at most as
    much as a single answer does (p(1-p) bounds the variance of anything in [0, 1] with mean p), so with several
    universes or partial credit the interval is conservative.
    """
    means = questions_as_units(scores, ("question", "universe"))
    if means.min() < 0 or means.max() > 1:
        raise ValueError(f"scores reach from {means.min()} to {means.max()}; they must lie within 0 and 1")
    return wilson_interval(min(float(means.sum()), len(means)), len(means), confidence)
