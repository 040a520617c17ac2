"""What generations and graphs cost: FLOPs, dollars, seconds. Integers throughout, so that sums do not depend on order.

FLOPs count one multiply-add as two, with the KV cache reused. For a card with M non-embedding (active) parameters, L
layers and hidden size D, a prompt of n_p and an answer of n_d tokens:

    prefill  2*M*n_p + 2*L*D*n_p*(n_p + 1)
    decode   2*M*n_d + 2*L*D*n_d*(2*n_p + n_d + 1)

as arXiv 2511.00086 counts them: 2*M per token (Kaplan et al., Scaling Laws for Neural Language Models, 2020), and
4*L*D for each token that a token attends to, itself included. Dollars are picodollars, seconds nanoseconds.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.tasks.task import Lengths

PICODOLLARS = 10**12
NANOSECONDS = 10**9
UNPRICED = "unpriced"
"""What people read for dollars where a price is not known, never 0."""
MAX_INT64 = int(np.iinfo(np.int64).max)

Tokens = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What was used. `+` adds every part, time included: one after the other."""

    flops: int = 0
    picodollars: int = 0
    nanoseconds: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    priced: bool = True
    """Whether all of it has a known price; `picodollars` are zero where it has none."""

    @property
    def dollars(self) -> float | None:
        """None where a price is not known."""
        return self.picodollars / 1e12 if self.priced else None

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.flops + other.flops,
            self.picodollars + other.picodollars,
            self.nanoseconds + other.nanoseconds,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.priced and other.priced,
        )


@dataclass(frozen=True, slots=True)
class GraphCost:
    """Cost of one query: of every node by id, and of the whole graph."""

    total: Cost
    """Sums, except that `nanoseconds` is the latency: the longest path through the graph."""
    nodes: Mapping[str, Cost]


def dollars_text(dollars: float | None, digits: int) -> str:
    """As people read it, with this number of significant digits."""
    return UNPRICED if dollars is None else f"{dollars:.{digits}g}"


@overload
def generation_flops(card: ModelCard, n_p: int, n_d: int) -> int: ...
@overload
def generation_flops(card: ModelCard, n_p: Tokens, n_d: Tokens | int) -> NDArray[np.int64]: ...
@overload
def generation_flops(card: ModelCard, n_p: int, n_d: Tokens) -> NDArray[np.int64]: ...
def generation_flops(card: ModelCard, n_p: int | Tokens, n_d: int | Tokens) -> int | NDArray[np.int64]:
    """FLOPs of generations with n_p prompt and n_d generated tokens; the module docstring has the formula.

    Integers of any size, or integer arrays that broadcast together. Raises InputError for what is no count of
    tokens, and where a result of an array would not fit in 64 bits.
    """
    m, ld = card.parameters, card.layers * card.hidden_size

    def formula(p: Any, d: Any) -> Any:
        return 2 * m * p + 2 * ld * p * (p + 1) + 2 * m * d + 2 * ld * d * (2 * p + d + 1)

    flops: int | NDArray[np.int64] = _exact(formula, n_p, n_d)
    return flops


@overload
def picodollars(card: ModelCard, n_p: int, n_d: int) -> int: ...
@overload
def picodollars(card: ModelCard, n_p: Tokens, n_d: Tokens | int) -> NDArray[np.int64]: ...
@overload
def picodollars(card: ModelCard, n_p: int, n_d: Tokens) -> NDArray[np.int64]: ...
def picodollars(card: ModelCard, n_p: int | Tokens, n_d: int | Tokens) -> int | NDArray[np.int64]:
    """Price of generations in 1e-12 dollars; that of one token is rounded to a whole picodollar. Raises as above."""
    per_in, per_out = round(card.price_in * 10**6), round(card.price_out * 10**6)
    price: int | NDArray[np.int64] = _exact(lambda p, d: per_in * p + per_out * d, n_p, n_d)
    return price


