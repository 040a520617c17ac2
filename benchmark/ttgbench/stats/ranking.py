"""Which of many methods are better than which others, and what their ranks are worth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ttgbench.stats.aggregate import hierarchical_bootstrap, task_means
from ttgbench.stats.arrays import Floats, Ints, checked, checked_count, checked_level
from ttgbench.stats.runs import MIN_DRAWS, compare_runs, too_few
from ttgbench.stats.significance import EXACT_SIGN_FLIPS, exact_sign_flip_p, holm
from ttgbench.stats.simultaneous import pair_errors
from ttgbench.stats.verdict import direction

MIN_TASKS = 10
"""Fewest independent tasks from which to speak about tasks in general. Demsar 2006 (J. Mach. Learn. Res. 7:1) asks for
more than 10 for Friedman's chi-square; with fewer than 6 Wilcoxon's test cannot reach 0.05 at all."""
_AXES, _MEANS = ("method", "problem", "draw"), ("method", "task")
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class PairTest:
    """Two methods, by their index: mean difference first minus second over tasks, or over problems where there are few
    tasks, with an interval."""

    first: int
    second: int
    difference: float
    low: float
    high: float
    p: float
    """Corrected for the number of pairs: over tasks by Holm, over draws as the interval is."""
    untested: str = ""
    """Why nothing can be said, in words; then p and bounds are NaN."""
    confidence: float = 0.95

    @property
    def verdict(self) -> str:
        """ "better", "worse", "no difference shown" or "no verdict: WHY", of the first."""
        if self.untested:
            return f"no verdict: {self.untested}"
        return direction(self.low, self.high, self.p, 1 - self.confidence)


@dataclass(frozen=True, slots=True)
class MethodsComparison:
    """All pairs of methods, and how far the conclusion reaches."""

    scope: str
    """Either "over tasks" or, where there are fewer than MIN_TASKS, "on these tasks only"."""
    tasks: int
    friedman_p: float | None
    """Of the hypothesis that all methods are equal; None with too few tasks or fewer than three methods."""
    pairs: tuple[PairTest, ...]
    correction: str = "Holm"
    """How p is corrected for the number of pairs: "Holm" over tasks, else as `pair_errors` says."""


def compare_methods(
    scores: ArrayLike,
    tasks: Sequence[Hashable],
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
) -> MethodsComparison:
    """Compares all pairs of methods by `scores` (methods, problems, draws); `tasks` has one label per problem.

    Draws share nothing with each other: seeds that see the same samples are averaged first, see `by_draw`. With at
    least MIN_TASKS tasks the units are tasks, whose problems and draws are averaged first: Friedman's test and pairwise
    Wilcoxon tests (Demsar 2006; Benavoli et al. 2016, J. Mach. Learn. Res. 17:5) speak of tasks in general, beside
    intervals of a hierarchical bootstrap over tasks and draws, each for its pair alone; p is corrected by Holm. With
    fewer the units are the draws, since problems of one draw may share samples: paired tests of their means over
    problems, which hold on these tasks only, with p and intervals for all pairs at once (`pair_errors`). A difference
    that is the same in every draw is compared as `compare_runs` does it, by Bonferroni.
    """
    array = checked("scores", scores, _AXES)
    confidence, resamples = checked_level("confidence", confidence), checked_count("resamples", resamples)
    means = task_means(array, tasks).mean(axis=-1)
    pairs = list(itertools.combinations(range(len(array)), 2))
    if not pairs:
        raise ValueError("there is one method; a comparison needs at least two")
    if means.shape[1] < MIN_TASKS:
        pairs_found, correction = _pairs_over_draws(array.mean(axis=1), rng, confidence, resamples)
        return MethodsComparison("on these tasks only", means.shape[1], None, pairs_found, correction)
    band = hierarchical_bootstrap(
        np.stack([array[i] - array[j] for i, j in pairs]), tasks, rng, confidence=confidence, resamples=resamples
    )
    p_values = wilcoxon_holm(means)
    return MethodsComparison(
        scope="over tasks",
        tasks=means.shape[1],
        friedman_p=friedman_test(means) if len(array) >= 3 else None,
        pairs=tuple(
            PairTest(
                i,
                j,
                float(band.estimate[n]),
                float(band.low[n]),
                float(band.high[n]),
                p_values[i, j],
                confidence=confidence,
            )
            for n, (i, j) in enumerate(pairs)
        ),
    )


def _pairs_over_draws(
    means: Floats, rng: np.random.Generator, confidence: float, resamples: int
) -> tuple[tuple[PairTest, ...], str]:
    """All pairs of the rows of `means` (methods, draws), and how they are corrected."""
    draws = means.shape[1]
    if few := too_few(draws, (draws, draws), shared=True):
        places, average = itertools.combinations(range(len(means)), 2), means.mean(axis=1)
        nothing = (math.nan, math.nan, math.nan, few, confidence)
        return tuple(PairTest(i, j, float(average[i] - average[j]), *nothing) for i, j in places), ""
    found = pair_errors(means, rng, confidence=confidence, resamples=resamples)
    count, pairs = len(found.error), []
    for n, (i, j) in enumerate(zip(found.first.tolist(), found.second.tolist(), strict=True)):
        difference, half, p = float(found.difference[n]), found.quantile * float(found.error[n]), float(found.p[n])
        low, high = difference - half, difference + half
        if half == 0:
            one, other = (dict(enumerate(means[side].tolist())) for side in (i, j))
            same = compare_runs(one, other, confidence=1 - (1 - confidence) / count)
            low, high, p = same.low, same.high, min(same.p * count, 1.0)
        pairs.append(PairTest(i, j, difference, low, high, p, confidence=confidence))
    return tuple(pairs), found.correction


def friedman_test(means: ArrayLike) -> float:
    """p of Friedman's test that at least three methods rank alike: `means` (methods, tasks)."""
    from scipy.stats import friedmanchisquare

    array = checked("means", means, _MEANS)
    if len(array) < 3:
        raise ValueError(f"Friedman's test wants at least 3 methods, not {len(array)}; use Wilcoxon's for two")
    if (np.ptp(array, axis=0) == 0).all():
        return 1.0
    return float(friedmanchisquare(*array).pvalue)


