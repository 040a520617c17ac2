"""What a search had found by when: incumbent curves, hits of targets, expected running time, ECDF, break-even.

Hits are (problems, targets, seeds): the spend from which on a run held a target to its end, infinite where it did not.
Such censored misses are kept everywhere; leaving them out would reward giving up. A target is held, not touched:
unlike in COCO (Hansen et al. 2022, "Anytime Performance Assessment in Blackbox Optimization Benchmarking", IEEE Trans.
Evol. Comput. 26:1293), where a value is seen exactly and the best so far is kept, a search cannot know that it was
there once, and a count of touches would reward changing one's mind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.aggregate import by_draw, share_of_runs
from ttgbench.stats.arrays import Floats, Ints, checked, checked_count, checked_level
from ttgbench.stats.interval import Band, Interval

_HITS = ("problem", "target", "seed")
_NONE = 1e-9
"""Sums of successes up to this are rounding."""


def incumbent_at(spends: ArrayLike, values: ArrayLike, at: ArrayLike, *, before: float = math.nan) -> Floats:
    """Value of the incumbent at each spend of `at` (A,): the last of `values` (K,) recommended at or before it.

    spends: (K,), not decreasing. before: the value while nothing had been recommended.
    """
    when, what = _curve(spends, values)
    index = np.searchsorted(when, checked("at", at, ("spend",)), side="right")
    return np.asarray(np.concatenate([[before], what])[index])


def held_spends(spends: ArrayLike, values: ArrayLike, targets: ArrayLike) -> Floats:
    """Spend from which on the incumbent was at each target (T,) or above to the end; infinite where it ended below.

    spends, values: (K,) as in `incumbent_at`.
    """
    when, what = _curve(spends, values)
    lowest_from_here = np.minimum.accumulate(what[::-1])[::-1]
    held = lowest_from_here >= checked("targets", targets, ("target",))[:, None]
    return np.where(held.any(axis=1), when[held.argmax(axis=1)], np.inf)


def _curve(spends: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    when, what = checked("spends", spends, ("step",)), checked("values", values, ("step",))
    if when.shape != what.shape or (np.diff(when) < 0).any():
        raise ValueError(f"{len(when)} spends for {len(what)} values; give one for each, in the order they were spent")
    return when, what


def _checked_hits(hits: ArrayLike) -> Floats:
    array = checked("hits", hits, _HITS, allow_inf=True)
    if array.min() < 0:
        raise ValueError(f"a target was hit at spend {array.min()}; spends cannot be negative")
    return array


@dataclass(frozen=True, slots=True)
class ExpectedRunningTime:
    """Expected spend to hold a target when failed runs are restarted; arrays (problems, targets)."""

    spend: Floats
    """Infinite where no run succeeded."""
    successes: Ints
    runs: int


def expected_running_time(
    hits: ArrayLike, spent: ArrayLike, draws: Sequence[Hashable] | None = None
) -> ExpectedRunningTime:
    """ERT per (problem, target) from `hits` (problems, targets, seeds) and all that each run `spent` (problems, seeds).

    draws: one label per seed; seeds that share one are averaged first, so that a draw counts once. Default: all differ.

    All spend until the hit, or until the end of a run that missed, over the number of hits. Source: Auger & Hansen
    2005, CEC, p. 1777; their argument of restarts holds for one problem and target, so problems are never pooled.
    """
    used, hit = _used(hits, spent)
    seeds = hit.shape[2]
    spend = _ert(*by_draw(np.stack([used, hit]), range(seeds) if draws is None else draws))
    return ExpectedRunningTime(spend, hit.sum(axis=2).astype(np.intp), seeds)


def ecdf_band(
    hits: ArrayLike,
    spent: ArrayLike,
    at: ArrayLike,
    draws: Sequence[Hashable],
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> Band:
    """Share of all (problem, target) whose expected spend is at most each spend of `at` (A,), with a band: (A,)."""
    grid = checked("at", at, ("spend",))

    def shares(spend: Floats) -> Floats:
        return np.stack([(spend <= limit).mean(axis=(0, 1)) for limit in grid])

    return _over_draws(hits, spent, draws, shares, rng, confidence, resamples)


def ecdf_area(
    hits: ArrayLike, spent: ArrayLike, low: float, high: float, draws: Sequence[Hashable], *, confidence: float = 0.95
) -> Interval:
    """Area under that ECDF over log spend from `low` to `high`, scaled to [0, 1], with an interval.

    Each (problem, target) adds log(high/spend) / log(high/low), clipped to [0, 1]: 1 at `low` or before, 0 at `high`
    or later. The interval is Student's with the jackknife's standard error over draws, its estimate of the bias added
    (Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 11): the expected spend of few runs is biased,
    which quantiles of resamples double instead of taking into account. Where the draws show no spread, as where none
    held anything, the interval is `_area_of_alike`'s. Bounds are NaN for one draw.
    """
    from scipy.special import stdtrit

    tail = (1 + checked_level("confidence", confidence)) / 2
    if not 0 < low < high < math.inf:
        raise ValueError(f"the spends reach from {low} to {high}; it takes 0 < low < high")
    used, hit = by_draw(np.stack(_used(hits, spent)), draws)
    count = hit.shape[-1]

    def area(spend: Floats) -> Floats:
        share = np.log(high / np.clip(spend, low, high)) / math.log(high / low)
        return np.asarray(share.mean(axis=(0, 1)))

    estimate = float(area(_ert(used, hit)[..., None])[0])
    if count < 2:
        return Interval(estimate, math.nan, math.nan, confidence)
    without = area(_expected(*(x.sum(axis=-1, keepdims=True) - x for x in (used, hit))))
    bias = (count - 1) * (without.mean() - estimate)
    error = math.sqrt((count - 1) * without.var() + bias**2)
    if error < _NONE:
        longest = checked("spent", spent, ("problem", "seed")).max(axis=1)[:, None, None]
        return _area_of_alike(area, used, hit, longest, low, Interval(estimate, 0.0, 1.0, confidence))
    half = float(stdtrit(count - 1, tail)) * error
    return Interval(estimate, max(estimate - half, 0.0), min(estimate + half, 1.0), confidence)


def _area_of_alike(
    area: Callable[[Floats], Floats], used: Floats, hit: Floats, longest: Floats, first: float, found: Interval
) -> Interval:
    """Interval of an area that is the same in all draws, by the rule of three (see `identical_units_interval`).

    Of all draws a share q of 1 - (1-confidence)^(1/draws) at most shows something else: these may hold every target at
    the spend `first`, or none and spend the `longest` (problems, 1, 1). Expected spends are not linear in q, so that q
    of all draws may move the area by more or less than q; the interval reaches at least as far as q, and is no point.
    """
    q = 1 - (1 - found.confidence) ** (1 / hit.shape[-1])
    used, hit = ((1 - q) * x.mean(axis=-1, keepdims=True) for x in (used, hit))
    least, most = (
        float(area(_expected(used + q * longest, hit))[0]),
        float(area(_expected(used + q * first, hit + q))[0]),
    )
    low, high = min(least, (1 - q) * found.estimate), max(most, q + (1 - q) * found.estimate)
    return replace(found, low=low, high=high)


@dataclass(frozen=True, slots=True)
class Reached:
    """How one target was reached over all problems, with intervals for other draws."""

    share: Interval
    """Share of runs that held it at their end; runs that share a draw count as one."""
    spend: Interval
    """Median over problems of the expected spend; infinite where on half of them or more no run held it."""


def reached(
    hits: ArrayLike, spent: ArrayLike, draws: Sequence[Hashable], rng: np.random.Generator, *, resamples: int = 1000
) -> tuple[Reached, ...]:
    """One per target; hits and spent as in `expected_running_time`."""

    def medians(spend: Floats) -> Floats:
        return np.asarray(np.median(spend, axis=0))

    _, hit = _used(hits, spent)
    spend = _over_draws(hits, spent, draws, medians, rng, 0.95, resamples)
    return tuple(Reached(share_of_runs(hit[:, target], draws), spend.at(target)) for target in range(hit.shape[1]))


def _used(hits: ArrayLike, spent: ArrayLike) -> tuple[Floats, Floats]:
    """What each run spent on each target, and 1 where it was held: twice (problems, targets, seeds)."""
    array = _checked_hits(hits)
    total = checked("spent", spent, ("problem", "seed"))
    if (array.shape[0], array.shape[2]) != total.shape:
        raise ValueError(f"hits have shape {array.shape} and spent {total.shape}; problems and seeds must agree")
    hit = np.isfinite(array)
    if (hit & (array > total[:, None, :])).any():
        raise ValueError("a target was hit after the run had ended; a run's hits cannot exceed what it spent")
    return np.where(hit, array, total[:, None, :]), hit.astype(np.float64)


def _ert(used: Floats, hit: Floats) -> Floats:
    """Over the last axis."""
    return _expected(used.sum(axis=-1), hit.sum(axis=-1))


def _expected(used: Floats, successes: Floats) -> Floats:
    """All that was spent over the number of successes, infinite where there is none."""
    never = successes <= _NONE
    return np.where(never, np.inf, used / np.where(never, 1.0, successes))


def _over_draws(
    hits: ArrayLike,
    spent: ArrayLike,
    draws: Sequence[Hashable],
    statistic: Callable[[Floats], Floats],
    rng: np.random.Generator,
    confidence: float,
    resamples: int,
) -> Band:
    """statistic: maps expected spends (problems, targets, resamples) to (..., resamples).

    Draws get random weights, the same on all problems (Rubin 1981, "The Bayesian Bootstrap", Ann. Stat. 9:130), and
    each problem and target half a run that holds it at its very end and half a run that misses it (Jeffreys' prior of a
    share): a few runs without a success do not show that there is none. Where the statistic itself is infinite, so is
    the upper bound; bounds contain the statistic.
    """
    used, hit = by_draw(np.stack(_used(hits, spent)), draws)
    longest = checked("spent", spent, ("problem", "seed")).max(axis=1)[:, None, None]
    shape = _weight_shape(hit.shape[-1], confidence)
    weights = rng.standard_gamma(shape, (hit.shape[-1], checked_count("resamples", resamples)))
    holds, misses = shape * rng.standard_gamma(0.5, (2, *hit.shape[:2], resamples))
    drawn = statistic((used @ weights + (holds + misses) * longest) / (hit @ weights + holds))
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=-1, method="inverted_cdf")
    estimate = statistic(_ert(used, hit)[..., None])[..., 0]
    return Band(estimate, np.minimum(low, estimate), np.maximum(high, estimate), confidence)


def _weight_shape(draws: int, confidence: float) -> float:
    """Of the gamma distribution of the weights: their mean over draws varies as far as Student's t reaches.

    With shape 1 it would vary as a bootstrap does, too little for few draws. Source: Hesterberg 2015, "What Teachers
    Should Know About the Bootstrap", Am. Stat. 69:371, expanded percentiles.
    """
    from scipy.special import ndtri, stdtrit

    tail = (1 - checked_level("confidence", confidence)) / 2
    ratio = float(ndtri(tail) / stdtrit(draws - 1, tail)) if draws > 1 else 0.0
    return max(((draws - 1) * ratio**2 - 1) / draws, 0.1)


def break_even_queries(
    search_cost: float,
    *,
    accuracy: float,
    cost: float,
    baseline_accuracy: float,
    baseline_cost: float,
    answer_value: float | None = None,
) -> float:
    """After how many queries a search has paid for itself against the baseline; infinite if it never does.

    cost, baseline_cost: per query, in the unit of `search_cost`. answer_value: what one right answer is worth in that
    unit; by default what the baseline pays for one, baseline_cost / baseline_accuracy, and the break-even is then where
    a right answer has cost the same either way, search included:
    (search_cost + n cost) / (n accuracy) = baseline_cost / baseline_accuracy.
    """
    if min(search_cost, cost, baseline_cost, accuracy, baseline_accuracy) < 0 or max(accuracy, baseline_accuracy) > 1:
        raise ValueError("costs must not be negative, accuracies must lie within 0 and 1")
    if answer_value is None:
        if baseline_accuracy == 0:
            raise ValueError("the baseline is never right, so its answers have no price; state `answer_value`")
        answer_value = baseline_cost / baseline_accuracy
    saved = answer_value * (accuracy - baseline_accuracy) - (cost - baseline_cost)
    if saved > 0:
        return search_cost / saved
    return 0.0 if search_cost == saved == 0 else math.inf
