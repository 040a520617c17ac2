"""Graphs of a search space as vectors, for surrogate models, and the graph nearest to a vector.

`SearchSpace.encode` and `SearchSpace.decode` document them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ttgbench.problems.space.moves import moves
from ttgbench.problems.space.sample import Dice, Shuffled, draw
from ttgbench.problems.space.wiring import Bounds, Wiring

LANDMARKS = 1000
"""Random graphs of which the nearest are where the search for a vector's graph starts."""
STARTS = 3
EXACT = 1e-12
"""Squared distance below which a graph is taken to have exactly these features."""


def names(bounds: Bounds) -> tuple[str, ...]:
    """Of what `describe` returns, in order."""
    kinds = [role if model is None else f"{role}:{model}" for role, model in bounds.kinds]
    return (
        *(f"count {kind}" for kind in kinds),
        *(f"sink {kind}" for kind in kinds),
        *(f"source {kind}" for kind in kinds),
        *("nodes", "edges", "width", "depth", "sources", "skipping edges"),
        *("mean in-degree", "max in-degree", "mean out-degree", "max out-degree", "cost share"),
    )


def describe(bounds: Bounds, wiring: Wiring) -> list[float]:
    """The features of a valid graph: len(names) numbers."""
    levels = wiring.levels
    assert levels is not None
    kinds, inputs, count = wiring.kinds, wiring.inputs, len(bounds.kinds)
    sink = levels.index(max(levels))
    vector = [0.0] * (3 * count)
    for node, kind in enumerate(kinds):
        vector[kind] += 1
        if levels[node] == 0:
            vector[2 * count + kind] += 1
    vector[count + kinds[sink]] = 1.0
    ins = [len(sources) for sources in inputs if sources]
    outs = Counter([source for sources in inputs for source in sources]).values()
    edges = sum(ins)
    share = bounds.amount(bounds.wiring_costs(wiring), inputs) / bounds.limit
    vector += [len(kinds), edges, max(map(levels.count, levels)), levels[sink] + 1, levels.count(0)]
    vector.append(sum([levels[end] - levels[start] > 1 for end, sources in enumerate(inputs) for start in sources]))
    vector += [edges / len(ins), max(ins), edges / len(outs), max(outs)] if edges else [0, 0, 0, 0]
    vector.append(share)
    return vector


class Decoder:
    """Finds the graph for a vector; made once per space."""

    def __init__(self, bounds: Bounds) -> None:
        dice = Dice(np.random.default_rng(0))
        self._bounds = bounds
        self._landmarks = [draw(bounds, dice) for _ in range(LANDMARKS)]
        self._vectors = np.array([describe(bounds, wiring) for wiring in self._landmarks])

    def nearest(self, target: NDArray[np.float64]) -> Wiring:
        """A graph that no single move brings closer: the best of what is reached from the STARTS nearest landmarks."""
        distances = ((self._vectors - target) ** 2).sum(axis=1)
        best, best_distance = self._landmarks[0], np.inf
        for start in np.argsort(distances, kind="stable")[:STARTS]:
            wiring, distance = self._descend(self._landmarks[start], float(distances[start]), target)
            if distance < best_distance:
                best, best_distance = wiring, distance
            if distance < EXACT:
                break
        return best

    def _descend(self, wiring: Wiring, distance: float, target: NDArray[np.float64]) -> tuple[Wiring, float]:
        bounds, wanted, dice = self._bounds, target.tolist(), Dice(np.random.default_rng(0))
        left = Shuffled([move for family in moves(bounds, wiring) for move in family], dice)
        while len(left) and distance >= EXACT:
            move, *arguments = left.pop()
            candidate = move(wiring, *arguments)
            if not bounds.affordable(candidate) or bounds.flaw(candidate) is not None:
                continue
            features = describe(bounds, candidate)
            other = sum([(a - b) ** 2 for a, b in zip(features, wanted, strict=True)])
            if other < distance:
                wiring, distance = candidate, other
                left = Shuffled([move for family in moves(bounds, wiring) for move in family], dice)
        return wiring, distance