@overload
def nanoseconds(card: ModelCard, n_p: int, n_d: int) -> int: ...
@overload
def nanoseconds(card: ModelCard, n_p: Tokens, n_d: Tokens | int) -> NDArray[np.int64]: ...
@overload
def nanoseconds(card: ModelCard, n_p: int, n_d: Tokens) -> NDArray[np.int64]: ...
def nanoseconds(card: ModelCard, n_p: int | Tokens, n_d: int | Tokens) -> int | NDArray[np.int64]:
    """Time of generations at the card's standard speeds; the time of one token is rounded to a whole nanosecond.

    Raises as above.
    """
    per_in, per_out = round(NANOSECONDS / card.prefill_speed), round(NANOSECONDS / card.decode_speed)
    time: int | NDArray[np.int64] = _exact(lambda p, d: per_in * p + per_out * d, n_p, n_d)
    return time


def generation_cost(card: ModelCard, n_p: int, n_d: int) -> Cost:
    """Cost of one generation with n_p prompt and n_d generated tokens. Raises InputError for negative counts."""
    return Cost(
        flops=generation_flops(card, n_p, n_d),
        picodollars=picodollars(card, n_p, n_d),
        nanoseconds=nanoseconds(card, n_p, n_d),
        tokens_in=n_p,
        tokens_out=n_d,
        priced=card.priced,
    )


def nominal_node_cost(card: ModelCard | None, predecessors: int, lengths: Lengths) -> Cost:
    """Cost of a node with `predecessors` (d of them): n_p = A + d*B, n_d = B. A node without a model costs nothing."""
    if card is None:
        return Cost()
    return generation_cost(card, lengths.question + predecessors * lengths.answer, lengths.answer)


def nominal_cost(graph: Graph, pool: Pool, lengths: Lengths) -> GraphCost:
    """Cost of one query at the task's mean lengths. Raises UnknownName for a model that is not in the pool."""
    nodes: dict[str, Cost] = {}
    ready: dict[str, int] = {}
    """When each node's output is there, in nanoseconds."""
    for level in graph.levels:
        for node_id in level:
            model, inputs = graph[node_id].model, graph.predecessors(node_id)
            cost = nominal_node_cost(None if model is None else pool[model], len(inputs), lengths)
            nodes[node_id] = cost
            ready[node_id] = cost.nanoseconds + max((ready[i] for i in inputs), default=0)
    total = sum(nodes.values(), start=Cost())
    return GraphCost(replace(total, nanoseconds=ready[graph.sink]), {node.id: nodes[node.id] for node in graph.nodes})


def unit_flops(pool: Pool, lengths: Lengths) -> int:
    """FLOPs of one unit: the pool's smallest model answering alone, at nominal lengths."""
    return nominal_node_cost(pool.smallest, 0, lengths).flops


def _exact(formula: Callable[[Any, Any], Any], n_p: Any, n_d: Any) -> Any:
    """Evaluates a formula that grows with both counts on integers, or on arrays where it fits in 64 bits."""
    if not isinstance(n_p, np.ndarray) and not isinstance(n_d, np.ndarray):
        return formula(_count(n_p, "n_p"), _count(n_d, "n_d"))
    prompt, answer = _counts(n_p, "n_p"), _counts(n_d, "n_d")
    if prompt.size and answer.size and formula(int(prompt.max()), int(answer.max())) > MAX_INT64:
        raise InputError(f"costs more than {MAX_INT64:.3g}, which 64 bits cannot hold", field="tokens")
    return formula(prompt, answer)


def _count(value: Any, field: str) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise InputError(f"must be a whole number of tokens, not {type(value).__name__}", field=field) from None
    if count < 0:
        raise InputError(f"must be 0 tokens or more, not {count}", field=field)
    return count


def _counts(values: Any, field: str) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise InputError(f"must be an integer array, not {array.dtype}", field=field)
    if array.size and (array.min() < 0 or (array.dtype == np.uint64 and array.max() > MAX_INT64)):
        raise InputError(
            f"must be 0 tokens or more and fit in 64 bits, not {array.min()} to {array.max()}", field=field
        )
    return array.astype(np.int64, copy=False)
