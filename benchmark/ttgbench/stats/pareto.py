"""Two objectives, accuracy up and cost down: Pareto front, hypervolume, attainment.

Points are arrays accuracy (n,) and cost (n,). Where costs span orders of magnitude pass their logarithm, everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ttgbench.stats.arrays import Floats, checked

Points = tuple[ArrayLike, ArrayLike]
"""Accuracy (n,) and cost (n,) of what one run found."""


def pareto_front(accuracy: ArrayLike, cost: ArrayLike) -> NDArray[np.bool_]:
    """Which points (n,) no other point dominates: none is as accurate and as cheap, and better in one of the two.

    Equal points are all kept.
    """
    accuracies, costs = _points(accuracy, cost)
    order = np.lexsort((-accuracies, costs))  # cheapest first; at equal cost the most accurate first
    best = np.maximum.accumulate(accuracies[order])
    cheaper = np.searchsorted(costs[order], costs[order])  # how many points cost strictly less
    front = np.empty(len(order), dtype=bool)
    front[order] = (accuracies[order] == best) & ((cheaper == 0) | (accuracies[order] > best[cheaper - 1]))
    return front


def hypervolume(accuracy: ArrayLike, cost: ArrayLike, *, reference: tuple[float, float]) -> float:
    """Area that the points dominate, up to the `reference` (accuracy, cost), which is worse than all that counts.

    Frozen per suite, so that no entry changes another's value. Points beyond it add nothing. Source: Zitzler & Thiele
    1999, IEEE Trans. Evol. Comput. 3:257.
    """
    accuracies, costs = _points(accuracy, cost)
    front = pareto_front(accuracies, costs)
    order = np.argsort(costs[front])
    floor, ceiling = reference
    edges = np.append(np.minimum(costs[front][order], ceiling), ceiling)
    heights = np.maximum(accuracies[front][order] - floor, 0)
    return float(np.diff(edges) @ heights)


def best_within(accuracy: ArrayLike, cost: ArrayLike, at: ArrayLike) -> Floats:
    """The best accuracy at no more than each cost of `at` (A,); minus infinity where nothing is that cheap."""
    accuracies, costs = _points(accuracy, cost)
    order = np.argsort(costs)
    best = np.concatenate([[-np.inf], np.maximum.accumulate(accuracies[order])])
    return np.asarray(best[np.searchsorted(costs[order], checked("at", at, ("cost",)), side="right")])


def attainment(runs: Sequence[Points], accuracy: ArrayLike, cost: ArrayLike) -> Floats:
    """Share of runs that found something at least as accurate and as cheap, on the grid (A,) x (C,): array (A, C).

    The empirical attainment function of Grunert da Fonseca, Fonseca & Hall 2001, EMO, p. 213.
    """
    levels = checked("accuracy", accuracy, ("accuracy",))
    return np.asarray((_best_of_runs(runs, cost)[:, None, :] >= levels[:, None]).mean(axis=0))


def attainment_surface(runs: Sequence[Points], cost: ArrayLike, share: float = 0.5) -> Floats:
    """The accuracy that at least `share` of the runs attained within each cost (C,); minus infinity where fewer did."""
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it must be above 0 and at most 1, such as 0.5 for the median run")
    best = np.sort(_best_of_runs(runs, cost), axis=0)[::-1]
    return np.asarray(best[int(np.ceil(share * len(runs) - 1e-9)) - 1])


def _best_of_runs(runs: Sequence[Points], cost: ArrayLike) -> Floats:
    if not runs:
        raise ValueError("there are no runs; attainment needs at least one")
    return np.stack([best_within(*points, cost) for points in runs])


def _points(accuracy: ArrayLike, cost: ArrayLike) -> tuple[Floats, Floats]:
    accuracies, costs = checked("accuracy", accuracy, ("point",)), checked("cost", cost, ("point",))
    if accuracies.shape != costs.shape:
        raise ValueError(f"{len(accuracies)} accuracies for {len(costs)} costs; give one of each per point")
    return accuracies, costs
