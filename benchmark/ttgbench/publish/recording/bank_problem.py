"""A recorded bank as a problem to search: some groups of questions for the search, the others to measure what it finds.

with open_bank(plan, Path("segments"), "gsm_symbolic") as bank:
    problem, held_out = bank_problem(bank, "60 units", evaluations=20, seed=0)
    graph = search(problem, numpy.random.default_rng(0))
    print(held_out.accuracy(graph))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from ttgbench.errors import InputError
from ttgbench.evaluate.base import Evaluation, Evaluator
from ttgbench.graphs.graph import Graph
from ttgbench.problems.ledger import Ledger
from ttgbench.problems.objective import Objective
from ttgbench.problems.problem import Problem, full_evaluation
from ttgbench.problems.space.bank import BankSpace
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.views import QuestionView, TaskView
from ttgbench.publish.recording.bank_open import OpenBank
from ttgbench.tasks.task import groups_of

TEST_DRAWS = 50
"""Choices of alike samples over which votes are averaged where a found graph is measured."""


@dataclass(frozen=True)
class HeldOut:
    """The questions that a search did not see, in the universes that it did not see if there are any."""

    evaluator: Evaluator
    space: BankSpace
    split: str
    questions: tuple[int, ...]
    """Indices in the split."""
    universes: tuple[int, ...]

    def evaluate(self, graph: Graph) -> list[Evaluation]:
        """One evaluation per universe, of the graph's projection. Raises InputError for a model that the bank lacks."""
        known = [self.space.project(graph)]
        return [self.evaluator.evaluate(known, self.questions, each, self.split)[0] for each in self.universes]

    def accuracy(self, graph: Graph) -> float:
        """Mean over questions and universes."""
        return float(np.mean([evaluation.accuracy for evaluation in self.evaluate(graph)]))


class _Chosen:
    """An Evaluator that counts questions among those of a search, and evaluates the projection of every graph."""

    def __init__(self, evaluator: Evaluator, space: BankSpace, split: str, questions: Sequence[int]) -> None:
        self._evaluator, self._space, self._split, self._questions = evaluator, space, split, questions

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`; the split is the bank's, and nodes are the projection's, not the graph's."""
        asked = [self._questions[index] for index in questions]
        known = [self._space.project(graph) for graph in graphs]
        found = self._evaluator.evaluate(known, asked, universe, self._split)
        return [replace(evaluation, graph=graph) for evaluation, graph in zip(found, graphs, strict=True)]

    def close(self) -> None:
        """See `Evaluator.close`."""
        self._evaluator.close()


def bank_problem(
    bank: OpenBank, budget: str, *, evaluations: float, seed: int, search: float = 0.4, projected: bool = False
) -> tuple[Problem, HeldOut]:
    """A problem on random groups of questions, drawn by `seed`, and the rest of the questions.

    budget: per question, such as "60 units". evaluations: search budget, in full evaluations of the search questions.
    search: share of the recorded questions that is searched on, as near as whole groups come to it from above. Seeds
    take turns with the recorded universes; questions must be recorded in all of them, others are left out. projected:
    the method is shown the open space of the same budget and limits, and of every graph the projection into the bank
    is evaluated and billed; for methods that hardly find a graph of the bank by themselves. Raises InputError where
    fewer than two groups are recorded, or one is so large that either side has less than half of its share.
    """
    universes = sorted({segment.universe for segment in bank.finished})
    everywhere = set.intersection(*(set(bank.asked(universe)) for universe in universes))
    asked = [question for question in bank.task.questions(bank.split) if question.index in everywhere]
    groups = np.array(groups_of(asked) or [question.id for question in asked])
    names = np.unique(groups)
    if len(names) < 2 or not 0 < search < 1:
        raise InputError("needs two groups of recorded questions, and a share between 0 and 1", field="search")
    drawn = np.random.default_rng(seed).permutation(names)
    sizes = np.cumsum([(groups == name).sum() for name in drawn])
    taken = drawn[: min(1 + int(np.searchsorted(sizes, search * len(asked))), len(names) - 1)]
    mine = [question for question, group in zip(asked, groups, strict=True) if group in taken]
    rest = tuple(question.index for question, group in zip(asked, groups, strict=True) if group not in taken)
    if len(mine) < search * len(asked) / 2 or len(rest) < (1 - search) * len(asked) / 2:
        largest = max((groups == name).sum() for name in names)
        message = f"{search:g} of {len(asked)} questions cannot be had: groups stay whole, one holds {largest}"
        raise InputError(message, source=bank.task.card.name, field="search")
    universe = universes[seed % len(universes)]
    space, card = bank.space(budget), bank.task.card
    shown = {field.name: getattr(space, field.name) for field in fields(SearchSpace)}
    problem = Problem(
        name=f"{bank.plan.name}-{card.name}",
        task=TaskView(card.name, card.domain, card.description, card.max_tokens),
        space=SearchSpace(**shown) if projected else space,
        objective=Objective(),
        questions=[QuestionView(question.id, question.text) for question in mine],
        universe=universe,
        evaluator=_Chosen(bank.evaluator(), space, bank.split, [question.index for question in mine]),
        ledger=Ledger(int(evaluations * full_evaluation(space, len(mine)))),
        log=lambda event: None,
        redraws=0,
    )
    others = tuple(each for each in universes if each != universe) or (universe,)
    return problem, HeldOut(bank.evaluator(TEST_DRAWS), space, bank.split, rest, others)
