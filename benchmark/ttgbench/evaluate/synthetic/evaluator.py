"""Evaluation by a response model in numpy: no language model, no store, a landscape whose optimum can be computed.

A question has a difficulty, blind spots per family of models, and plausible wrong answers. A node alone is right with
the chance of item response theory, logistic in ability minus difficulty; if it is wrong, it gives one of the wrong
answers, most often its family's favourite. A node with predecessors drafts an answer of its own in the same way, then
picks one of all the answers it has. A right one is chosen with a weight e^s, a wrong one with weight 1 (Luce 1959);
the recognition s grows with the model's chance on the question and falls with the tokens it has to read and with the
level. So several wrong but equal answers outvote a right one, an assistant repairs or spoils, and a fuser can have too
much to read. A vote takes the plurality. Every random number is a hash of (node key, question, universe).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import InputError, UnknownName
from ttgbench.evaluate.base import TEST_UNIVERSE, Evaluation, NodeUse
from ttgbench.evaluate.synthetic.coefficients import FIRST, LEAST, LENGTH_NOISE, Coefficients
from ttgbench.evaluate.synthetic.draws import Bits, Floats, address, mix, thirds
from ttgbench.evaluate.synthetic.landscape import BUCKETS, NOTHING, RIGHT, ROLES, Landscape, landscape
from ttgbench.evaluate.synthetic.prices import Counts, costs, prices
from ttgbench.evaluate.votes import plurality_codes
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.keys import KeyContext, node_keys
from ttgbench.graphs.roles import ROLES as ALL_ROLES
from ttgbench.models.pool import Pool
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Task

EXACT_UNIVERSES, EXACT_QUESTIONS = 16, 200
"""On the exact track a value is the mean over so many universes of so many test questions, always the same."""

_MAX_PLANS, _MAX_VIEWS = 256, 64
_STATUSES = np.array([CORRECT, *[WRONG] * (NOTHING - 1), UNANSWERED], dtype=object)
_SCORES = np.array([1.0, *[0.0] * NOTHING])
_ROLE_NUMBER = {role: number for number, role in enumerate(ROLES)}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What evaluating a graph takes, apart from questions and universe. Rows are nodes, in topological order."""

    ids: tuple[str, ...]
    keys: tuple[str, ...]
    models: tuple[str | None, ...]
    priced: tuple[bool, ...]
    bits: Bits
    """(k, 1) node keys as numbers."""
    model: NDArray[np.intp]
    """(k,) number of the model; 0 for a vote, whose row is then cleared."""
    role: NDArray[np.intp]
    """(k,) number of the role; 0 for a vote."""
    own: tuple[float, ...]
    """(k,) weight of a node's own draft."""
    votes: tuple[int, ...]
    """Rows of votes: they run no model and write nothing of their own."""
    reads: Floats
    """(k, k) 1 where the row reads the column."""
    voted: Floats
    """(k, 1) how many votes it reads: each passes on an answer, of mean length, that it did not write."""
    loss: Floats
    """(k, 1) logits of recognition lost by level."""
    inputs: tuple[NDArray[np.intp] | None, ...]
    """Rows that a node picks from, predecessors in key order, then itself unless it is a vote; None without any."""


@dataclass(frozen=True, slots=True)
class _View:
    """A landscape on the chosen questions, in the form that the draws need."""

    tables: Landscape
    scale: Floats
    """(m, n), and so `shift`: u * scale + shift is below 1 for a right answer, else 1 + its bucket of wrong ones."""
    shift: Floats
    codes: NDArray[np.int8]
    """Flat (m, n, BUCKETS + 2): first the right answer, then the wrong ones."""
    offset: NDArray[np.intp]
    """(m, n) where a model's row for a question begins in `codes`."""
    where: NDArray[np.intp]
    """(n,) 0, 1, 2, ..."""
    seeds: dict[int, Bits] = field(default_factory=dict)
    """By universe, as far as they were asked for."""


