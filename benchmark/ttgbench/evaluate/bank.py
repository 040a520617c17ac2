"""Evaluation of a bank's graphs: every one is looked up among recorded nodes, and none has to be recorded itself.

evaluator = BankEvaluator(recorded, task, store, bank)
[evaluation] = evaluator.evaluate([bank.graph((3, 1, 0))], range(20), universe=0, split="search")
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import InputError
from ttgbench.evaluate.base import Evaluation, NodeUse
from ttgbench.evaluate.columns import FLOPS, NANOSECONDS, PICODOLLARS, TOKENS_IN, TOKENS_OUT, UseColumn
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.grades import grades_of
from ttgbench.evaluate.store.store import Store
from ttgbench.evaluate.votes import vote_credit
from ttgbench.graphs.bank import VOTE, Ballot, BankNodes, counted_nodes
from ttgbench.graphs.graph import Graph
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Question, Task


@dataclass(frozen=True)
class Recorded:
    """What the bank's nodes answered on the questions of one split in one universe, as far as it was looked up.

    Columns are nodes: samples by model, then second-level nodes.
    """

    questions: Sequence[Question]
    known: NDArray[np.bool_]
    """Shape (questions,)."""
    codes: NDArray[np.int64]
    """Shape (questions, nodes): `votes.Codes`."""
    right: NDArray[np.bool_]
    answers: NDArray[np.object_]
    statuses: NDArray[np.object_]
    keys: list[str]
    uses: list[UseColumn]

    @classmethod
    def none_of(cls, questions: Sequence[Question], nodes: int) -> Recorded:
        """Nothing known yet."""
        shape = len(questions), nodes
        codes, right = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
        answers, statuses = np.full(shape, None, dtype=object), np.full(shape, "", dtype=object)
        return cls(questions, np.zeros(shape[0], dtype=np.bool_), codes, right, answers, statuses, [], [])


class BankEvaluator:
    """An Evaluator of graphs of a bank; each of its nodes is a recorded one, as `BankNodes.placed` says.

    recorded: replays the bank's nodes from `store`. A vote scores the share of right answers among its most frequent
    ones, "correct" from one half on. draws: where a vote counts some of several samples that are alike to the graph, or
    one of them is the graph, its score is the mean over all choices of them, or over `draws` random ones (always the
    same) if there are more; 1: the first samples, as a search has them. Tokens and costs are those of the first ones.
    """

    def __init__(
        self, recorded: GenerationEvaluator, task: Task, store: Store, bank: BankNodes, draws: int = 1
    ) -> None:
        self._recorded, self._task, self._store, self._bank, self._draws = recorded, task, store, bank, draws
        self._tables: dict[tuple[int, str], Recorded] = {}
        self._choices: dict[Ballot, list[list[int]]] = {}

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`; raises InputError for a graph that is none of the bank, too."""
        placed = [self._bank.placed(graph) for graph in graphs]
        for reason in placed:
            if isinstance(reason, str):
                raise InputError(reason, source="graph")
        if (universe, split) not in self._tables:
            nodes = self._bank.first_second + len(self._bank.second)
            self._tables[universe, split] = Recorded.none_of(self._task.questions(split), nodes)
        table = self._tables[universe, split]
        chosen = np.asarray(questions)
        unknown = sorted({int(at) for at in chosen if not (0 <= at < len(table.known) and table.known[at])})
        if unknown:
            self._look_up(table, unknown, universe, split)
        return [
            self._evaluation(graph, places, table, chosen.astype(np.intp), universe)
            for graph, places in zip(graphs, placed, strict=True)
            if not isinstance(places, str)
        ]

    def close(self) -> None:
        """Stops what is under way."""
        self._recorded.close()

    def _look_up(self, table: Recorded, unknown: list[int], universe: int, split: str) -> None:
        """Fills in these questions. Raises MissingGeneration, InputError for an index that there is not."""
        uses = []
        evaluations = self._recorded.evaluate(self._bank.recorded(), unknown, universe, split)
        models = [*self._bank.models, *(None for _ in self._bank.second)]
        for model, evaluation in zip(models, evaluations, strict=True):
            own = [use for use in evaluation.nodes if use.model == model]
            uses += own if model is not None else [evaluation.nodes[-1]]
        asked = [table.questions[at] for at in unknown]
        if not table.keys:
            cards = {card.name: card for card in self._recorded.pool}
            table.keys.extend(use.key for use in uses)
            table.uses.extend(UseColumn(cards[str(use.model)], len(table.known)) for use in uses)
        positions = np.array(unknown, dtype=np.intp)
        for column, use in enumerate(uses):
            grades = grades_of(self._task, self._store, [((use.key, q.id, universe), q) for q in asked])
            table.uses[column].fill(positions, use.tokens_in, use.tokens_out)
            table.answers[positions, column] = [grade.answer for grade in grades]
            table.statuses[positions, column] = [grade.status for grade in grades]
        table.right[positions] = table.statuses[positions] == CORRECT
        for at in unknown:
            known: dict[str, int] = {}
            given = table.answers[at].tolist()
            table.codes[at] = [-1 if text is None else known.setdefault(text, len(known)) for text in given]
        table.known[positions] = True

    def _evaluation(
        self, graph: Graph, places: dict[str, int], table: Recorded, chosen: NDArray[np.intp], universe: int
    ) -> Evaluation:
        uses: list[NodeUse] = []
        finished: dict[str, NDArray[np.int64]] = {}
        for name in (name for level in graph.levels for name in level):
            before = graph.predecessors(name)
            values = np.zeros((5, len(chosen)), dtype=np.int64)
            key, priced = _vote_key([use.key for use in uses if use.node in before]), True
            if name in places:
                column = table.uses[places[name]]
                values, key, priced = column.values.take(chosen, axis=1), table.keys[places[name]], column.priced
            values.flags.writeable = False
            read, written, flops, dollars = (values[row] for row in (TOKENS_IN, TOKENS_OUT, FLOPS, PICODOLLARS))
            uses.append(NodeUse(name, key, graph[name].model, read, written, flops, dollars, priced))
            waited = np.max([finished[source] for source in before], axis=0) if before else 0
            finished[name] = np.asarray(values[NANOSECONDS] + waited)
        scores, statuses, answers = self._said(graph, places, table, chosen)
        latency = finished[graph.sink]
        scores.flags.writeable = latency.flags.writeable = False
        ids = tuple(table.questions[at].id for at in chosen)
        return Evaluation(graph, universe, ids, scores, statuses, answers, tuple(uses), latency)

    def _said(
        self, graph: Graph, places: dict[str, int], table: Recorded, chosen: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], tuple[str, ...], tuple[str | None, ...]]:
        """Scores, statuses and answers."""
        if graph[graph.sink].role != VOTE:
            drawn = [column for [column] in self._drawn(graph, [places[graph.sink]])]
            statuses, answers = table.statuses[chosen, drawn[0]], table.answers[chosen, drawn[0]]
            scores = table.right[chosen][:, drawn].mean(axis=1)
            if len(drawn) > 1:
                known = (table.codes[chosen][:, drawn] >= 0).any(axis=1)
                statuses = np.where(scores >= 0.5, CORRECT, np.where(known, WRONG, UNANSWERED))
            return scores, tuple(statuses.tolist()), tuple(answers)
        columns = [places[name] for name in counted_nodes(graph)]
        codes, right = table.codes[chosen], table.right[chosen]
        scores = np.mean([vote_credit(codes, right, draw) for draw in self._drawn(graph, columns)], axis=0)
        given = codes[:, columns]
        votes = (given[:, :, None] == given[:, None, :]).sum(axis=2) * (given >= 0)
        winners = np.array(columns)[votes.argmax(axis=1)]
        answered = votes.max(axis=1) > 0
        statuses = np.where(scores >= 0.5, CORRECT, np.where(answered, WRONG, UNANSWERED))
        return scores, tuple(statuses.tolist()), tuple(table.answers[chosen, winners])

    def _drawn(self, graph: Graph, columns: list[int]) -> list[list[int]]:
        """The nodes that a vote counts, in every way that is alike to the graph, or in `draws` of them."""
        if self._draws == 1:
            return [columns]
        ballot = self._bank.ballot(graph)
        assert not isinstance(ballot, str)
        if ballot not in self._choices:
            self._choices[ballot] = _choices(self._bank, ballot, self._draws)
        return self._choices[ballot]


