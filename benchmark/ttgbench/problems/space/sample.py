"""Draws random graphs of a search space. `SearchSpace.sample` documents the distribution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import numpy as np

from ttgbench.problems.space.nodes import FINAL_ROLE, NodeBudget
from ttgbench.problems.space.wiring import Bounds, Inputs, Wiring, levels_of

T = TypeVar("T")
REDRAWS = 50


class Dice:
    """Small random choices, fed by a numpy Generator in blocks: hundreds of scalar calls would dominate a draw."""

    def __init__(self, rng: np.random.Generator, block: int = 256) -> None:
        self._rng, self._block = rng, block
        self._numbers: list[float] = []

    def unit(self) -> float:
        """Uniform on [0, 1)."""
        if not self._numbers:
            self._numbers = self._rng.random(self._block).tolist()
        return self._numbers.pop()

    def units(self, count: int) -> list[float]:
        """As many calls of `unit`."""
        numbers: list[float] = []
        while len(numbers) < count:
            if not self._numbers:
                self._numbers = self._rng.random(self._block).tolist()
            taken = self._numbers[: -(count - len(numbers)) - 1 : -1]
            del self._numbers[-len(taken) :]
            numbers += taken
        return numbers

    def below(self, n: int) -> int:
        """Uniform on 0, 1, ..., n - 1."""
        return int(self.unit() * n)

    def choice(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[self.below(len(options))]

    def shuffled(self, items: Iterable[T]) -> list[T]:
        """All of them in random order (Fisher and Yates)."""
        result = list(items)
        for i in range(len(result) - 1, 0, -1):
            j = self.below(i + 1)
            result[i], result[j] = result[j], result[i]
        return result


class Shuffled(Generic[T]):
    """What `Dice.shuffled` returns, taken from its end: as far as it is taken, so far it is shuffled."""

    def __init__(self, items: list[T], dice: Dice) -> None:
        self._items = items
        self._numbers = iter(dice.units(max(0, len(items) - 1)))

    def __len__(self) -> int:
        return len(self._items)

    def pop(self) -> T:
        """The last one that is left."""
        items = self._items
        if len(items) > 1:
            i = int(next(self._numbers) * len(items))
            items[i], items[-1] = items[-1], items[i]
        return items.pop()


def draw(bounds: Bounds, dice: Dice) -> Wiring:
    """A random graph of the space; sources come first, the sink last."""
    if bounds.nodes is not None:
        return _draw_before_final(bounds, bounds.nodes, dice)
    size = 1 + dice.below(largest_size(bounds))
    while True:
        inputs = _draw_tree(bounds, dice, size)
        costs = [bounds.cheapest[len(sources)] for sources in inputs]
        if bounds.amount(costs, inputs) <= bounds.limit:
            break
        size = 1 + dice.below(len(inputs) - 1)
    _draw_more_edges(bounds, dice, inputs, costs)
    return Wiring(_draw_kinds(bounds, dice, inputs, costs), inputs)


def _draw_before_final(bounds: Bounds, nodes: NodeBudget, dice: Dice) -> Wiring:
    """A random graph before a fixed final node, drawn anew where it is over the budget; else an assistant alone."""
    final = bounds.index[FINAL_ROLE, nodes.final]
    cheapest = min(nodes.prices)
    largest = min(largest_size(bounds), 1 + nodes.limit // cheapest)
    for _ in range(REDRAWS if largest > 1 else 0):
        inputs = _draw_tree(bounds, dice, 2 + dice.below(largest - 1))
        costs = [bounds.cheapest[len(sources)] for sources in inputs]
        _draw_more_edges(bounds, dice, inputs, costs)
        kinds, left = [final] * len(inputs), nodes.limit - cheapest * (len(inputs) - 1)
        for node in dice.shuffled(range(len(inputs) - 1)):
            by_role: dict[str, list[int]] = {}
            for kind in bounds.drawable[len(inputs[node])]:
                if bounds.prices[kind] - cheapest <= left:
                    by_role.setdefault(bounds.kinds[kind][0], []).append(kind)
            kinds[node] = dice.choice(dice.choice(list(by_role.values())))
            left -= bounds.prices[kinds[node]] - cheapest
        wiring = Wiring(kinds, inputs)
        if bounds.flaw(wiring) is None:
            return wiring
    alone = [kind for kind in bounds.drawable[0] if bounds.flaw(Wiring([kind], [[]])) is None]
    return Wiring([dice.choice(alone)], [[]])


def largest_size(bounds: Bounds) -> int:
    """Most nodes that the limits on nodes, width, depth and in-degree leave room for, budget aside."""
    return min(bounds.max_nodes, 1 + (bounds.max_depth - 1) * _breadth(bounds))


def _breadth(bounds: Bounds) -> int:
    """Most nodes on a level: with one input per node, every graph is a chain."""
    return bounds.max_width if bounds.max_in_degree > 1 else 1


def _draw_sizes(bounds: Bounds, dice: Dice, size: int) -> list[int]:
    """Nodes per level before the sink's, first level first: the depth uniform, then every node on a random level."""
    rest, breadth = size - 1, _breadth(bounds)
    shortest, longest = -(-rest // breadth), min(rest, bounds.max_depth - 1)
    sizes = [1] * (shortest + dice.below(longest - shortest + 1))
    open_levels = [level for level in range(len(sizes)) if breadth > 1]
    for _ in range(rest - len(sizes)):
        level = dice.choice(open_levels)
        sizes[level] += 1
        if sizes[level] == breadth:
            open_levels.remove(level)
    return sizes


def _draw_tree(bounds: Bounds, dice: Dice, size: int) -> list[list[int]]:
    """Inputs of up to `size` nodes with few edges: each node is read, each level reads the one before.

    Built from the sink to the sources. Nodes that no free input is left for go to the level before, or nowhere.
    """
    inputs: list[list[int]] = [[]]
    free = [bounds.max_in_degree]
    later = [0]
    waiting = 0
    for wanted in reversed(_draw_sizes(bounds, dice, size)):
        waiting += wanted
        count = min(waiting, sum(free), bounds.max_width)
        waiting -= count
        level = list(range(len(inputs), len(inputs) + count))
        readers = dice.shuffled(later)
        for i in range(max(len(readers), count)):
            able = [readers[i]] if i < len(readers) else [node for node, slots in enumerate(free) if slots]
            reader = dice.choice(able)
            inputs[reader].append(level[i] if i < count else dice.choice(level))
            free[reader] -= 1
        inputs += [[] for _ in level]
        free += [bounds.max_in_degree] * count
        later = level
    last = len(inputs) - 1
    return [[last - source for source in sources] for sources in reversed(inputs)]


def _draw_more_edges(bounds: Bounds, dice: Dice, inputs: list[list[int]], costs: list[int]) -> None:
    """Adds edges that leave the levels as they are, each with one probability that is uniform per graph."""
    levels = levels_of(inputs)
    assert levels is not None
    density = dice.unit()
    nodes = range(len(inputs))
    pairs = [(source, target) for target in nodes for source in nodes if levels[source] < levels[target]]
    for source, target in dice.shuffled(pairs):
        degree = len(inputs[target])
        if dice.unit() >= density or degree == bounds.max_in_degree or source in inputs[target]:
            continue
        before = costs[target]
        costs[target] = bounds.cheapest[degree + 1]
        inputs[target].append(source)
        if bounds.amount(costs, inputs) > bounds.limit:
            inputs[target].pop()
            costs[target] = before


def _draw_kinds(bounds: Bounds, dice: Dice, inputs: Inputs, costs: list[int]) -> list[int]:
    """In random node order: a role, then a model, among those that leave room for the cheapest everywhere else.

    A node gives no answer only where all that read it were drawn before: else a vote might yet be drawn to count it.
    """
    kinds, drawn = [0] * len(inputs), set[int]()
    for node in dice.shuffled(range(len(inputs))):
        degree = len(inputs[node])
        spare = _spare(bounds, inputs, costs, node)
        closed = bounds.silent and (
            any(node in inputs[reader] for reader in range(len(inputs)) if reader not in drawn)
            or not bounds.may_be_silent(Wiring(kinds, inputs), node)
        )
        drawn.add(node)
        by_role: dict[str, list[int]] = {}
        for kind in bounds.drawable[degree]:
            if bounds.costs[kind][degree] <= spare and not (closed and kind in bounds.silent):
                by_role.setdefault(bounds.kinds[kind][0], []).append(kind)
        kinds[node] = dice.choice(dice.choice(list(by_role.values())))
        costs[node] = bounds.costs[kinds[node]][degree]
    return kinds


def _spare(bounds: Bounds, inputs: Inputs, costs: list[int], node: int) -> int:
    """The most that this node may cost, all others as they are."""
    if bounds.additive:
        return bounds.limit - sum(costs) + costs[node]
    # The paths that avoid this node are within the limit already; a huge cost here makes its own path the longest.
    huge = bounds.limit + 1
    without = bounds.amount([*costs[:node], huge, *costs[node + 1 :]], inputs) - huge
    return bounds.limit - without
