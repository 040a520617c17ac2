"""The search space of a bank: every graph that its recorded nodes make, small enough to be held as one table.

>>> from ttgbench.graphs.bank import SecondNode
>>> from ttgbench.models.pool import load_pool
>>> fuser = SecondNode("fuser", "gemma-3-270m", ("smollm2-135m", "smollm2-135m"))
>>> nodes = BankNodes({"smollm2-135m": 3, "gemma-3-270m": 2}, (fuser,))
>>> space = BankSpace.over(nodes, load_pool("embedded"), Lengths(120, 160), Budget.parse("9 units"))
>>> graph = space.sample(np.random.default_rng(0))
>>> space.project(graph) == graph
True
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import combinations, permutations
from math import comb, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ttgbench.errors import InputError
from ttgbench.graphs.bank import VOTE, BankNodes
from ttgbench.graphs.graph import MAX_NODES, Graph
from ttgbench.models.budget import Budget
from ttgbench.models.pool import Pool
from ttgbench.problems.space.space import SearchSpace
from ttgbench.tasks.task import Lengths

MAX_GRAPHS = 1_000_000

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class BankSpace(SearchSpace):
    """A search space of the graphs of a bank within a budget: those that its nodes make, and no others.

    Made by `over`. A graph's ballot (`BankNodes`) says which graph it is, so all of them are one table.
    """

    bank: BankNodes = field(kw_only=True)
    max_second: int = field(default=2, kw_only=True)
    """Second-level nodes of one vote."""

    @classmethod
    def over(cls, bank: BankNodes, pool: Pool, lengths: Lengths, budget: Budget, *, max_second: int = 2) -> BankSpace:
        """The space of a bank's graphs. Raises InputError as `SearchSpace`, and for more than MAX_GRAPHS graphs."""
        if max_second < 0:
            raise InputError(f"must be 0 or more, not {max_second}", field="max_second")
        samples, most = sum(bank.samples.values()), min(max_second, len(bank.second))
        graphs = prod(count + 1 for count in bank.samples.values()) * sum(
            comb(len(bank.second), count) for count in range(most + 1)
        )
        if graphs > MAX_GRAPHS:
            raise InputError(f"makes {graphs:,} graphs, at most {MAX_GRAPHS:,} are held", source="bank")
        if not samples:
            raise InputError("holds no samples", source="bank", field="samples")
        roles = dict.fromkeys(["assistant", *(node.role for node in bank.second), VOTE])
        used = dict.fromkeys([*bank.models, *(node.model for node in bank.second)])
        space = cls(
            pool.subset(tuple(name for name in pool.names if name in used)),
            lengths,
            budget,
            tuple(roles),
            max_nodes=min(MAX_NODES, samples + most + 1),
            max_width=min(MAX_NODES, samples),
            max_depth=3 if most else 2,
            max_in_degree=min(MAX_NODES, samples + most),
            bank=bank,
            max_second=max_second,
        )
        if not len(space):
            raise InputError(f"{budget} per query fits no graph of the bank", field="budget")
        return space

    @cached_property
    def _every(self) -> tuple[Rows, Rows, Rows]:
        """Ballots (graphs, names) within limits and budget; their nodes and nominal costs (graphs,).

        Sorted by number of nodes, then as ballots.
        """
        counts = np.stack([axis.ravel() for axis in np.indices([n + 1 for n in self.bank.samples.values()])], axis=1)
        second = len(self.bank.second)
        chosen = [
            np.isin(np.arange(second), picked).astype(np.int64)
            for size in range(min(self.max_second, second) + 1)
            for picked in combinations(range(second), size)
        ]
        ballots = np.concatenate([np.hstack([counts, np.tile(row, (len(counts), 1))]) for row in chosen])
        ballots = ballots[ballots.sum(axis=1) > 0]
        samples, voting = self._samples(ballots), ballots.sum(axis=1) > 1
        nodes = samples.sum(axis=1) + ballots[:, len(self.bank.models) :].sum(axis=1) + voting
        costs = self._costs(ballots, samples)
        kept = np.flatnonzero((nodes <= self.max_nodes) & (costs <= self.limit))
        kept = kept[np.lexsort([*ballots[kept].T[::-1], nodes[kept]])]
        return ballots[kept], nodes[kept], costs[kept]

    @cached_property
    def _reads(self) -> Rows:
        """Shape (second-level nodes, models): samples that each reads."""
        reads = [[node.inputs.count(model) for model in self.bank.models] for node in self.bank.second]
        return np.array(reads, dtype=np.int64).reshape(len(self.bank.second), len(self.bank.models))

    def _samples(self, ballots: Rows) -> Rows:
        """Shape (ballots, models): samples that are counted or read."""
        counts, flags = np.split(ballots, [len(self.bank.models)], axis=1)
        read = (flags[:, :, None] * self._reads).max(axis=1, initial=0)
        return np.asarray(np.maximum(counts, read))

    def _costs(self, ballots: Rows, samples: Rows) -> Rows:
        """Shape (ballots,): nominal cost in the ledger's metric; the longest path where latency is limited."""
        kinds, costs = self._bounds.index, self._bounds.costs
        alone = np.array([costs[kinds["assistant", model]][0] for model in self.bank.models], dtype=np.int64)
        top = [costs[kinds[node.role, node.model]][len(node.inputs)] for node in self.bank.second]
        flags = ballots[:, len(self.bank.models) :]
        if self.budget.additive:
            return np.asarray(samples @ alone + flags @ np.array(top, dtype=np.int64))
        ready = np.array(top, dtype=np.int64) + np.where(self._reads > 0, alone, 0).max(axis=1, initial=0)
        first = np.where(samples > 0, alone, 0).max(axis=1, initial=0)
        return np.asarray(np.maximum(first, (flags * ready).max(axis=1, initial=0)))

    @cached_property
    def _place(self) -> dict[bytes, int]:
        """By ballot, its place in the table."""
        return {ballot.tobytes(): place for place, ballot in enumerate(self._every[0])}

    def __len__(self) -> int:
        """How many graphs there are."""
        return len(self._every[0])

    def contains(self, graph: Graph) -> str | None:
        """Why the graph is not in the space; None if it is. The word "budget" occurs where cost is the only reason."""
        ballot = self.bank.ballot(graph)
        if isinstance(ballot, str):
            return ballot
        second = sum(ballot[len(self.bank.models) :])
        if second > self.max_second:
            return f"it has {second} second-level nodes, the space allows {self.max_second}"
        return super().contains(graph)

    def project(self, graph: Graph) -> Graph:
        """The nearest graph of the space; a graph of the space is its own.

        What a graph comes to with the nodes of the bank is `BankNodes.nearest`. Of the space's graphs, the one is taken
        for which the fewest answers are added to that or left out, and of several the cheapest. So a method that draws
        graphs of open spaces can search this one. Raises InputError for a model that the bank lacks.
        """
        ballots, _, costs = self._every
        apart = np.abs(ballots - np.array(self.bank.nearest(graph))).sum(axis=1)
        return self._graph(int(np.lexsort([costs, apart])[0]))

    def sample(self, rng: np.random.Generator) -> Graph:
        """A random graph: the number of nodes is uniform on what there is, the graph on those of so many nodes."""
        sizes = self._every[1]
        size = rng.choice(np.unique(sizes))
        low, high = np.searchsorted(sizes, [size, size + 1])
        return self._graph(int(rng.integers(low, high)))

    def neighbours(self, graph: Graph, rng: np.random.Generator) -> Iterator[Graph]:
        """All graphs of the space with one answer more, one less or one exchanged for another, in random order.

        Of a graph that is none of the bank, those of its projection, with the projection. Raises InputError as it does.
        """
        known = self.bank.ballot(graph)
        start = np.array(self.bank.ballot(self.project(graph)) if isinstance(known, str) else known, dtype=np.int64)
        one = np.eye(len(start), dtype=np.int64)
        moves = [*one, *-one, *(one[more] - one[less] for more, less in permutations(range(len(start)), 2))]
        if isinstance(known, str):
            moves.append(np.zeros_like(start))
        for number in rng.permutation(len(moves)):
            place = self._place.get((start + moves[number]).tobytes())
            if place is not None:
                yield self._graph(place)

    def enumerate(self, limit: int = 100_000) -> Iterator[Graph]:
        """Every graph of the space, once, smallest number of nodes first.

        Raises InputError after `limit` graphs if there are more.
        """
        for place in range(min(limit, len(self))):
            yield self._graph(place)
        if len(self) > limit:
            raise InputError(f"the space has more than {limit:,} graphs", field="limit")

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of what `encode` returns, in order."""
        return self.bank.names

    def encode(self, graph: Graph) -> NDArray[np.float64]:
        """Shape (len(features),): the ballot. Raises InputError for a graph that is none of the bank."""
        ballot = self.bank.ballot(graph)
        if isinstance(ballot, str):
            raise InputError(ballot, source="graph")
        return np.array(ballot, dtype=np.float64)

    def decode(self, features: ArrayLike) -> Graph:
        """The graph of the space whose `encode` is nearest to `features`, shape (len(self.features),), exactly.

        Of several the one with the fewest nodes. Raises InputError for another shape or a number that is not finite.
        """
        target = self._target(features)
        return self._graph(int(np.argmin(((self._every[0] - target) ** 2).sum(axis=1))))

    def to_dict(self) -> dict[str, Any]:
        """Everything that defines the space, JSON-ready; equal spaces give equal dictionaries."""
        bank = {"samples": dict(self.bank.samples), "second": [asdict(node) for node in self.bank.second]}
        return {**super().to_dict(), "bank": bank, "max_second": self.max_second}

    def _graph(self, place: int) -> Graph:
        return self.bank.graph(self._every[0][place].tolist())
