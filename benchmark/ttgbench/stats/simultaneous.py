"""All pairs of methods at once: how many standard errors their differences may be off where pairs are many."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import Floats, Ints, checked, checked_count, checked_level

FLIPPED_DRAWS = 10
"""Fewest draws of which signs are flipped: ten have 512 patterns, fewer have too few for the tail of many pairs."""
_ROUNDING = 1e-12
_BATCH = 2_000_000
"""Numbers held at once; a fixed batch keeps the random stream the same on every machine."""


@dataclass(frozen=True, slots=True)
class PairErrors:
    """All pairs of methods; arrays (pairs,), in the order of `itertools.combinations`."""

    first: Ints
    second: Ints
    difference: Floats
    """Of means over draws, first minus second."""
    error: Floats
    """Its standard error; 0 where it is the same in every draw."""
    p: Floats
    """Corrected for the number of pairs; NaN where the error is 0."""
    quantile: float
    """All true differences lie within so many errors, with the confidence asked for. Zero does not where p is below
    what that leaves."""
    correction: str
    """ "max-t", "Bonferroni", or nothing for a single pair."""


def pair_errors(
    means: ArrayLike, rng: np.random.Generator, *, confidence: float = 0.95, resamples: int = 9999
) -> PairErrors:
    """Of `means` (methods, draws), at least two of each.

    From FLIPPED_DRAWS draws and three methods on, the quantile is that of the largest |t| over all pairs when the
    deviations from the means change their signs at random, draw by draw and for all methods together, each pair
    studentised anew: the single-step max-t of Westfall & Young 1993, "Resampling-Based Multiple Testing", section 2.3.
    It takes account of what pairs have in common, as Bonferroni's bound does not. Below, Student's t with that bound;
    for one pair Student's t alone. Raises ValueError.
    """
    array = checked("means", means, ("method", "draw"))
    alpha = 1 - checked_level("confidence", confidence)
    resamples = checked_count("resamples", resamples)
    methods, draws = array.shape
    if methods < 2 or draws < 2:
        raise ValueError(f"{methods} methods and {draws} draws; it takes two of each")
    from scipy.special import stdtr, stdtrit

    first, second = np.triu_indices(methods, 1)
    values = array[first] - array[second]
    difference, spread = values.mean(axis=1), values.std(axis=1, ddof=1)
    known = spread < _ROUNDING
    spread[known] = 0
    error = spread / math.sqrt(draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(difference) / error
    if methods > 2 and draws >= FLIPPED_DRAWS and not known.all():
        standard = (values - difference[:, None])[~known] / spread[~known, None]
        largest = np.sort(_largest_t(standard, rng, resamples))[::-1]
        p = (1 + np.searchsorted(-largest, -t, side="right")) / (1 + len(largest))
        place = math.ceil(alpha * (1 + len(largest)) * (1 - 1e-12)) - 2  # more than that: p is below alpha
        quantile = float(largest[place]) if place >= 0 else math.inf
        correction = "max-t"
    else:
        p = np.minimum(2 * stdtr(draws - 1, -t) * len(t), 1.0)
        quantile = float(stdtrit(draws - 1, 1 - alpha / 2 / len(t)))
        correction = "Bonferroni" if len(t) > 1 else ""
    return PairErrors(first, second, difference, error, np.where(known, np.nan, p), quantile, correction)


def _largest_t(standard: Floats, rng: np.random.Generator, resamples: int) -> Floats:
    """Largest |t| over pairs for each pattern of signs, but none that flips all or nothing; all patterns if that is no
    more than `resamples`. standard: (pairs, draws), mean 0 and standard deviation 1."""
    pairs, draws = standard.shape
    every = 2 ** (draws - 1) <= resamples
    count = 2 ** (draws - 1) - 1 if every else resamples
    batch, found = max(1, _BATCH // max(pairs, draws)), []
    for start in range(0, count, batch):
        size = min(batch, count - start)
        if every:  # the first draw keeps its sign: a pattern and its mirror image are equally extreme
            flipped = np.arange(start + 1, start + 1 + size)[:, None] >> np.arange(draws) & 1
        else:
            flipped = rng.integers(0, 2, (size, draws))
        found.append(np.abs((1.0 - 2 * flipped) @ standard.T).max(axis=1) / draws)
    mean = np.concatenate(found)
    variance = np.maximum(1 - mean**2 * draws / (draws - 1), 1e-18)  # squares do not change with signs
    return np.asarray(mean / np.sqrt(variance / draws))
