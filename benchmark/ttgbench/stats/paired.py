"""Is one graph better than another? Both answered the same questions in the same universes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import Floats, checked, checked_level
from ttgbench.stats.interval import Interval
from ttgbench.stats.significance import (
    bca_interval,
    cluster_standard_error,
    identical_units_interval,
    mcnemar_test,
    minimum_detectable_effect,
    sign_flip_interval,
    sign_flip_test,
    t_interval,
)
from ttgbench.stats.units import cluster_numbers, questions_as_units
from ttgbench.stats.verdict import POWER, Difference

_AXES = ("question", "universe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Difference):
    """Two graphs. `n`: clusters where there are clusters, else questions."""

    questions: int
    universes: int
    unequal: bool = False
    """Whether the clusters differ in size, so that the interval is that of the sign-flip test."""

    def equivalence(self, margin: float) -> float:
        """As Difference; with unequal clusters the interval itself must lie within the margin."""
        if self.unequal and margin > 0:
            return self._within(margin)
        return Difference.equivalence(self, margin)


def compare(
    first: ArrayLike,
    second: ArrayLike,
    rng: np.random.Generator,
    *,
    clusters: Sequence[Hashable] | None = None,
    question_ids: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    bounds: tuple[float, float] = (0.0, 1.0),
    resamples: int = 9999,
) -> Comparison:
    """Compares two graphs by their scores (questions, universes) on the same questions and universes.

    clusters: one label per question where questions come in groups, such as several about one text; then the groups are
    the units. question_ids: checked for repeats. bounds: what a score can be; infinite ones are allowed.

    Universes are averaged within the question. The interval is BCa over questions, Student's t with a cluster-robust
    error over clusters of one size, or that of the sign-flip test over clusters that differ in size. The test is
    McNemar's for one universe of right and wrong, else sign flips of the units. One unit, or units that are all alike,
    give an interval by the rule of three. Raises ValueError saying what is wrong.
    """
    a, b = checked("first", first, _AXES), checked("second", second, _AXES)
    if a.shape != b.shape:
        raise ValueError(
            f"first has shape {a.shape} and second {b.shape}; both must be the same (questions, universes)"
        )
    if min(a.min(), b.min()) < bounds[0] or max(a.max(), b.max()) > bounds[1]:
        raise ValueError(f"some scores lie outside {bounds}; state what a score can be with `bounds`")
    alpha = 1 - checked_level("confidence", confidence)
    differences = questions_as_units(a - b, _AXES, question_ids=question_ids)
    labels = cluster_numbers(clusters, len(differences))
    error, units = cluster_standard_error(differences, labels)
    if error < 1e-12:  # rounding of averages over universes
        error = 0.0
    width = bounds[1] - bounds[0]
    sums = np.asarray(np.bincount(labels, weights=differences), dtype=np.float64)
    sizes = np.bincount(labels)
    p, test = _test(a, b, sums, clusters is not None, rng, resamples)
    unequal = clusters is not None and error > 0 and bool(np.ptp(sizes))
    if unequal:
        interval = _within(sign_flip_interval(sums, sizes, rng, confidence=confidence, resamples=resamples), width)
    else:
        interval = _interval(differences, error, units, rng, clusters is not None, bounds, confidence, resamples)
    return Comparison(
        difference=interval.estimate,
        low=interval.low,
        high=interval.high,
        p=p,
        test=test,
        mde=minimum_detectable_effect(error, units, alpha=alpha, power=POWER, width=width),
        n=units,
        questions=a.shape[0],
        universes=a.shape[1],
        standard_error=error,
        degrees=units - 1,
        confidence=confidence,
        unequal=unequal,
    )


def _test(
    a: Floats, b: Floats, sums: Floats, clustered: bool, rng: np.random.Generator, resamples: int
) -> tuple[float, str]:
    """p and the name of the test; sums: (clusters,) of differences."""
    if not clustered and a.shape[1] == 1 and np.isin([a, b], (0, 1)).all():
        return mcnemar_test(a[:, 0], b[:, 0]), "exact McNemar test"
    p, exact = sign_flip_test(sums, rng, resamples=resamples)
    return p, f"{'exact' if exact else 'Monte Carlo'} sign-flip test"


def _within(interval: Interval, width: float) -> Interval:
    """No difference is larger than the scores allow."""
    return replace(interval, low=max(interval.low, -width), high=min(interval.high, width))


def _interval(
    differences: Floats,
    error: float,
    units: int,
    rng: np.random.Generator,
    clustered: bool,
    bounds: tuple[float, float],
    confidence: float,
    resamples: int,
) -> Interval:
    mean = float(differences.mean())
    if math.isnan(error) or error == 0:
        return identical_units_interval(mean, units, bounds, confidence)
    if clustered:
        return t_interval(mean, error, units - 1, confidence)
    return bca_interval(differences, rng, confidence=confidence, resamples=resamples)
