"""Many runs in one number or curve: normalised scores, IQM, performance profiles, and bootstraps over runs.

Axes are (problems, seeds), with any axes before them. The definitions are rliable's (Agarwal et al. 2021, "Deep
Reinforcement Learning at the Edge of the Statistical Precipice", arXiv 2108.13264), which itself ignores its seed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import Floats, checked, checked_level
from ttgbench.stats.interval import Band

Statistic = Callable[[Floats], Floats]
"""Maps (..., resamples, problems, seeds) to (resamples, ...)."""
_BATCH = 2_000_000


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


def interquartile_mean(scores: Floats) -> Floats:
    """Mean of the middle half of all runs: (..., problems, seeds) to (...).

    A quarter of the runs, rounded down, is cut at either end, as `scipy.stats.trim_mean(..., 0.25, axis=None)`.
    """
    runs = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    cut = runs.shape[-1] // 4
    return np.asarray(runs[..., cut : runs.shape[-1] - cut].mean(axis=-1))


def performance_profile(scores: Floats, thresholds: ArrayLike) -> Floats:
    """Share of runs that score above each threshold: (..., problems, seeds) and (T,) to (..., T)."""
    levels = checked("thresholds", thresholds, ("threshold",))
    return np.stack([np.mean(scores > level, axis=(-2, -1)) for level in levels], axis=-1)


def probability_of_improvement(first: Floats, second: Floats) -> Floats:
    """How probably a run of `first` beats one of `second` on a random problem: two (..., problems, seeds) to (...).

    Ties count half; per problem it is the Mann-Whitney U over the number of pairs of seeds.
    """
    one, other, pairs = first[..., :, None], second[..., None, :], (-3, -2, -1)
    return np.asarray(((one > other).mean(axis=pairs) + (one >= other).mean(axis=pairs)) / 2)


def seed_resamples(scores: Floats, rng: np.random.Generator, resamples: int) -> Iterator[Floats]:
    """Yields batches (..., b, problems, seeds), `resamples` in all: seeds redrawn within every problem.

    What comes before the problems, such as methods or targets, shares the drawn seeds, so runs that share a seed's
    test questions stay paired.
    """
    *_, problems, seeds = scores.shape
    batch = max(1, _BATCH // scores.size)
    for start in range(0, resamples, batch):
        drawn = rng.integers(0, seeds, (min(batch, resamples - start), problems, seeds))
        yield scores[..., np.arange(problems)[:, None], drawn]


def stratified_bootstrap(
    scores: ArrayLike,
    statistic: Statistic,
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
) -> Band:
    """Percentile interval of a statistic of `scores` (..., problems, seeds), problems fixed, seeds redrawn in each.

    statistic: sees (..., resamples, problems, seeds), returns (resamples, ...): `interquartile_mean` as it is,
    `lambda x: performance_profile(x, thresholds)`, and for two stacked methods
    `lambda x: probability_of_improvement(x[0], x[1])`. It says nothing about other problems than these. With few
    seeds it is narrow by the factor sqrt((seeds-1)/seeds).
    """
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim < 2 or array.size == 0 or np.isnan(array).any():
        raise ValueError(f"scores have shape {array.shape}; it takes (..., problems, seeds) and no NaN")
    tail = (1 - checked_level("confidence", confidence)) / 2
    drawn = np.concatenate([statistic(batch) for batch in seed_resamples(array, rng, resamples)])
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return Band(np.asarray(statistic(array[..., None, :, :])[0]), np.asarray(low), np.asarray(high), confidence)


def task_means(scores: Floats, tasks: Sequence[Hashable]) -> Floats:
    """Mean over problems and seeds within each task: (..., problems, seeds) to (..., tasks), tasks in first-seen order.

    tasks: one label per problem. Problems that differ only in their budget belong to one task.
    """
    if len(tasks) != scores.shape[-2]:
        raise ValueError(f"there are {len(tasks)} task labels for {scores.shape[-2]} problems; give one for each")
    member = np.array([[task == other for other in tasks] for task in dict.fromkeys(tasks)], dtype=np.float64)
    return np.asarray(scores.mean(axis=-1) @ (member / member.sum(axis=1, keepdims=True)).T)


def hierarchical_bootstrap(
    scores: ArrayLike,
    tasks: Sequence[Hashable],
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
) -> Band:
    """Percentile interval of the mean over tasks of `scores` (methods, problems, seeds); the band is (methods,).

    Tasks are redrawn with all their problems, then the seeds within each drawn problem, both levels shared by the
    methods. Source: Davison & Hinkley 1997, "Bootstrap Methods and their Application", section 3.8.
    """
    array = checked("scores", scores, ("method", "problem", "seed"))
    tail = (1 - checked_level("confidence", confidence)) / 2
    estimate = task_means(array, tasks)
    methods, count = estimate.shape
    total = np.zeros((methods, resamples))
    for _ in range(count):  # one drawn task after another, so that a task drawn twice gets its own seeds each time
        batches = [task_means(batch, tasks) for batch in seed_resamples(array, rng, resamples)]
        means = np.concatenate(batches, axis=1)
        total += means[:, np.arange(resamples), rng.integers(0, count, resamples)]
    low, high = np.quantile(total / count, [tail, 1 - tail], axis=1)
    return Band(np.asarray(estimate.mean(axis=1)), np.asarray(low), np.asarray(high), confidence)
