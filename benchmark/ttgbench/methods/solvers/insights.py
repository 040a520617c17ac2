"""A policy without any language model: the three insights of arXiv 2511.00086 as rules over what was tried.

1. Tasks prefer certain models, and either many small ones or few large: `preference`, by tests that are billed.
2. More width helps up to a point, and so does more depth: an edit that stopped helping is left alone.
3. The best width moves when the depth changes, and the reverse: an accepted edit reopens the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ttgbench.errors import BudgetExhausted
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import parallel, single
from ttgbench.methods.solvers.baselines import smallest_first
from ttgbench.methods.solvers.edits import EDITS, aggregators
from ttgbench.methods.solvers.trials import Trials
from ttgbench.problems.problem import Problem

PRETEST_SHARE = 0.2
"""Part of the search budget that pre-tests may take."""
FINALISTS = 3
"""Models whose matched-budget graphs are tested."""


@dataclass
class Preference:
    """How a task likes the models of the pool."""

    scores: dict[str, float]
    """Model to the best value of a graph made of it alone, on the pre-test's questions."""

    @property
    def ranking(self) -> list[str]:
        """Models, best first."""
        return sorted(self.scores, key=lambda name: -self.scores[name])

    def weights(self, names: Sequence[str], temperature: float = 0.05) -> np.ndarray:
        """Shape (len(names),): probabilities, a softmax of the scores."""
        scores = np.asarray([self.scores[name] for name in names])
        weights = np.exp((scores - scores.max()) / temperature)
        return np.asarray(weights / weights.sum())


def preference(trials: Trials, share: float = PRETEST_SHARE) -> Preference:
    """Tests every model alone, then the better ones as many as the budget buys; stops at its share of the budget.

    Lets BudgetExhausted through only if nothing at all could be tested.
    """
    problem = trials.problem
    scores: dict[str, float] = {}
    for card in smallest_first(problem):
        graph = single(card.name)
        if problem.space.contains(graph) is None:
            try:
                scores[card.name] = trials.value(graph)
            except BudgetExhausted:
                if not scores:
                    raise
                break
    finalists = sorted(scores, key=lambda name: -scores[name])[:FINALISTS]
    for name in finalists:
        for end in aggregators(problem.space, [name]):
            team = widest(problem, name, end)
            if team is None or trials.share_spent > share:
                continue
            try:
                scores[name] = max(scores[name], trials.value(team))
            except BudgetExhausted:
                return _complete(problem, scores)
    return _complete(problem, scores)


def widest(problem: Problem, model: str, end: tuple[str, str | None]) -> Graph | None:
    """As many samples of a model as the budget allows before a vote or fuser; None if not even two fit."""
    space = problem.space
    for samples in range(min(space.max_nodes - 1, space.max_width, space.max_in_degree), 1, -1):
        graph = parallel(model, samples, "vote" if end[0] == "vote" else "fuser", end[1])
        if space.contains(graph) is None:
            return graph
    return None


def _complete(problem: Problem, scores: dict[str, float]) -> Preference:
    """Models that do not fit alone, or were not tested, get the lowest score."""
    low = min(scores.values())
    return Preference({card.name: scores.get(card.name, low) for card in smallest_first(problem)})


@dataclass
class Rules:
    """Chooses the next edit of a graph by what edits of its kind gained so far."""

    trials: Trials
    ranking: Sequence[str]
    optimism: float = 0.05
    """Worth of a kind of edit that was never tried, in the objective's units."""
    gains: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in EDITS})
    _open: dict[tuple[str, Graph], Iterator[Graph | None]] = field(default_factory=dict)

    def order(self) -> list[str]:
        """Kinds of edits, the most promising first: mean gain plus what is still to be learnt about it."""
        return sorted(EDITS, key=lambda name: -self._promise(self.gains[name]))

    def propose(self, graph: Graph) -> tuple[str, Graph] | None:
        """An edited graph that was not tried yet, and the kind of edit; None if there is none."""
        for name in self.order():
            for edited in self._variants(name, graph):
                if edited is not None and edited not in self.trials.values:
                    return name, edited
        return None

    def _variants(self, name: str, graph: Graph) -> Iterator[Graph | None]:
        """The variants of an edit of this graph that were not looked at yet: each is made once."""
        if (name, graph) not in self._open:
            self._open[name, graph] = EDITS[name](graph, self.trials.problem.space, self.ranking)
        return self._open[name, graph]

    def learn(self, name: str, gain: float) -> None:
        """What an edit gained; a gain reopens the other kinds (insight 3). Of unknown kinds, nothing else is learnt."""
        if name in self.gains:
            self.gains[name].append(gain)
        if gain > 0:
            for other, gains in self.gains.items():
                if other != name:
                    del gains[:-1]

    def _promise(self, gains: list[float]) -> float:
        recent = gains[-4:]
        return (float(np.mean(recent)) if recent else 0.0) + self.optimism / (1 + len(gains))
