"""Bayesian comparison with a region of practical equivalence (ROPE): how probable is better, equivalent, worse?

Source: Benavoli, Corani, Demsar & Zaffalon 2017, "Time for a Change", J. Mach. Learn. Res. 18:77; the package baycomp,
whose results these reproduce.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import checked


@dataclass(frozen=True, slots=True)
class RopeProbabilities:
    """Posterior probabilities for the mean difference; they add up to 1."""

    worse: float
    equivalent: float
    better: float


def signed_rank_rope(
    differences: ArrayLike, rope: float, rng: np.random.Generator, *, prior: float = 0.5, samples: int = 20_000
) -> RopeProbabilities:
    """Two methods over many tasks: `differences` (tasks,), first minus second; equivalent within plus or minus `rope`.

    The Bayesian signed-rank test: Dirichlet weights over the tasks and a prior observation of strength `prior` inside
    the region; each sample goes to the outcome that holds most weight among all pairwise averages of differences.
    """
    values = np.concatenate([[0.0], checked("differences", differences, ("task",))])
    _check_rope(rope)
    sums = np.add.outer(values, values)
    above, below = (np.heaviside(sign * sums - 2 * rope, 0.5) for sign in (1, -1))
    weights = rng.dirichlet(np.concatenate([[prior], np.ones(len(values) - 1)]), samples)
    better, worse = (((weights @ side) * weights).sum(axis=1) for side in (above, below))
    winners = np.argmax([worse, 1 - better - worse, better], axis=0)
    shares = np.bincount(winners, minlength=3) / samples
    return RopeProbabilities(*(float(share) for share in shares))


def correlated_t_rope(differences: ArrayLike, rope: float, *, correlation: float = 0.0) -> RopeProbabilities:
    """Two methods on one problem: `differences` (runs,), first minus second; equivalent within plus or minus `rope`.

    Student's t posterior of the mean. correlation: between runs that share data (Nadeau & Bengio 2003), such as the
    test share in cross-validation; 0 for independent seeds. Without spread the one difference is taken as certain.
    """
    values = checked("differences", differences, ("run",))
    _check_rope(rope)
    if len(values) < 2 or not 0 <= correlation < 1:
        raise ValueError(
            f"{len(values)} runs, correlation {correlation}; it takes two runs and a correlation in [0, 1)"
        )
    mean, count = float(values.mean()), len(values)
    scale = math.sqrt(float(values.var(ddof=1)) * (1 / count + correlation / (1 - correlation)))
    if scale == 0:
        return RopeProbabilities(float(mean < -rope), float(abs(mean) <= rope), float(mean > rope))
    from scipy.special import stdtr

    worse = float(stdtr(count - 1, (-rope - mean) / scale))
    better = float(stdtr(count - 1, (mean - rope) / scale))
    return RopeProbabilities(worse, max(0.0, 1 - worse - better), better)


def _check_rope(rope: float) -> None:
    if not 0 < rope < math.inf:
        raise ValueError(f"rope is {rope}; it must be a positive half-width, such as 0.01")
