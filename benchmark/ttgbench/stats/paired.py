"""Is one graph better than another? Both answered the same questions in the same universes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import Floats, Ints, checked, checked_level
from ttgbench.stats.interval import Interval
from ttgbench.stats.significance import (
    bca_interval,
    cluster_standard_error,
    equivalence_p,
    identical_units_interval,
    mcnemar_test,
    minimum_detectable_effect,
    sign_flip_test,
    t_interval,
)
from ttgbench.stats.units import questions_as_units

POWER = 0.8
"""The power at which the minimum detectable effect is stated."""
_AXES = ("question", "universe")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean paired difference (first minus second) and what it is worth."""

    difference: float
    low: float
    high: float
    p: float
    """Two-sided, of the hypothesis of no difference."""
    test: str
    """The test that gave `p`."""
    mde: float
    """Minimum detectable effect at power 0.8: a true difference below it would probably have been missed."""
    n: int
    """Independent units: clusters where there are clusters, else questions."""
    questions: int
    universes: int
    standard_error: float
    """Zero where all units showed the same difference; NaN for a single unit."""
    confidence: float = 0.95

    def is_equivalent(self, margin: float) -> bool:
        """Whether the difference is shown to be smaller than `margin` either way (TOST).

        Where all units showed the same difference, the interval itself must lie within the margin.
        """
        if not margin > 0:
            raise ValueError(f"margin is {margin}; it must be positive, declared before looking at the results")
        if not self.standard_error > 0:
            return -margin < self.low and self.high < margin
        return equivalence_p(self.difference, self.standard_error, self.n - 1, margin) < 1 - self.confidence

    def verdict(self, margin: float | None = None) -> str:
        """Says of the first: "better", "worse", "equivalent within MARGIN" or "no difference shown".

        A difference shown to be smaller than the declared margin is called equivalent even if it is not zero. "better"
        and "worse" take both: a significant test and an interval without zero.
        """
        if margin is not None and self.is_equivalent(margin):
            return f"equivalent within {margin:g}"
        if self.p < 1 - self.confidence and (self.low > 0 or self.high < 0):
            return "better" if self.low > 0 else "worse"
        return "no difference shown"


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

    Universes are averaged within the question. The interval is BCa over questions, or Student's t with a cluster-robust
    error over clusters. The test is McNemar's for one universe of right and wrong, else sign flips of the units. One
    unit, or units that are all alike, give an interval by the rule of three. Raises ValueError saying what is wrong.
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
    labels = _cluster_numbers(clusters, len(differences))
    error, units = cluster_standard_error(differences, labels)
    if error < 1e-12:  # rounding of averages over universes
        error = 0.0
    width = bounds[1] - bounds[0]
    if clusters is None and a.shape[1] == 1 and np.isin([a, b], (0, 1)).all():
        p, test = mcnemar_test(a[:, 0], b[:, 0]), "exact McNemar test"
    else:
        p, exact = sign_flip_test(np.bincount(labels, weights=differences), rng, resamples=resamples)
        test = f"{'exact' if exact else 'Monte Carlo'} sign-flip test"
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
        confidence=confidence,
    )


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


def _cluster_numbers(clusters: Sequence[Hashable] | None, questions: int) -> Ints:
    if clusters is None:
        return np.arange(questions)
    if len(clusters) != questions:
        raise ValueError(f"there are {len(clusters)} cluster labels for {questions} questions; give one for each")
    numbers = {label: number for number, label in enumerate(dict.fromkeys(clusters))}
    return np.array([numbers[label] for label in clusters])
