"""A budget of nodes: what arXiv 2511.00086's code restricts a graph by, besides its FLOPs."""

from __future__ import annotations

from dataclasses import dataclass

from ttgbench.errors import InputError, UnknownName
from ttgbench.models.pool import Pool

FINAL_ROLE = "assistant"


@dataclass(frozen=True)
class NodeBudget:
    """What the nodes before a fixed final node may cost together; edges are free.

    A graph is then a final node, an assistant on one model that reads something, and what it reads; or, for baselines,
    one assistant alone within the budget.
    """

    limit: int
    prices: tuple[int, ...]
    """By model, in the order of the pool."""
    final: str
    """Model of the final node, which is not paid for."""

    def check(self, pool: Pool) -> None:
        """Raises InputError, UnknownName naming the field."""
        object.__setattr__(self, "prices", tuple(self.prices))
        numbers = (self.limit, *self.prices)
        if any(isinstance(number, bool) or not isinstance(number, int) or number < 1 for number in numbers):
            raise InputError("budget and prices must be whole numbers from 1", field="nodes")
        if len(self.prices) != len(pool.names):
            raise InputError(f"needs a price for each of {', '.join(pool.names)}", field="nodes")
        if min(self.prices) > self.limit:
            raise InputError(f"a budget of {self.limit} pays for no node", field="nodes")
        if self.final not in pool.names:
            raise UnknownName("model", self.final, pool.names, field="nodes")
