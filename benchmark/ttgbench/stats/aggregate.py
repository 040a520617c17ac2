"""Many runs in one number or curve: scores between anchors, means of draws, and intervals over draws.

A *draw* is what a run's search sees of chance: samples, instance, questions. Runs of one draw are not independent, on
one problem or on several, so all that is said about other runs takes draws as its units: `by_draw` averages the seeds
that share one, and whatever is redrawn or flipped is a draw on all problems and for all methods together. So a draw
counts once in every mean, share and spend, however many seeds share it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import Floats, checked, checked_count, checked_level
from ttgbench.stats.interval import Band, Interval
from ttgbench.stats.proportion import accuracy_interval


def normalise(scores: ArrayLike, zero: ArrayLike, one: ArrayLike) -> Floats:
    """`scores` (..., problems, seeds) on the scale where the anchors `zero` and `one` (problems,) are 0 and 1.

    The anchors are frozen with the suite, so no entry moves another's score. Values beyond them are kept. Raises
    ValueError unless `one` exceeds `zero` on every problem.
    """
    low, high = checked("zero", zero, ("problem",)), checked("one", one, ("problem",))
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim < 2 or {array.shape[-2]} != {len(low), len(high)}:
        raise ValueError(
            f"scores have shape {array.shape} for {len(low)} and {len(high)} anchors; it takes (..., problems, seeds)"
        )
    if not (high > low).all():
        raise ValueError(f"on problem {int(np.argmin(high - low))} the upper anchor does not exceed the lower one")
    return np.asarray((array - low[:, None]) / (high - low)[:, None])


def by_draw(runs: ArrayLike, draws: Sequence[Hashable]) -> Floats:
    """Means of the seeds that share a draw: (..., seeds) to (..., draws), draws in first-seen order.

    draws: one label per seed.
    """
    array = np.asarray(runs, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] != len(draws) or not draws:
        raise ValueError(f"there are {len(draws)} labels of draws for runs of shape {array.shape}; give one per seed")
    labels = list(dict.fromkeys(draws))
    if len(labels) == len(draws):
        return array
    return np.stack([array[..., [draw == label for draw in draws]].mean(axis=-1) for label in labels], axis=-1)


def mean_interval(values: ArrayLike, *, confidence: float = 0.95) -> Band:
    """Mean over draws of `values` (..., draws) with Student's t interval: a band (...). Bounds are NaN for one draw,
    and the mean itself where all draws have one value."""
    from scipy.special import stdtrit

    tail = (1 + checked_level("confidence", confidence)) / 2
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"values have shape {array.shape}; it takes (..., draws), all of them finite")
    count = array.shape[-1]
    mean = np.asarray(array.mean(axis=-1))
    if count < 2:
        unknown = np.full(mean.shape, np.nan)
        return Band(mean, unknown, unknown, confidence)
    quantile = float(stdtrit(count - 1, tail))
    half = quantile * array.std(axis=-1, ddof=1) / np.sqrt(count)
    return Band(mean, np.asarray(mean - half), np.asarray(mean + half), confidence)


def performance_profile(scores: ArrayLike, thresholds: ArrayLike, draws: Sequence[Hashable]) -> Band:
    """Share of runs that score above each threshold: (methods, problems, seeds), (T,) to a band (methods, T).

    draws: one label per seed. A draw counts once, and is a group for `accuracy_interval`, of which the interval is.
    """
    array, levels = (
        checked("scores", scores, ("method", "problem", "seed")),
        checked("thresholds", thresholds, ("threshold",)),
    )
    found = [[share_of_runs(one > level, draws) for level in levels] for one in array]
    estimate, low, high = np.moveaxis(np.array([[(i.estimate, i.low, i.high) for i in row] for row in found]), -1, 0)
    return Band(estimate, low, high)


def share_of_runs(which: ArrayLike, draws: Sequence[Hashable]) -> Interval:
    """Share of runs of which `which` (problems, seeds) is true; draws as in `performance_profile`."""
    shares = by_draw(checked("which", which, ("problem", "seed")), draws)
    return accuracy_interval(shares.reshape(-1, 1), clusters=list(range(shares.shape[1])) * len(shares))


def task_means(scores: Floats, tasks: Sequence[Hashable]) -> Floats:
    """Mean over the problems of each task: (..., problems, draws) to (..., tasks, draws), tasks in first-seen order.

    tasks: one label per problem. Problems that differ only in their budget belong to one task.
    """
    if len(tasks) != scores.shape[-2]:
        raise ValueError(f"there are {len(tasks)} task labels for {scores.shape[-2]} problems; give one for each")
    member = np.array([[task == other for other in tasks] for task in dict.fromkeys(tasks)], dtype=np.float64)
    return np.asarray((member / member.sum(axis=1, keepdims=True)) @ scores)


def hierarchical_bootstrap(
    scores: ArrayLike,
    tasks: Sequence[Hashable],
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
) -> Band:
    """Percentile interval of the mean over tasks of `scores` (methods, problems, draws); the band is (methods,).

    Tasks are redrawn with all their problems, then the draws within each drawn task, for all its problems together;
    both levels are shared by the methods. Source: Davison & Hinkley 1997, "Bootstrap Methods and their Application",
    section 3.8.
    """
    array = checked("scores", scores, ("method", "problem", "draw"))
    tail = (1 - checked_level("confidence", confidence)) / 2
    resamples = checked_count("resamples", resamples)
    means = task_means(array, tasks)
    methods, count, draws = means.shape
    total = np.zeros((methods, resamples))
    for _ in range(count):  # one drawn task after another, so that a task drawn twice gets its own draws each time
        task, drawn = rng.integers(0, count, resamples), rng.integers(0, draws, (resamples, draws))
        total += means[:, task[:, None], drawn].mean(axis=-1)
    low, high = np.quantile(total / count, [tail, 1 - tail], axis=1)
    return Band(np.asarray(means.mean(axis=(1, 2))), np.asarray(low), np.asarray(high), confidence)