def wilcoxon_holm(means: ArrayLike) -> dict[tuple[int, int], float]:
    """p of Wilcoxon's signed-rank test for every pair of methods, corrected by Holm: `means` (methods, tasks)."""
    array = checked("means", means, _MEANS)
    pairs = list(itertools.combinations(range(len(array)), 2))
    adjusted = holm(np.array([wilcoxon_p(array[i] - array[j]) for i, j in pairs]))
    return {pair: float(p) for pair, p in zip(pairs, adjusted, strict=True)}


def wilcoxon_p(differences: Floats) -> float:
    """Two-sided p of Wilcoxon's signed-rank test of `differences` (tasks,).

    Zeros are split between the signs, as Demsar 2006 has it. Exact, also with ties, up to EXACT_SIGN_FLIPS tasks, where
    `scipy.stats.wilcoxon` takes half a second or a normal approximation; scipy's beyond.
    """
    from scipy.stats import rankdata, wilcoxon

    if len(differences) <= EXACT_SIGN_FLIPS:
        return exact_sign_flip_p(np.sign(differences) * rankdata(np.abs(differences)))
    return float(wilcoxon(differences, zero_method="zsplit").pvalue) if differences.any() else 1.0


@dataclass(frozen=True, slots=True)
class RankIntervals:
    """Ranks by mean score, 1 the best; arrays (methods,). All intervals hold at once with the stated confidence."""

    means: Floats
    best: Ints
    """No better rank than this is plausible."""
    worst: Ints
    groups: tuple[tuple[int, ...], ...]
    """Methods that cannot be told apart, best first: see `tie_groups`."""
    confidence: float


