"""Expected values of graphs on a problem's test questions, estimated as closely as a search for the optimum needs."""

from __future__ import annotations

from itertools import islice

import numpy as np

from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.graphs.graph import Graph
from ttgbench.run.run import ProblemContext

STAGES = (2, 8, 64, 512)
"""Universes of each stage of a search: each stage decides what the next one looks at."""
FINAL = 2048
"""Universes of a published value, none of which any stage has used: the winner's luck is not part of it."""
CHUNK = 16
"""Universes drawn at once."""
FIRST = TEST_UNIVERSE + 10_000
"""No run is tested in a universe from here on."""


class Yardstick:
    """Means over universes, remembered by graph and stage."""

    def __init__(self, context: ProblemContext) -> None:
        assert isinstance(context.evaluator, SyntheticEvaluator)
        self._evaluator, self._objective = context.evaluator, context.spec.objective
        self.values: tuple[dict[str, float], ...] = tuple({} for _ in STAGES)
        self.graphs: dict[str, Graph] = {}
        self.drawn = 0
        """Universes drawn, of whole graphs."""

    def value(self, graph: Graph, stage: int) -> float:
        """Mean objective over the universes of a stage."""
        known = self.values[stage]
        if graph.key not in known:
            self.graphs[graph.key] = graph
            known[graph.key] = self._mean(graph, FIRST + sum(STAGES[:stage]), STAGES[stage])[0]
        return known[graph.key]

    def final(self, graph: Graph) -> tuple[float, float]:
        """Mean objective over fresh universes, and its standard error."""
        return self._mean(graph, FIRST + sum(STAGES), FINAL)

    def best(self, stage: int, count: int) -> list[Graph]:
        """The graphs with the highest values of a stage."""
        known = self.values[stage]
        ranked = sorted(known, key=lambda key: (-known[key], key))
        return [self.graphs[key] for key in islice(ranked, count)]

    def _mean(self, graph: Graph, first: int, count: int) -> tuple[float, float]:
        means = []
        for start in range(first, first + count, CHUNK):
            universes = range(start, min(start + CHUNK, first + count))
            scores, latencies = self._evaluator.outcomes(graph, universes, "test")
            seconds = latencies.mean(axis=1) / 1e9
            means.extend(self._objective.utility(scores.mean(axis=1), seconds).tolist())
        self.drawn += count
        return float(np.mean(means)), float(np.std(means) / np.sqrt(len(means)))
