"""The search space: every graph that a problem allows, and the ways to walk through it.

>>> from ttgbench.models.pool import load_pool
>>> space = SearchSpace(load_pool("embedded"), Lengths(120, 160), Budget.parse("6 units"), roles=("assistant", "vote"))
>>> rng = np.random.default_rng(0)
>>> graph = space.sample(rng)
>>> all(space.contains(neighbour) is None for neighbour in space.neighbours(graph, rng))
True
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ttgbench.errors import InputError, UnknownName
from ttgbench.graphs.graph import MAX_NODES, Graph
from ttgbench.graphs.rules import ROLE_RULES
from ttgbench.models.budget import Budget
from ttgbench.models.pool import Pool
from ttgbench.problems.space.enumerate import enumerate_wirings
from ttgbench.problems.space.features import Decoder, describe, names
from ttgbench.problems.space.moves import moves
from ttgbench.problems.space.nodes import FINAL_ROLE, NodeBudget
from ttgbench.problems.space.sample import Dice, Shuffled, draw
from ttgbench.problems.space.wiring import Bounds, Wiring
from ttgbench.tasks.task import Lengths


@dataclass(frozen=True)
class SearchSpace:
    """All valid graphs with these roles and models, within these limits, whose nominal cost is within the budget.

    Raises InputError, UnknownName for a role, for limits that are not 1 or more, and if not even one model alone fits.
    """

    pool: Pool
    lengths: Lengths
    budget: Budget
    """Per query."""
    roles: tuple[str, ...] = ("assistant", "fuser")
    max_nodes: int = 8
    max_width: int = 8
    """Nodes on a level."""
    max_depth: int = 8
    """Levels: nodes on the longest path."""
    max_in_degree: int = 8
    """Predecessors of a node."""
    nodes: NodeBudget | None = None
    """Where there is one, graphs end in its final node."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", tuple(self.roles))
        for role in self.roles:
            if role not in ROLE_RULES:
                raise UnknownName("role", role, ROLE_RULES, field="roles")
        if len(set(self.roles)) < len(self.roles):
            raise InputError(f"each role once, not {', '.join(self.roles)}", field="roles")
        for field in ("max_nodes", "max_width", "max_depth", "max_in_degree"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_NODES:
                raise InputError(f"must be a whole number from 1 to {MAX_NODES}, not {value!r}", field=field)
        self.budget.check_priced(self.pool, source=self.pool.name)
        if self.nodes is not None:
            self.nodes.check(self.pool)
            if FINAL_ROLE not in self.roles:
                raise InputError(f"a budget of nodes needs the role {FINAL_ROLE}", field="roles")
        first = [kind for kind, needs in enumerate(self._bounds.needs_inputs) if not needs]
        if not first:
            raise InputError("one of them must do without predecessors, e.g. assistant", field="roles")
        kind = min(first, key=lambda kind: self._bounds.costs[kind][0])
        share = self._bounds.costs[kind][0] / self.limit if self.limit else float("inf")
        if share > 1:
            model = self._bounds.kinds[kind][1]
            message = f"{self.budget} per query fits no graph: {model!r} alone costs {share:.4g} times as much"
            raise InputError(message, field="budget")

    @cached_property
    def _bounds(self) -> Bounds:
        values = {field.name: getattr(self, field.name) for field in fields(SearchSpace)}
        values["max_in_degree"] = min(self.max_in_degree, max(1, self.max_nodes - 1))
        return Bounds(**values)

    @cached_property
    def limit(self) -> int:
        """The budget per query in the ledger's metric, `budget.ledger_metric`."""
        return self._bounds.limit

    def contains(self, graph: Graph) -> str | None:
        """Why the graph is not in the space; None if it is. The word "budget" occurs where cost is the only reason."""
        wiring = self._bounds.read(graph)
        return wiring if isinstance(wiring, str) else self._bounds.flaw(wiring)

    def sample(self, rng: np.random.Generator) -> Graph:
        """A random graph of the space. No draw is thrown away but where the budget is tight, as step 2 says.

        1. The number of nodes is uniform on what the limits allow; the depth is uniform on what then is possible. The
           sink is alone on the last level, every other node on a uniformly random level before it. Each level reads the
           one before, each node is read. Where in-degrees are too small for this, nodes move towards the sources or
           are left out.
        2. If that is too expensive with the cheapest model everywhere, a smaller number of nodes is drawn, uniformly,
           and step 1 repeated: on average as often as the logarithm of the number of nodes, at most once for each.
        3. A density is drawn uniformly from 0 to 1; every further edge from a level to a later one is added with that
           probability, in random order, if it fits.
        4. In random order, each node gets a role, uniformly, then a model, uniformly, of those that leave enough of the
           budget for the cheapest choice at the nodes that come after; no vote on a single answer, and no role without
           an answer but where all that read the node were drawn before.

        With a budget of nodes, the last node is the fixed one, and models leave enough for the cheapest elsewhere.
        """
        return self._bounds.graph(draw(self._bounds, Dice(rng)))

    def neighbours(self, graph: Graph, rng: np.random.Generator) -> Iterator[Graph]:
        """All graphs of the space that are one move away, each once, without the graph itself; in random order.

        Types of moves take turns, uniformly at random as long as they have moves left:
        add a node of any kind (before a node, on an edge, beside a node that is not the sink, behind the sink);
        remove a node (what it read is then read by its readers, or not);
        rewire (an edge is added, removed, or moves one end);
        change a role (keeping the model where the new role has one); change a model.
        The graph may exceed the limits, but must have the space's roles and models. Raises InputError.
        """
        wiring = self._read(graph)
        dice = Dice(rng)
        families = [Shuffled(family, dice) for family in moves(self._bounds, wiring) if family]
        alike = {wiring.outline: [graph]}
        while families:
            family = dice.choice(families)
            move, *arguments = family.pop()
            if not len(family):
                families.remove(family)
            candidate = move(wiring, *arguments)
            if self._bounds.affordable(candidate) and self._bounds.flaw(candidate) is None:
                neighbour = self._bounds.graph(candidate)
                known = alike.setdefault(candidate.outline, [])
                if neighbour not in known:
                    known.append(neighbour)
                    yield neighbour

    def enumerate(self, limit: int = 100_000) -> Iterator[Graph]:
        """Every graph of the space, once up to isomorphism, smallest number of nodes first.

        Raises InputError after `limit` graphs if there are more.
        """
        for count, wiring in enumerate(enumerate_wirings(self._bounds)):
            if count == limit:
                raise InputError(f"the space has more than {limit:,} graphs", field="limit")
            yield self._bounds.graph(wiring)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of what `encode` returns, in order."""
        return names(self._bounds)

    def encode(self, graph: Graph) -> NDArray[np.float64]:
        """Shape (len(features),): a description for surrogate models, the same for isomorphic graphs.

        Nodes of each kind (role and model): in all, as sink (one-hot), among the sources; numbers of nodes, edges,
        nodes on the fullest level, levels, sources, edges that skip a level; in-degrees over the nodes that have
        predecessors and out-degrees over those that are read (0 if there are none); nominal cost as a share of the
        budget. The graph must have the space's roles, models and in-degrees, else InputError is raised.
        """
        wiring = self._read(graph)
        ins = np.asarray([len(sources) for sources in wiring.inputs])
        if ins.max() > self._bounds.max_in_degree:
            raise InputError(f"a node has {ins.max()} predecessors", source="graph")
        return np.array(describe(self._bounds, wiring), dtype=np.float64)

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(self._bounds)

    def decode(self, features: ArrayLike) -> Graph:
        """A graph of the space whose `encode` is near `features`, shape (len(self.features),), in Euclidean distance.

        So that methods for vectors, such as CMA-ES, can search graphs. The same vector gives the same graph. Finding
        the nearest of all is hard; this is the nearest that descent by the moves of `neighbours` reaches
        from the three nearest of 1,000 random graphs, so no single move brings it closer. Several graphs may have the
        same features: decode(encode(graph)) need not be `graph`. Raises InputError for another shape or a number that
        is not finite.

        >>> from ttgbench.models.pool import load_pool
        >>> space = SearchSpace(load_pool("embedded"), Lengths(120, 160), Budget.parse("6 units"))
        >>> graph = space.sample(np.random.default_rng(0))
        >>> np.array_equal(space.encode(space.decode(space.encode(graph))), space.encode(graph))
        True
        """
        return self._bounds.graph(self._decoder.nearest(self._target(features)))

    def _target(self, features: ArrayLike) -> NDArray[np.float64]:
        """What is to be decoded, checked."""
        try:
            target = np.asarray(features, dtype=np.float64)
        except (TypeError, ValueError):
            target = np.empty(0)
        if target.shape != (len(self.features),) or not np.isfinite(target).all():
            raise InputError(f"must be an array of {len(self.features)} finite numbers", field="features")
        return target

    def to_dict(self) -> dict[str, Any]:
        """Everything that defines the space, JSON-ready; equal spaces give equal dictionaries."""
        return {
            "pool": self.pool.model_dump(mode="json", by_alias=True),
            "lengths": [self.lengths.question, self.lengths.answer],
            "budget": str(self.budget),
            "limit": self.limit,
            "roles": list(self.roles),
            **{name: getattr(self, name) for name in ("max_nodes", "max_width", "max_depth", "max_in_degree")},
            **({} if self.nodes is None else {"nodes": asdict(self.nodes)}),
        }

    def _read(self, graph: Graph) -> Wiring:
        wiring = self._bounds.read(graph)
        if isinstance(wiring, str):
            raise InputError(wiring, source="graph")
        return wiring
