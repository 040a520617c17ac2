"""What a search had found by when: incumbent curves, hits of targets, ECDFs, expected running time, break-even.

Hits are (problems, targets, seeds): the spend at which a run first reached a target, infinite where it never did. Such
censored misses are kept everywhere; leaving them out would reward giving up. Source: Hansen et al. 2022, "Anytime
Performance Assessment in Blackbox Optimization Benchmarking" (COCO), IEEE Trans. Evol. Comput. 26:1293.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.aggregate import Statistic, stratified_bootstrap
from ttgbench.stats.arrays import Floats, Ints, checked
from ttgbench.stats.interval import Band, Interval

_HITS = ("problem", "target", "seed")


def incumbent_at(spends: ArrayLike, values: ArrayLike, at: ArrayLike, *, before: float = math.nan) -> Floats:
    """Value of the incumbent at each spend of `at` (A,): the last of `values` (K,) recommended at or before it.

    spends: (K,), not decreasing. before: the value while nothing had been recommended.
    """
    when, what = _curve(spends, values)
    index = np.searchsorted(when, checked("at", at, ("spend",)), side="right")
    return np.asarray(np.concatenate([[before], what])[index])


def hitting_spends(spends: ArrayLike, values: ArrayLike, targets: ArrayLike) -> Floats:
    """Spend at which an incumbent first reached each target (T,), infinite where none did.

    spends, values: (K,) as in `incumbent_at`; a later and worse incumbent does not undo a hit.
    """
    when, what = _curve(spends, values)
    reached = what >= checked("targets", targets, ("target",))[:, None]
    return np.where(reached.any(axis=1), when[reached.argmax(axis=1)], np.inf)


def _curve(spends: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    when, what = checked("spends", spends, ("step",)), checked("values", values, ("step",))
    if when.shape != what.shape or (np.diff(when) < 0).any():
        raise ValueError(f"{len(when)} spends for {len(what)} values; give one for each, in the order they were spent")
    return when, what


def ecdf(hits: ArrayLike, at: ArrayLike) -> Floats:
    """Share of all (problem, target, seed) of `hits` reached within each spend of `at` (A,): array (A,)."""
    reached = np.sort(_checked_hits(hits), axis=None)
    return np.asarray(np.searchsorted(reached, checked("at", at, ("spend",)), side="right") / reached.size)


def ecdf_band(
    hits: ArrayLike, at: ArrayLike, rng: np.random.Generator, *, confidence: float = 0.95, resamples: int = 2000
) -> Band:
    """`ecdf` with a pointwise band, (A,), by redrawing whole runs within each problem."""
    grid = checked("at", at, ("spend",))

    def shares(drawn: Floats) -> Floats:
        return np.stack([(drawn <= spend).mean(axis=(0, 2, 3)) for spend in grid], axis=-1)

    return _over_runs(hits, shares, rng, confidence, resamples)


def ecdf_area(
    hits: ArrayLike,
    low: float,
    high: float,
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
) -> Interval:
    """Area under the ECDF over log spend from `low` to `high`, scaled to [0, 1], with an interval over runs.

    Each hit adds log(high/hit) / log(high/low), clipped to [0, 1]: 1 at `low` or before, 0 at `high` or never.
    """
    if not 0 < low < high < math.inf:
        raise ValueError(f"the spends reach from {low} to {high}; it takes 0 < low < high")

    def area(drawn: Floats) -> Floats:
        share = np.log(high / np.maximum(drawn, low)) / math.log(high / low)
        return np.asarray(np.maximum(share, 0).mean(axis=(0, 2, 3)))

    with np.errstate(divide="ignore"):  # log(0) of a hit that never came, clipped to 0
        return _over_runs(hits, area, rng, confidence, resamples).at()


def _over_runs(
    hits: ArrayLike, statistic: Statistic, rng: np.random.Generator, confidence: float, resamples: int
) -> Band:
    by_target = np.moveaxis(_checked_hits(hits), 1, 0)  # all targets of a run are redrawn together
    return stratified_bootstrap(by_target, statistic, rng, confidence=confidence, resamples=resamples)


def _checked_hits(hits: ArrayLike) -> Floats:
    array = checked("hits", hits, _HITS, allow_inf=True)
    if array.min() < 0:
        raise ValueError(f"a target was hit at spend {array.min()}; spends cannot be negative")
    return array


@dataclass(frozen=True, slots=True)
class ExpectedRunningTime:
    """Expected spend to reach a target when failed runs are restarted; arrays of the shape that was asked for."""

    spend: Floats
    """Infinite where no run succeeded."""
    successes: Ints
    runs: int


def expected_running_time(hits: ArrayLike, spent: ArrayLike) -> ExpectedRunningTime:
    """ERT per (problem, target) from `hits` (problems, targets, seeds) and all that each run `spent` (problems, seeds).

    All spend until the hit, or until the end of a run that missed, over the number of hits. Source: Auger & Hansen
    2005, CEC, p. 1777.
    """
    array = _checked_hits(hits)
    total = checked("spent", spent, ("problem", "seed"))
    if (array.shape[0], array.shape[2]) != total.shape:
        raise ValueError(f"hits have shape {array.shape} and spent {total.shape}; problems and seeds must agree")
    hit = np.isfinite(array)
    if (hit & (array > total[:, None, :])).any():
        raise ValueError("a target was hit after the run had ended; a run's hits cannot exceed what it spent")
    successes = hit.sum(axis=2)
    used = np.where(hit, array, total[:, None, :]).sum(axis=2)
    spend = np.where(successes > 0, used / np.maximum(successes, 1), np.inf)
    return ExpectedRunningTime(spend, successes, array.shape[2])


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