def _choices(bank: BankNodes, ballot: Ballot, most: int) -> list[list[int]]:
    """Nodes that stand for those that a vote counts. All ways, or `most` random ones.

    A sample is alike to another one that is read by the same second-level nodes of the graph.
    """
    flags = ballot[len(bank.models) :]
    fixed = [bank.first_second + at for at, flag in enumerate(flags) if flag]
    free: list[tuple[range, int]] = []
    for model, count in zip(bank.models, ballot, strict=False):
        start = bank.columns[model]
        read = {node.inputs.count(model) for node, flag in zip(bank.second, flags, strict=True) if flag}
        low = max(end for end in {0, *read} if end <= count)
        high = min(end for end in {bank.samples[model], *read} if end >= count)
        fixed += range(start, start + low)
        free.append((range(start + low, start + high), count - low))
    if prod(comb(len(alike), count) for alike, count in free) <= most:
        parts = itertools.product(*(itertools.combinations(alike, count) for alike, count in free))
        return [[*fixed, *itertools.chain.from_iterable(part)] for part in parts]
    rng = np.random.default_rng(0)
    return [
        [*fixed, *(int(at) for alike, count in free for at in rng.choice(alike, count, replace=False))]
        for _ in range(most)
    ]


def _vote_key(keys: list[str]) -> str:
    """Of a vote, which runs nothing and is billed nothing."""
    return hashlib.sha256("".join(["vote", *sorted(keys)]).encode()).hexdigest()[:32]
