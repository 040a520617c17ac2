"""What tokens cost in the metric of a ledger, and in dollars beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttgbench.models.cost import LedgerMetric, generation_flops, nanoseconds, picodollars
from ttgbench.models.pool import ModelCard

_PRICES: Mapping[str, Callable[[ModelCard, Any, Any], Any]] = {
    "flops": generation_flops,
    "picodollars": picodollars,
    "nanoseconds": nanoseconds,
}


def bill(metric: LedgerMetric, card: ModelCard, tokens_in: Any, tokens_out: Any) -> Any:
    """What tokens (counts or int64 arrays) cost in this metric; nanoseconds are those of one node alone."""
    return _PRICES[metric](card, tokens_in, tokens_out)


@dataclass(frozen=True, slots=True)
class Charge:
    """What something cost."""

    amount: int
    """In the ledger's metric."""
    picodollars: int | None
    """None: the price of some model is not known."""

    def to_dict(self) -> dict[str, Any]:
        """As events say it."""
        return {"charged": self.amount, "picodollars": self.picodollars}


def total(charges: Sequence[Charge]) -> Charge:
    """Of all together."""
    dollars = [charge.picodollars for charge in charges if charge.picodollars is not None]
    known = len(dollars) == len(charges)
    return Charge(sum(charge.amount for charge in charges), sum(dollars) if known else None)
