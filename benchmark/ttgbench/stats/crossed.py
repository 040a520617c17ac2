"""Is one search method better than another, on other questions too? Runs and questions are both taken as samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import Floats, Ints, checked
from ttgbench.stats.runs import MIN_DRAWS, RunsComparison, compare_runs, two_sided_p
from ttgbench.stats.significance import (
    cluster_standard_error,
    detectable_by_t,
    identical_units_interval,
    t_interval,
)
from ttgbench.stats.units import cluster_numbers, effective_clusters
from ttgbench.stats.verdict import POWER

_ROUNDING = 1e-24
"""Variance below this is rounding of averages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedComparison(RunsComparison):
    """Two methods on one problem. `n`: the fewer of draws and questions."""

    draws: int
    questions: int
    """Groups of questions where they come in groups."""
    grouped: bool


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

    The variance of the mean difference is that of the runs' means, plus what that of the questions' means exceeds the
    interaction of the two by: crossed random effects, as two-way clustering has them (Cameron, Gelbach & Miller 2011,
    J. Bus. Econ. Stat. 29:238, equation 2.9). Student's t takes Satterthwaite's degrees of freedom; of groups of unlike
    size as many count as groups of one size would weigh (Kish 1965, Survey Sampling, 8.2). It never says more than
    `compare_runs` does of the same runs: where that interval is wider, or its p larger, it is taken.

    It speaks of other runs of these methods on other questions of the task. `untested` says why where there are fewer
    than MIN_DRAWS draws or groups. Raises ValueError for scores of unlike shape or that are not finite.
    """
    one, other = _by_draw(first, draw), _by_draw(second, draw)
    if len({len(row) for row in (*one.values(), *other.values())}) > 1:
        raise ValueError("runs answered unlike numbers of questions; all must answer the same ones")
    over_runs = compare_runs(_means(first), _means(second), draw, confidence=confidence)
    shared = [label for label in one if label in other]
    if shared:
        sides = [np.array([one[label] - other[label] for label in shared])]
    else:
        sides = [np.array(list(one.values())), -np.array(list(other.values()))]
    labels = cluster_numbers(clusters, sides[0].shape[1])
    groups = int(labels.max()) + 1
    few = over_runs.untested or _too_few(labels, clusters is not None)
    if few:
        nothing = dict.fromkeys(("low", "high", "p", "mde", "standard_error", "degrees"), math.nan)
        return _changed(over_runs, groups, clusters is not None, **nothing, test="", untested=few)
    variance, degrees = _variance(sides, labels)
    if variance == 0:
        n = min(over_runs.n, groups)
        alike = identical_units_interval(over_runs.difference, n, (0.0, 1.0), confidence)
        return _changed(over_runs, groups, clusters is not None, low=alike.low, high=alike.high)
    error = math.sqrt(variance)
    found: dict[str, Any] = {
        "p": max(two_sided_p(over_runs.difference / error, degrees), over_runs.p),
        "test": "t test over runs and questions",
    }
    interval = t_interval(over_runs.difference, error, degrees, confidence)
    if interval.high - interval.low >= over_runs.high - over_runs.low or over_runs.standard_error == 0:
        mde = detectable_by_t(error, degrees, alpha=1 - confidence, power=POWER)
        found |= {"low": interval.low, "high": interval.high, "mde": mde, "standard_error": error, "degrees": degrees}
    return _changed(over_runs, groups, clusters is not None, **found)


def _changed(over_runs: RunsComparison, groups: int, grouped: bool, **found: Any) -> CrossedComparison:
    """The comparison over runs with what questions change of it."""
    known = {field.name: getattr(over_runs, field.name) for field in fields(over_runs)}
    known |= {"n": min(over_runs.n, groups), "draws": over_runs.n, "questions": groups, "grouped": grouped}
    return CrossedComparison(**{**known, **found})


def _means(runs: Mapping[int, ArrayLike]) -> dict[int, float]:
    return {seed: float(np.mean(np.asarray(scores, dtype=np.float64))) for seed, scores in runs.items()}


def _by_draw(runs: Mapping[int, ArrayLike], draw: Callable[[int], Hashable]) -> dict[Hashable, Floats]:
    if not runs:
        raise ValueError("there are 0 runs; it needs one")
    drawn: dict[Hashable, list[Floats]] = {}
    for seed in sorted(runs):
        drawn.setdefault(draw(seed), []).append(checked(f"scores of seed {seed}", runs[seed], ("question",)))
    return {label: np.mean(rows, axis=0) for label, rows in drawn.items()}


def _too_few(labels: Ints, grouped: bool) -> str:
    """Why so few questions allow no verdict, in words; groups of which one holds nearly all are few."""
    groups = int(labels.max()) + 1
    if effective_clusters(labels) >= MIN_DRAWS:
        return ""
    what = "groups of questions" if grouped else "questions"
    if groups < MIN_DRAWS:
        return f"{groups} {what}, fewer than {MIN_DRAWS}"
    return f"{groups} groups of questions of such unlike size that they weigh as fewer than {MIN_DRAWS}"


def _variance(sides: Sequence[Floats], labels: Ints) -> tuple[float, float]:
    """Of the mean difference, and its degrees of freedom. sides: (draws, questions) each, the second negated."""
    over_runs = [float(side.mean(axis=1).var(ddof=1)) / len(side) for side in sides]
    questions = np.sum([side.mean(axis=0) for side in sides], axis=0)
    interaction = sum(_interaction(side, labels) for side in sides)
    over_questions = max(cluster_standard_error(questions, labels)[0] ** 2 - interaction, 0.0)
    both = sum(over_runs) + over_questions
    if both < _ROUNDING:
        return 0.0, math.nan
    spread = sum(part**2 / (len(side) - 1) for part, side in zip(over_runs, sides, strict=True))
    return both, float(both**2 / (spread + over_questions**2 / (effective_clusters(labels) - 1)))


def _interaction(scores: Floats, labels: Ints) -> float:
    """Variance of a mean of (draws, questions) from what neither draw nor question explains."""
    rest = scores - scores.mean(axis=1, keepdims=True) - scores.mean(axis=0) + scores.mean()
    draws, groups = len(scores), int(labels.max()) + 1
    sums = np.array([np.bincount(labels, weights=row) for row in rest])
    correction = draws / (draws - 1) * groups / (groups - 1)
    return correction * float((sums**2).sum()) / scores.size**2
