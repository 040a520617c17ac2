"""What something cost in the metric of a ledger, and in dollars beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


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
