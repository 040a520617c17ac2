"""The 24 strata of simulated problems: the corners that instances are drawn in, so that none is met by chance alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

BUDGETS: Mapping[str, float] = MappingProxyType({"low": 18.0, "mid": 42.0, "high": 80.0})
"""Units per query around which an instance's budget is drawn."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """One corner of the family. What an instance is in all other respects is drawn."""

    fuser: bool
    """Whether those who read others' answers tell right from wrong well."""
    vote: bool
    """Whether wrong answers scatter and a vote is allowed; else they agree, or there is no vote."""
    many_small: bool
    """Many models of like sizes, of which many answers can be had; else few, whose largest fits once or twice."""
    budget: str
    """One of BUDGETS."""
    wide: bool
    """Whether the limits leave more room for width than for depth, and revising tires."""
    latency: bool
    """Whether seconds count against accuracy."""

    @property
    def name(self) -> str:
        """E.g. "fuse-vote-small-low"."""
        fuser, vote = "fuse" if self.fuser else "nofuse", "vote" if self.vote else "novote"
        return f"{fuser}-{vote}-{'small' if self.many_small else 'large'}-{self.budget}"


def _strata() -> dict[str, Stratum]:
    found = {}
    for number, (fuser, vote, small, budget) in enumerate(
        product((True, False), (True, False), (True, False), BUDGETS)
    ):
        # Each half of every other property is wide, a quarter of all counts seconds.
        wide = bool((number // 3 + number % 3 + number // 6 + number // 12) % 2)
        stratum = Stratum(fuser, vote, small, budget, wide, latency=number % 3 == (number // 3) % 4)
        found[stratum.name] = stratum
    return found


STRATA: Mapping[str, Stratum] = MappingProxyType(_strata())
"""By name."""
