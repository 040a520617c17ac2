"""The exact track: an evaluation is the expected value that the run is scored by, on the same questions and draws."""

from __future__ import annotations

from collections.abc import Sequence

from ttgbench.evaluate.base import TEST_UNIVERSE, Evaluation
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.graphs.graph import Graph

UNIVERSES, QUESTIONS = 16, 200
"""The expected value is the mean over so many universes of so many test questions, always the same."""
SPLIT = "test"


class ExactEvaluator(SyntheticEvaluator):
    """An Evaluator whose scores, tokens, costs and latencies are means, whatever universe and split are asked for."""

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`. A question's status is "correct" where more than half of the draws are."""
        drawn = range(TEST_UNIVERSE, TEST_UNIVERSE + UNIVERSES)
        return [self.expected(graph, list(questions), drawn, SPLIT, universe) for graph in graphs]
