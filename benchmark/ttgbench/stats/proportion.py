"""How accurate one graph is: Wilson's interval for a share of right answers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from ttgbench.stats.arrays import Floats, Ints, checked_level
from ttgbench.stats.interval import Interval
from ttgbench.stats.significance import cluster_standard_error
from ttgbench.stats.units import cluster_numbers, effective_clusters, questions_as_units

_ROUNDING = 1e-12


def wilson_interval(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for `successes` of `n` independent trials.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22:209. Both counts may be fractional.
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


def accuracy_interval(
    scores: ArrayLike, confidence: float = 0.95, *, clusters: Sequence[Hashable] | None = None
) -> Interval:
    """Wilson's interval for the mean of `scores` (questions, universes), each within [0, 1].

    clusters: one label per question where questions come in groups, such as several about one text; then as many
    questions count as independent ones would vary like these groups (see `_independent`): all right or all wrong is an
    interval over the number of groups. Where at most half of them hold any wrong answer, the lower bound is at most
    what it would be without any, and likewise the upper one: few of the rarer answers say little of whether such
    answers come together, and one more right answer must not lower the interval.

    The questions are the trials, however many universes there are. A question's mean over universes varies at most as
    much as a single answer does (p(1-p) bounds the variance of anything in [0, 1] with mean p), so with several
    universes or partial credit the interval is conservative.
    """
    means = questions_as_units(scores, ("question", "universe"))
    if means.min() < 0 or means.max() > 1:
        raise ValueError(f"scores reach from {means.min()} to {means.max()}; they must lie within 0 and 1")
    share = min(float(means.mean()), 1.0)
    if clusters is None:
        return wilson_interval(len(means) * share, len(means), confidence)
    labels = cluster_numbers(clusters, len(means))
    groups = effective_clusters(labels)
    n = _independent(means, labels, groups, checked_level("confidence", confidence))
    found, all_right = wilson_interval(n * share, n, confidence), wilson_interval(groups, groups, confidence)
    shares = np.bincount(labels, weights=means) / np.bincount(labels)
    if (shares < 1 - _ROUNDING).mean() <= 0.5:
        found = replace(found, low=min(found.low, all_right.low))
    if (shares > _ROUNDING).mean() <= 0.5:
        found = replace(found, high=max(found.high, 1 - all_right.low))
    return found


def _independent(means: Floats, labels: Ints, groups: float, confidence: float) -> float:
    """How many independent questions are worth these (questions,) in so many groups, at most all and at least one.

    Their binomial variance over the cluster-robust one, less what Student's t asks for few clusters: the interval of
    Korn & Graubard (1998, Surv. Methodol. 24:193) with Wilson's formula, as in Dean & Pagano 2015 (J. Surv. Stat.
    Methodol. 3:484). Where all questions are alike nothing is known of how groups vary, and they may be all or nothing:
    then the groups are the trials. Where only the groups are alike, each of them is mixed, and the latter is taken off.
    """
    if np.ptp(means) < _ROUNDING:
        return groups
    error, _ = cluster_standard_error(means, labels)
    share = float(means.mean())
    if labels.max() < 1:
        return 1.0
    tail = (1 - confidence) / 2
    few = float(ndtri(tail) / stdtrit(max(groups, 2.0) - 1, tail)) ** 2
    independent = share * (1 - share) / error**2 if error > _ROUNDING else float(len(means))
    return min(max(independent * few, 1.0), float(len(means)))
