"""Expected values of graphs on a simulated problem's test questions, as closely as a search for the optimum needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.graphs.graph import Graph
from ttgbench.problems.objective import Objective

CHUNK = 16
"""Universes drawn at once."""
FIRST = TEST_UNIVERSE + 10_000
"""No run is tested in a universe from here on."""


class Yardstick:
    """Means over universes, remembered by graph and stage.

    stages: universes of each stage of a search, which decides what the next one looks at. final: universes of a
    published value, none of which any stage has used, so that the winner's luck is not part of it.
    """

    def __init__(self, evaluator: SyntheticEvaluator, objective: Objective, stages: Sequence[int], final: int) -> None:
        self._evaluator, self._objective = evaluator, objective
        self._stages, self._final = tuple(stages), final
        self.values: tuple[dict[str, float], ...] = tuple({} for _ in stages)
        self.graphs: dict[str, Graph] = {}
        self.drawn = 0
        """Universes drawn, of whole graphs."""

    def value(self, graph: Graph, stage: int) -> float:
        """Mean objective over the universes of a stage."""
        known = self.values[stage]
        if graph.key not in known:
            self.graphs[graph.key] = graph
            means = self.means(graph, range(FIRST + sum(self._stages[:stage]), FIRST + sum(self._stages[: stage + 1])))
            known[graph.key] = float(np.mean(means))
        return known[graph.key]

    def final(self, graph: Graph) -> tuple[float, float]:
        """Mean objective over fresh universes, and its standard error."""
        means = self.means(graph, range(FIRST + sum(self._stages), FIRST + sum(self._stages) + self._final))
        return float(np.mean(means)), float(np.std(means) / np.sqrt(len(means)))

    def best(self, stage: int, count: int) -> list[Graph]:
        """The graphs with the highest values of a stage."""
        known = self.values[stage]
        ranked = sorted(known, key=lambda key: (-known[key], key))
        return [self.graphs[key] for key in islice(ranked, count)]

    def means(self, graph: Graph, universes: Sequence[int], split: str = "test") -> list[float]:
        """The objective in each universe."""
        means: list[float] = []
        for start in range(0, len(universes), CHUNK):
            scores, latencies = self._evaluator.outcomes(graph, universes[start : start + CHUNK], split)
            seconds = latencies.mean(axis=1) / 1e9
            means.extend(self._objective.utility(scores.mean(axis=1), seconds).tolist())
        self.drawn += len(universes)
        return means

    def exact(self, graph: Graph, universes: Sequence[int], questions: int) -> float:
        """The mean objective on the first so many test questions, as the exact track has it."""
        return self._objective.value(self._evaluator.expected(graph, range(questions), universes, "test", 0))
