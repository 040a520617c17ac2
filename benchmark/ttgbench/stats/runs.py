"""Is one search method better than another? Compared over their runs: a run that draws its own samples is the unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from ttgbench.stats.arrays import Floats, checked_level
from ttgbench.stats.significance import detectable_by_t, t_interval
from ttgbench.stats.verdict import POWER, Difference

MIN_DRAWS = 5
"""Fewest independent draws of the samples from which runs are compared. With four, a mean difference is significant at
5% only from 1.6 of its draws' standard deviations on, and no test of signs goes below 0.125."""
_ROUNDING = 1e-12
"""Spread below this is rounding of averages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsComparison(Difference):
    """Two methods on one problem. `n`: draws of the samples, per side the smaller number where they share none."""

    runs: tuple[int, int]
    """Of either side, before runs of one draw are averaged."""
    paired: bool
    """Whether the two share draws; then those that one side lacks are left out."""


def compare_runs(
    first: Mapping[int, float],
    second: Mapping[int, float],
    draw: Callable[[int], Hashable] = lambda seed: seed,
    *,
    confidence: float = 0.95,
) -> RunsComparison:
    """Compares two methods on one problem by the test accuracies (or scores) of their runs, by seed.

    draw: the draw of samples that a seed's search sees. Runs that share one are not independent, so they are averaged
    first. Where the two methods share draws, the test is Student's paired t over the shared ones, and the others are
    left out; where they share none it is Welch's t test (Welch 1947, Biometrika 34:28). With fewer than MIN_DRAWS
    draws nothing is said: `untested` says why. It speaks of other runs of these methods on the same test questions.

    Where every draw shows the same, a t test would divide by zero: the test is then the exact one of signs, or of
    labels where draws are not shared, the interval is the difference itself, and without bounds where the draws are
    too few for significance; what would have been detected cannot be said (NaN). Raises ValueError if a side has no run
    or one that is not a finite number.
    """
    checked_level("confidence", confidence)
    one, other = draw_means(first, draw), draw_means(second, draw)
    shared = [label for label in one if label in other]
    if shared:
        values: tuple[Floats, ...] = (np.array([one[label] - other[label] for label in shared]),)
    else:
        values = (np.array(list(one.values())), np.array(list(other.values())))
    n = min(map(len, values))
    difference = float(values[0].mean() - sum(side.mean() for side in values[1:]))
    runs = (len(first), len(second))
    if untested := too_few(n, runs, shared=bool(shared)):
        low = high = p = mde = error = degrees = math.nan
        test = ""
    elif (found := _t_error(values))[0] > 0:
        error, degrees = found
        test = "paired t test over runs" if shared else "Welch's t test over runs"
        p = two_sided_p(difference / error, degrees)
        interval = t_interval(difference, error, degrees, confidence)
        low, high = interval.low, interval.high
        mde = detectable_by_t(error, degrees, alpha=1 - confidence, power=POWER)
    else:
        error, degrees = 0.0, found[1]
        test = "exact sign-flip test over runs" if shared else "exact permutation test over runs"
        p, low, high = _without_spread(difference, values, confidence)
        mde = math.nan
    return RunsComparison(
        difference=difference,
        low=low,
        high=high,
        p=p,
        test=test,
        mde=mde,
        n=n,
        standard_error=error,
        degrees=degrees,
        confidence=confidence,
        untested=untested,
        runs=runs,
        paired=bool(shared),
    )


def too_few(draws: int, runs: tuple[int, int], *, shared: bool) -> str:
    """Why so few draws allow no verdict, in words; empty if they are enough."""
    if draws >= MIN_DRAWS:
        return ""
    plural = "s" if draws > 1 else ""
    if runs == (draws, draws):
        what = f"{draws} run{plural} of each"
    elif shared:
        what = f"the seeds share {draws} draw{plural} of the samples"
    else:
        what = f"one side has {draws} draw{plural} of the samples"
    return f"{what}, fewer than {MIN_DRAWS}"


def draw_means(runs: Mapping[int, float], draw: Callable[[int], Hashable]) -> dict[Hashable, float]:
    """Means of the runs of each draw, in the order of seeds. Raises ValueError without runs or for a NaN."""
    if not runs or not np.isfinite(list(runs.values())).all():
        raise ValueError(f"there are {len(runs)} runs; it needs one, and a finite score from each")
    drawn: dict[Hashable, list[float]] = {}
    for seed in sorted(runs):
        drawn.setdefault(draw(seed), []).append(runs[seed])
    return {label: float(np.mean(values)) for label, values in drawn.items()}


def _t_error(values: tuple[Floats, ...]) -> tuple[float, float]:
    """Standard error of the difference and its degrees of freedom (Satterthwaite's for two sides); 0 without spread."""
    spreads = [float(side.std(ddof=1)) for side in values]
    parts = [(spread**2 / len(side), len(side) - 1) for spread, side in zip(spreads, values, strict=True)]
    if max(spreads) < _ROUNDING:
        return 0.0, float(sum(degrees for _, degrees in parts))
    total = sum(variance for variance, _ in parts)
    return math.sqrt(total), total**2 / sum(variance**2 / degrees for variance, degrees in parts)


def two_sided_p(t: float, degrees: float) -> float:
    """Of Student's t."""
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(t)))


def _without_spread(difference: float, values: tuple[Floats, ...], confidence: float) -> tuple[float, float, float]:
    """p and the bounds where every draw shows the same."""
    counts = [len(side) for side in values]
    smallest = 2 / (2 ** counts[0] if len(counts) == 1 else math.comb(sum(counts), counts[0]))
    enough = smallest < 1 - confidence
    p = smallest if abs(difference) > _ROUNDING else 1.0
    return (p, difference, difference) if enough else (p, -math.inf, math.inf)
