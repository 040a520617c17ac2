"""Mixes of models that spend a node budget: how many nodes run each model, as the code of arXiv 2511.00086 counts.

There, every node but the final one has a price by its model, edges are free, and a mix leaves as little of the budget
unspent as any mix does. The final node is fixed: an assistant on a model of 3e9 parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log

from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import single
from ttgbench.models.cost import nominal_node_cost
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.space.space import SearchSpace

Mix = tuple[int, ...]
"""By model, in the order of the pool, how many nodes run it."""
MOST_NODES = 12
"""The largest node budget of the released runs."""
FINAL_SIZE = 3e9
FINAL = "final"
"""Id of the final node."""


def node_budget(space: SearchSpace) -> NodeBudget | None:
    """The node budget of a space; None where not even one node fits before the final one.

    A space that names none is read as the released code reads its own budgets, backwards: b nodes are allowed where the
    complete graph of b nodes of the smallest model and the final node costs no more than the budget per query. Prices
    are then parameters in multiples of the smallest model's.
    """
    if space.nodes is not None:
        nodes = space.nodes
        feasible = any(fits(space, mix, nodes.final) for mix in exact_mixes(nodes.prices, nodes.limit))
        return nodes if feasible else None
    alone = [card for card in space.pool if space.contains(single(card.name)) is None]
    if "assistant" not in space.roles or not alone:
        return None
    final = min(alone, key=lambda card: (abs(log(card.parameters / FINAL_SIZE)), card.name)).name
    smallest = space.pool.smallest
    prices = tuple(max(1, round(card.parameters / smallest.parameters)) for card in space.pool)
    limit = 0
    while limit < min(MOST_NODES, space.max_nodes - 1) and _ceiling(space, limit + 1, final) <= space.limit:
        limit += 1
    while limit and not any(fits(space, mix, final) for mix in exact_mixes(prices, limit)):
        limit -= 1
    return NodeBudget(limit, prices, final) if limit else None


def _ceiling(space: SearchSpace, nodes: int, final: str) -> int:
    """What the complete graph of so many nodes of the smallest model and the final node nominally costs."""
    inner = [space.budget.amount(nominal_node_cost(space.pool.smallest, i, space.lengths)) for i in range(nodes)]
    return sum(inner) + space.budget.amount(nominal_node_cost(space.pool[final], nodes, space.lengths))


def exact_mixes(prices: Sequence[int], limit: int) -> list[Mix]:
    """All mixes whose price is the highest that the limit allows; none is empty."""
    found: dict[int, list[Mix]] = {}
    for mix in _within(prices, limit):
        if any(mix):
            found.setdefault(price(mix, prices), []).append(mix)
    return sorted(found[max(found)]) if found else []


def _within(prices: Sequence[int], limit: int) -> Iterator[Mix]:
    if not prices:
        yield ()
        return
    for count in range(limit // prices[0] + 1):
        for rest in _within(prices[1:], limit - count * prices[0]):
            yield (count, *rest)


def price(mix: Mix, prices: Sequence[int]) -> int:
    """What the nodes of a mix cost together."""
    return sum(count * each for count, each in zip(mix, prices, strict=True))


def variants(mix: Mix, prices: Sequence[int], most: int = 5) -> list[Mix]:
    """A mix, then one node less each time, of the cheapest model that is left; the last has one node."""
    found = [mix]
    while sum(found[-1]) > 1 and len(found) < most:
        last = found[-1]
        weakest = min((i for i, count in enumerate(last) if count), key=lambda i: (prices[i], i))
        found.append((*last[:weakest], last[weakest] - 1, *last[weakest + 1 :]))
    return found


def fits(space: SearchSpace, mix: Mix, final: str) -> bool:
    """Whether some graph of a mix is in the space: the star that the final node reads, or the chain."""
    names = [name for name, count in zip(space.pool.names, mix, strict=True) for _ in range(count)]
    ids = [f"n{i}" for i in range(len(names))]
    nodes = [*(Node(i, "assistant", name) for i, name in zip(ids, names, strict=True)), Node(FINAL, "assistant", final)]
    if len(nodes) > space.max_nodes:
        return False
    star, chain = [(i, FINAL) for i in ids], list(zip(ids, [*ids[1:], FINAL], strict=True))
    return any(space.contains(Graph(nodes, edges)) is None for edges in (star, chain))


def written_mix(mix: Mix, names: Sequence[str]) -> str:
    """E.g. "2 x llama-3.2-3b, 6 x llama-3.2-1b"."""
    return ", ".join(f"{count} x {name}" for name, count in zip(names, mix, strict=True) if count)