def rank_intervals(
    values: ArrayLike, rng: np.random.Generator, *, confidence: float = 0.95, resamples: int = 9999
) -> RankIntervals:
    """Simultaneous confidence intervals for the ranks of methods by their mean over draws of `values` (methods, draws).

    values: means over the fixed problems, larger better, so that a draw counts on all problems together. Every pairwise
    difference gets an interval whose half-width is its standard error times one common quantile, that of `pair_errors`,
    so that ranks and pairs agree; a method is surely beaten by as many as lie above it by more than that. Source:
    Mogstad, Romano, Shaikh & Wilhelm 2024, "Inference for Ranks", Rev. Econ. Stud. 91:476, section 3. A difference that
    is the same in every draw is taken as known where that many equal signs are significant. Raises ValueError with
    fewer than MIN_DRAWS draws.
    """
    array = checked("values", values, ("method", "draw"))
    alpha = 1 - checked_level("confidence", confidence)
    methods, draws = array.shape
    if draws < MIN_DRAWS:
        raise ValueError(f"there are {draws} draws; ranks need at least {MIN_DRAWS}")
    means = array.mean(axis=1)
    if methods < 2:
        return RankIntervals(means, np.array([1]), np.array([1]), ((0,),), confidence)
    found = pair_errors(array, rng, confidence=confidence, resamples=resamples)
    same = _ROUNDING if 2.0 ** (1 - draws) < alpha else math.inf
    half_widths = np.zeros((methods, methods))
    half_widths[found.first, found.second] = np.where(found.error > 0, found.quantile * found.error, same)
    half_widths += half_widths.T
    ahead = means[:, None] - means > half_widths
    return RankIntervals(
        means=means,
        best=1 + ahead.sum(axis=0),
        worst=methods - ahead.sum(axis=1),
        groups=tie_groups(means, ahead | ahead.T),
        confidence=confidence,
    )


def tie_groups(values: ArrayLike, different: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """Maximal runs of neighbouring methods of which no two differ: the bars of a critical-difference diagram.

    values: (methods,), larger is better; different: symmetric (methods, methods). Groups hold indices, best first, and
    may overlap; a method that differs from all its neighbours is a group of its own.
    """
    array = checked("values", values, ("method",))
    order = [int(i) for i in np.argsort(-array, kind="stable")]
    groups: list[tuple[int, ...]] = []
    end = 0
    for start in range(len(order)):
        stop = start + 1
        while stop < len(order) and not different[order[stop], order[start:stop]].any():
            stop += 1
        if stop > end:
            groups.append(tuple(order[start:stop]))
            end = stop
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class CriticalDifference:
    """What a critical-difference diagram shows."""

    average_ranks: Floats
    """(methods,), 1 the best."""
    difference: float
    """Nemenyi's: average ranks further apart than this differ."""
    nemenyi_groups: tuple[tuple[int, ...], ...]
    holm_groups: tuple[tuple[int, ...], ...]
    """By pairwise Wilcoxon tests with Holm's correction, which do not depend on which other methods are there."""


def critical_difference(means: ArrayLike, *, alpha: float = 0.05) -> CriticalDifference:
    """Data of a critical-difference diagram from `means` (methods, tasks), larger better.

    Source: Demsar 2006, section 3.2.2: q sqrt(k(k+1)/6N), q the studentised range quantile over sqrt(2). Raises
    ValueError with fewer than two methods or MIN_TASKS tasks.
    """
    array = checked("means", means, _MEANS)
    methods, tasks = array.shape
    if methods < 2 or tasks < MIN_TASKS:
        raise ValueError(f"{methods} methods on {tasks} tasks; it takes at least 2 methods and {MIN_TASKS} tasks")
    from scipy.stats import rankdata, studentized_range

    ranks = rankdata(-array, axis=0).mean(axis=1)
    quantile = float(studentized_range.ppf(1 - checked_level("alpha", alpha), methods, np.inf)) / math.sqrt(2)
    difference = quantile * math.sqrt(methods * (methods + 1) / (6 * tasks))
    by_holm = np.zeros((methods, methods), dtype=bool)
    for (i, j), p in wilcoxon_holm(array).items():
        by_holm[i, j] = by_holm[j, i] = p < alpha
    return CriticalDifference(
        average_ranks=ranks,
        difference=difference,
        nemenyi_groups=tie_groups(-ranks, np.abs(ranks[:, None] - ranks) > difference),
        holm_groups=tie_groups(-ranks, by_holm),
    )
