"""Is one search method better than another, on other questions too? Runs and questions are both taken as samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import Floats, Ints, checked, checked_level
from ttgbench.stats.difference import POWER
from ttgbench.stats.runs import MIN_DRAWS, RunsComparison, too_few, two_sided_p
from ttgbench.stats.significance import cluster_standard_error, detectable_by_t, t_interval
from ttgbench.stats.units import cluster_numbers, effective_clusters

_ROUNDING = 1e-24
"""Variance below this is rounding of averages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedComparison(RunsComparison):
    """Two methods on one problem. `n`: the fewer of draws and questions."""

    draws: int
    questions: int
    """Clusters of questions where there are clusters."""


def compare_crossed(
    first: Mapping[int, ArrayLike],
    second: Mapping[int, ArrayLike],
    draw: Callable[[int], Hashable] = lambda seed: seed,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> CrossedComparison:
    """Compares two methods by the test scores of their runs, by seed, each (questions,) on the same questions.

    draw: as for `compare_runs`, which averages and pairs runs in the same way. clusters: one label per question where
    they come in groups.

    The variance of the mean difference is that of the runs' means plus that of the questions' means less that of their
    interaction, which both contain, and at least either of the two: crossed random effects, as two-way clustering has
    them (Cameron, Gelbach & Miller 2011, J. Bus. Econ. Stat. 29:238, equation 2.9). Student's t takes Satterthwaite's
    degrees of freedom of the two; of clusters of unlike size as many count as clusters of one size would weigh (Kish
    1965, Survey Sampling, 8.2). It speaks of other runs of these methods on other questions of the task. `untested`
    says why where there are fewer than MIN_DRAWS draws or groups of questions, or nothing differs. Raises ValueError
    for scores of unlike shape or that are not finite.
    """
    checked_level("confidence", confidence)
    one, other = _by_draw(first, draw), _by_draw(second, draw)
    if len({len(row) for row in (*one.values(), *other.values())}) > 1:
        raise ValueError("runs answered unlike numbers of questions; all must answer the same ones")
    shared = [label for label in one if label in other]
    if shared:
        sides = [np.array([one[label] - other[label] for label in shared])]
    else:
        sides = [np.array(list(one.values())), -np.array(list(other.values()))]
    labels = cluster_numbers(clusters, sides[0].shape[1])
    draws, groups = min(map(len, sides)), int(labels.max()) + 1
    difference = float(sum(side.mean() for side in sides))
    runs = (len(first), len(second))
    untested = too_few(draws, runs, shared=bool(shared)) or _too_few_groups(groups)
    low = high = p = mde = error = degrees = math.nan
    if not untested:
        variance, degrees = _variance(sides, labels)
        error = math.sqrt(variance)
        untested = "" if error else "all runs and questions show the same"
    if not untested:
        interval = t_interval(difference, error, degrees, confidence)
        low, high = interval.low, interval.high
        p = two_sided_p(difference / error, degrees)
        mde = detectable_by_t(error, degrees, alpha=1 - confidence, power=POWER)
    return CrossedComparison(
        difference=difference,
        low=low,
        high=high,
        p=p,
        test="" if untested else "t test over runs and questions",
        mde=mde,
        n=min(draws, groups),
        standard_error=error,
        degrees=degrees,
        confidence=confidence,
        untested=untested,
        runs=runs,
        paired=bool(shared),
        draws=draws,
        questions=groups,
    )


def _by_draw(runs: Mapping[int, ArrayLike], draw: Callable[[int], Hashable]) -> dict[Hashable, Floats]:
    if not runs:
        raise ValueError("there are 0 runs; it needs one")
    drawn: dict[Hashable, list[Floats]] = {}
    for seed in sorted(runs):
        drawn.setdefault(draw(seed), []).append(checked(f"scores of seed {seed}", runs[seed], ("question",)))
    return {label: np.mean(rows, axis=0) for label, rows in drawn.items()}


def _too_few_groups(groups: int) -> str:
    return "" if groups >= MIN_DRAWS else f"{groups} groups of questions, fewer than {MIN_DRAWS}"


def _variance(sides: Sequence[Floats], labels: Ints) -> tuple[float, float]:
    """Of the mean difference, and its degrees of freedom. sides: (draws, questions) each, the second negated."""
    over_runs = [float(side.mean(axis=1).var(ddof=1)) / len(side) for side in sides]
    questions = np.sum([side.mean(axis=0) for side in sides], axis=0)
    over_questions = cluster_standard_error(questions, labels)[0] ** 2
    both = sum(over_runs) + over_questions
    if both < _ROUNDING:
        return 0.0, math.nan
    spread = sum(part**2 / (len(side) - 1) for part, side in zip(over_runs, sides, strict=True))
    degrees = both**2 / (spread + over_questions**2 / (effective_clusters(labels) - 1))
    interaction = sum(_interaction(side, labels) for side in sides)
    return max(both - interaction, sum(over_runs), over_questions), float(degrees)


def _interaction(scores: Floats, labels: Ints) -> float:
    """Variance of a mean of (draws, questions) from what neither draw nor question explains."""
    rest = scores - scores.mean(axis=1, keepdims=True) - scores.mean(axis=0) + scores.mean()
    draws, groups = len(scores), int(labels.max()) + 1
    sums = np.array([np.bincount(labels, weights=row) for row in rest])
    correction = draws / (draws - 1) * groups / (groups - 1)
    return correction * float((sums**2).sum()) / scores.size**2