class SyntheticEvaluator:
    """An Evaluator. Raises UnknownName for a task or model that the coefficients do not know."""

    def __init__(self, task: Task, pool: Pool, coefficients: Coefficients = FIRST) -> None:
        self._task, self._pool, self._numbers = task, pool, coefficients
        self._number = {name: i for i, name in enumerate(pool.names)}
        label = f"synthetic-{coefficients.label}"
        roles = {name: label for name, role in ALL_ROLES.items() if name in ROLES or role.aggregates}
        models = {card.name: card.fingerprint for card in pool}
        self.key_context = KeyContext(prompts=roles, models=models, sampling=label)
        self._prices = prices(pool)
        first = task.card.splits[0]
        self._landscapes: dict[str, Landscape] = {first: landscape(task, pool, first, coefficients)}
        self._overload = np.array([[coefficients.abilities[name].overload / 1000] for name in pool.names])
        self._own = [coefficients.readings[role].own for role in ROLES]
        self._views: dict[object, _View] = {}
        self._plans: dict[int, tuple[Graph, _Plan]] = {}

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`; nothing is recorded, everything is drawn again."""
        view = self._view(questions, split)
        seed = self._seed(view, universe)
        return [self._evaluation(graph, self._plan(graph), view, seed, universe) for graph in graphs]

    def close(self) -> None:
        """Nothing to free."""

    def outcomes(self, graph: Graph, universes: Sequence[int], split: str) -> tuple[Floats, Counts]:
        """Scores and latencies (nanoseconds) on a whole split, each (universes, questions); equal to `evaluate`'s.

        For yardsticks that need many universes; several times as fast as one by one.
        """
        questions, count = range(len(self._task.questions(split))), len(universes)
        view, seed = self._together(questions, universes, split)
        answers, _, costs = self._draw(self._plan(graph), view, seed)
        return _SCORES[answers].reshape(count, -1), costs[-1].reshape(count, -1)

    def expected(
        self, graph: Graph, questions: Sequence[int], universes: Sequence[int], split: str, name: int
    ) -> Evaluation:
        """The mean over universes, as an evaluation in universe `name`. Raises InputError as `evaluate`."""
        view, seed = self._together(questions, universes, split)
        plan, count = self._plan(graph), len(universes)
        answers, tokens, (flops, picodollars, finished) = self._draw(plan, view, seed)
        scores = _SCORES[answers].reshape(count, -1).mean(axis=0)

        def mean(counts: Counts) -> Counts:
            means = counts.reshape(*counts.shape[:-1], count, -1).mean(axis=-2)
            found: Counts = np.rint(means).astype(np.int64)
            found.flags.writeable = False
            return found

        scores.flags.writeable = False
        columns = (*map(mean, tokens), mean(flops), mean(picodollars))
        return Evaluation(
            graph=graph,
            universe=name,
            question_ids=view.tables.ids[: scores.size],
            scores=scores,
            statuses=tuple([CORRECT if right else WRONG for right in (scores > 0.5).tolist()]),
            answers=(None,) * scores.size,
            nodes=tuple(map(NodeUse, plan.ids, plan.keys, plan.models, *columns, plan.priced)),
            latency_ns=mean(finished),
        )

    def _together(self, questions: Sequence[int], universes: Sequence[int], split: str) -> tuple[_View, Bits]:
        """A view of the questions once for each universe, and the numbers that stand for both."""
        view = self._view(tuple(questions) * len(universes), split)
        addresses = np.array([_universe(universe) for universe in universes], dtype=np.uint64)
        return view, mix(view.tables.address ^ addresses.repeat(len(questions)))

    def _draw(
        self, plan: _Plan, view: _View, seed: Bits
    ) -> tuple[NDArray[np.int8], tuple[Counts, Counts], tuple[Counts, Counts, Counts]]:
        """Codes of the sink's answers (n,); tokens in and out (k, n); FLOPs, picodollars (k, n) and latency (n,)."""
        solve, choose, length = thirds(mix(plan.bits ^ seed))
        tokens_in, tokens_out, read = self._tokens(plan, view, length)
        cut = tokens_out >= self._task.card.max_tokens
        answers = _drafts(plan, view, solve)
        answers[cut] = NOTHING
        _choose(answers, plan, choose, cut, self._recognition(plan, view, read))
        flops, picodollars, nanoseconds = costs(self._prices.take(plan.model, axis=1), tokens_in, tokens_out)
        return answers[-1], (tokens_in, tokens_out), (flops, picodollars, _finished(plan, nanoseconds))

    def _evaluation(self, graph: Graph, plan: _Plan, view: _View, seed: Bits, universe: int) -> Evaluation:
        final, (tokens_in, tokens_out), (flops, picodollars, finished) = self._draw(plan, view, seed)
        counts = (tokens_in, tokens_out, flops, picodollars)
        for array in (*counts, finished):
            array.flags.writeable = False  # and so are the rows taken from it
        scores = _SCORES[final]
        scores.flags.writeable = False
        return Evaluation(
            graph=graph,
            universe=universe,
            question_ids=view.tables.ids,
            scores=scores,
            statuses=tuple(_STATUSES[final].tolist()),
            answers=tuple(view.tables.answers[view.where, final].tolist()),
            nodes=tuple(map(NodeUse, plan.ids, plan.keys, plan.models, *counts, plan.priced)),
            latency_ns=finished,
        )

    def _tokens(self, plan: _Plan, view: _View, uniform: Floats) -> tuple[Counts, Counts, Floats]:
        """(k, n) tokens in, tokens out, and those of the predecessors among the tokens in."""
        least, spread = LENGTH_NOISE
        written = uniform * spread
        written += least
        written *= view.tables.length.take(plan.model, axis=0)
        for vote in plan.votes:
            written[vote] = 0.0
        np.minimum(written, self._task.card.max_tokens, out=written)
        tokens_out = np.rint(written, out=written).astype(np.int64)
        read = plan.reads @ written
        if plan.votes:
            read += plan.voted * self._task.card.lengths.answer
        tokens_in = (view.tables.tokens + read).astype(np.int64)
        for vote in plan.votes:
            tokens_in[vote] = 0
        return tokens_in, tokens_out, read

    def _recognition(self, plan: _Plan, view: _View, read: Floats) -> Floats:
        """(k, n) weight of a right answer among those that a node reads; a wrong one has weight 1."""
        skill = view.tables.skill[plan.role, plan.model] - plan.loss
        skill -= self._overload.take(plan.model, axis=0) * read
        return np.asarray(np.exp(np.maximum(skill, LEAST, out=skill), out=skill))

    def _view(self, questions: Sequence[int], split: str) -> _View:
        key = (split, questions if isinstance(questions, range | tuple) else tuple(questions))
        try:
            view = self._views.get(key)
        except TypeError:  # not even hashable
            raise InputError("must be a list of question indices", field="questions") from None
        if view is None:
            if len(self._views) >= _MAX_VIEWS:
                self._views.clear()
            view = self._views[key] = _make_view(self._landscape(split), questions, split)
        return view

    @staticmethod
    def _seed(view: _View, universe: int) -> Bits:
        """(n,) numbers that stand for question and universe in every draw."""
        seed = view.seeds.get(universe)
        if seed is None:
            if len(view.seeds) >= _MAX_VIEWS:
                view.seeds.clear()
            seed = view.seeds[universe] = mix(view.tables.address ^ np.uint64(_universe(universe)))
        return seed

    def _landscape(self, split: str) -> Landscape:
        if split not in self._landscapes:
            self._landscapes[split] = landscape(self._task, self._pool, split, self._numbers)
        return self._landscapes[split]

    def _plan(self, graph: Graph) -> _Plan:
        # By identity, which costs nothing; as long as a graph is kept here, no other one can have its id.
        known = self._plans.get(id(graph))
        if known is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            known = self._plans[id(graph)] = graph, self._make_plan(graph)
        return known[1]

    def _make_plan(self, graph: Graph) -> _Plan:
        nodes = [graph[name] for name in graph.order]
        if not self._task.card.votable and any(node.model is None for node in nodes):
            raise InputError(f"task {self._task.card.name} has no answers that can be compared", field="vote")
        for node in nodes:
            if node.role not in self.key_context.prompts:
                raise UnknownName("simulated role", node.role, self.key_context.prompts)
            if node.model is not None and node.model not in self._number:
                self._pool[node.model]  # raises, with near matches
        keys = node_keys(graph, self.key_context)
        row = {name: i for i, name in enumerate(keys)}
        votes = tuple([i for i, node in enumerate(nodes) if node.model is None])
        reads = np.zeros((len(nodes), len(nodes)))
        levels: list[int] = []
        voted: list[int] = []
        inputs: list[NDArray[np.intp] | None] = []
        for i, node in enumerate(nodes):
            sources = [row[name] for name in sorted(graph.predecessors(node.id), key=keys.__getitem__)]
            levels.append(1 + max([levels[source] for source in sources], default=-1))
            runs = i not in votes
            reads[i, sources] = runs
            voted.append(len([source for source in sources if source in votes]) if votes else 0)
            inputs.append(np.array(sources + [i] * runs) if sources else None)
        role = [_ROLE_NUMBER.get(node.role, 0) for node in nodes]
        return _Plan(
            ids=graph.order,
            keys=tuple(keys.values()),
            models=tuple([node.model for node in nodes]),
            priced=tuple([node.model is None or self._pool[node.model].priced for node in nodes]),
            bits=np.array([int(key[:16], 16) for key in keys.values()], dtype=np.uint64)[:, None],
            model=np.array([self._number[node.model] if node.model else 0 for node in nodes]),
            role=np.array(role),
            own=tuple([self._own[number] for number in role]),
            votes=votes,
            reads=reads,
            voted=np.array(voted)[:, None],
            loss=np.array([self._numbers.fatigue * max(level - 1, 0) for level in levels])[:, None],
            inputs=tuple(inputs),
        )


class ExactEvaluator(SyntheticEvaluator):
    """An Evaluator of the exact track: scores, tokens, costs and latencies are the expected values that runs are scored
    by, whatever universe and split are asked for."""

    def evaluate(
        self, graphs: Sequence[Graph], questions: Sequence[int], universe: int, split: str
    ) -> list[Evaluation]:
        """See `Evaluator.evaluate`. A question's status is "correct" where more than half of the draws are."""
        drawn = range(TEST_UNIVERSE, TEST_UNIVERSE + EXACT_UNIVERSES)
        return [self.expected(graph, list(questions), drawn, "test", universe) for graph in graphs]


def _make_view(full: Landscape, questions: Sequence[int], split: str) -> _View:
    chosen, count = np.asarray(questions), len(full.ids)
    if chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu":
        raise InputError("must be a list of question indices, at least one", field="questions")
    if chosen.min() < 0 or chosen.max() >= count:
        raise InputError(f"split {split!r} has indices from 0 to {count - 1}", field="questions")
    tables = full.take(chosen.astype(np.intp))
    models, size = tables.chance.shape
    scale = BUCKETS / (1 - tables.chance)
    codes = np.full((models, size, BUCKETS + 2), RIGHT, dtype=np.int8)
    codes[:, :, 1:-1] = tables.wrong
    codes[:, :, -1] = tables.wrong[:, :, -1]  # where rounding leads one bucket too far
    return _View(
        tables=tables,
        scale=scale,
        shift=1 - tables.chance * scale,
        codes=codes.ravel(),
        offset=(np.arange(models * size) * (BUCKETS + 2)).reshape(models, size),
        where=np.arange(size),
    )


def _drafts(plan: _Plan, view: _View, uniform: Floats) -> NDArray[np.int8]:
    """(k, n) codes of what each node would answer on its own."""
    place = uniform * view.scale.take(plan.model, axis=0)
    place += view.shift.take(plan.model, axis=0)
    index = np.maximum(place, 0.0, out=place).astype(np.intp)
    index += view.offset.take(plan.model, axis=0)
    return view.codes.take(index)


def _choose(answers: NDArray[np.int8], plan: _Plan, uniform: Floats, cut: NDArray[np.bool_], weight: Floats) -> None:
    """Turns drafts, (k, n) codes, into answers: each node with predecessors picks from theirs and its own.

    Where the weights so far of the rows, in order, reach uniform * their sum, that row is picked.
    """
    for i, rows in enumerate(plan.inputs):
        if rows is None:
            continue
        seen = answers.take(rows, axis=0)
        if plan.models[i] is None:
            answers[i] = plurality_codes(seen, NOTHING)
            continue
        weights = np.where(seen == RIGHT, weight[i], 1.0)
        weights[-1] *= plan.own[i]
        left = np.add.reduce(weights, axis=0)
        left *= uniform[i]
        answer = seen[0]
        for passed, following in zip(weights, seen[1:], strict=False):
            left -= passed
            np.copyto(answer, following, where=left >= 0.0)
        np.putmask(answer, cut[i], NOTHING)
        answers[i] = answer


def _finished(plan: _Plan, nanoseconds: Counts) -> Counts:
    """(n,) when the sink has answered: the longest path."""
    ready = nanoseconds
    for i, rows in enumerate(plan.inputs):
        if rows is not None:
            sources = rows if plan.models[i] is None else rows[:-1]
            ready[i] += np.maximum.reduce(ready.take(sources, axis=0), axis=0)
    last: NDArray[np.int64] = ready[-1]
    return last


@lru_cache(maxsize=4096)
def _universe(number: int) -> int:
    """What stands for a universe in every draw."""
    return address("universe", number)
