"""Bayesian optimisation with a Gaussian process over `space.encode`."""

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist
from scipy.special import ndtr

from ttgbench import BudgetExhausted, Graph, Problem
from ttgbench.solvers.trials import Trials

STARTUP = 12
BATCH = 8
RANDOM, NEAR = 24, 8
"""Candidates: random graphs, and neighbours of each of the three best."""
SCALES, NOISE = (0.5, 1.0, 2.0), 0.1
"""Length scales, in units of the root of the number of features, and the noise variance."""
DIGITS = 9
"""Expected gains that agree so far are ties."""
MEMORY = 100
"""The model sees the best so many graphs; its time grows with their cube."""


Floats = NDArray[np.float64]


class Process:
    """A zero-mean Gaussian process with a Matérn 5/2 kernel on standardised inputs (n, d) and values (n,)."""

    def __init__(self, inputs: Floats, values: Floats) -> None:
        self.centre, self.spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
        self.low, self.scale = values.mean(), values.std() + 1e-9
        self.inputs, targets = self._standard(inputs), (values - self.low) / self.scale
        distances = cdist(self.inputs, self.inputs)
        fits = (self._fit(distances, targets, scale) for scale in SCALES)
        _, self.length, self.factor, self.weights = max(fits, key=lambda fit: fit[0])

    def _standard(self, inputs: Floats) -> Floats:
        standard: Floats = (inputs - self.centre) / self.spread
        return standard

    def _fit(self, distances: Floats, targets: Floats, scale: float) -> tuple[float, float, Any, Floats]:
        """Log marginal likelihood up to a constant, length scale, Cholesky factor, weights."""
        length = scale * np.sqrt(self.inputs.shape[1])
        factor = cho_factor(matern(distances / length) + NOISE * np.eye(len(targets)), lower=True)
        weights = cho_solve(factor, targets)
        return -0.5 * targets @ weights - np.log(np.diag(factor[0])).sum(), length, factor, weights

    def improvement(self, inputs: Floats, best: float) -> Floats:
        """Expected improvement over a value, shape (m,); Jones et al. 1998, equation 15."""
        across = matern(cdist(self._standard(inputs), self.inputs) / self.length)
        mean = across @ self.weights
        variance = 1.0 - np.einsum("ij,ji->i", across, cho_solve(self.factor, across.T))
        deviation = np.sqrt(np.maximum(variance, 1e-9))
        gain = mean - (best - self.low) / self.scale
        z = gain / deviation
        expected: Floats = gain * ndtr(z) + deviation * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        return expected


def matern(distances: Floats) -> Floats:
    """Matérn 5/2 correlation (Rasmussen and Williams 2006, equation 4.17)."""
    scaled = np.sqrt(5.0) * distances
    correlation: Floats = (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
    return correlation


def candidates(trials: Trials, rng: np.random.Generator) -> list[Graph]:
    """Graphs that were not tried yet."""
    space = trials.problem.space
    pool = [space.sample(rng) for _ in range(RANDOM)]
    for graph, _ in trials.top(3):
        pool += islice(space.neighbours(graph, rng), NEAR)
    return [graph for graph in dict.fromkeys(pool) if graph not in trials.values]


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Random graphs first, then batches of what the model expects most of, until the search budget is spent."""
    trials = Trials(problem)
    encoded: dict[Graph, Floats] = {}
    try:
        for _ in range(STARTUP):
            trials.value(problem.space.sample(rng))
        while not trials.stalled:
            pool = candidates(trials, rng)
            if not pool or len(trials.values) < 2:
                trials.value(problem.space.sample(rng))
                continue
            seen = [graph for graph, _ in trials.top(MEMORY)]
            for graph in [*seen, *pool]:
                if graph not in encoded:
                    encoded[graph] = problem.space.encode(graph)
            process = Process(np.stack([encoded[g] for g in seen]), np.asarray([trials.values[g] for g in seen]))
            expected = process.improvement(np.stack([encoded[g] for g in pool]), trials.best_value)
            # Graphs that `encode` describes alike are expected to gain the same but for rounding, which is no two
            # processes' alike: their order must be that of the pool.
            order = np.argsort(-expected.round(DIGITS), kind="stable")
            trials.values_of(pool[i] for i in order[:BATCH])
    except BudgetExhausted:
        pass
    return trials.answer
