"""A suite's family: the salt that its instances are drawn with, which of them its seeds run on, and what they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ttgbench.errors import InputError
from ttgbench.evaluate.synthetic.family import Instance, draw_instance
from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.models.budget import Budget
from ttgbench.problems.anchors import Anchor
from ttgbench.problems.family.record import InstanceRecord, read_instances, shipped
from ttgbench.problems.objective import Objective
from ttgbench.problems.space.space import SearchSpace

INSTANCES = 15
"""Of each stratum. Methods may be tuned on the first five; the others rank."""
TUNING = 5
WEIGHT = 0.1
"""Accuracy that the reference seconds are worth."""


class Family(BaseModel):
    """Seed k of a problem runs on instance first + k % count of the problem's stratum."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salt: str = Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._-]+$")
    first: int = Field(ge=1, le=INSTANCES)
    count: int = Field(ge=1, le=INSTANCES)
    track: Literal["sampled", "exact"] = "sampled"
    """"sampled": an evaluation is one draw of the answers to the search questions. "exact": it is the expected value
    that the run is scored by, so that nothing has to be chosen by noise."""
    records: Mapping[str, tuple[InstanceRecord, ...]] | None = None
    """Of a salt that is not shipped: its instances by stratum, instance 1 first."""

    @property
    def exact(self) -> bool:
        return self.track == "exact"

    def number(self, seed: int) -> int:
        """The instance that a seed runs on."""
        return self.first + seed % self.count

    def record(self, stratum: str, seed: int) -> InstanceRecord:
        """Raises InputError where the instances of this salt were never searched."""
        records = self.records if self.records is not None else read_instances(shipped(self.salt)).instances
        try:
            return records[stratum][self.number(seed) - 1]
        except (KeyError, IndexError):
            message = f"has no instance {self.number(seed)} of {stratum}"
            raise InputError(message, source="instances", field="instances") from None

    def instance(self, stratum: str, seed: int) -> Instance:
        """The drawn instance of a seed. Raises InputError as `record`."""
        return _drawn(STRATA[stratum], self.salt, self.number(seed), self.record(stratum, seed).attempt)

    def anchor(self, stratum: str, seed: int) -> Anchor:
        """What counts as 0 and 1 for a run with this seed."""
        return self.record(stratum, seed).anchor(self.exact)

    def mean_anchor(self, stratum: str) -> Anchor:
        """Means over the instances that seeds run on; the graphs are those of the first."""
        found = [self.anchor(stratum, seed) for seed in range(self.count)]
        zero, one = (sum(values) / len(found) for values in zip(*[(a.zero, a.one) for a in found], strict=True))
        return found[0].model_copy(update={"zero": round(zero, 6), "one": round(one, 6)})

    @property
    def digest(self) -> str:
        """sha256 over the records of the instances that seeds run on: part of the suite's hash."""
        if self.records is None:
            return _shipped_digest(self.salt, self.first, self.count)
        return _digest(self.records, self.first, self.count)


def _digest(records: Mapping[str, tuple[InstanceRecord, ...]], first: int, count: int) -> str:
    used = {name: found[first - 1 : first - 1 + count] for name, found in records.items()}
    data = {name: [record.model_dump(mode="json") for record in found] for name, found in used.items()}
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=8)
def _shipped_digest(salt: str, first: int, count: int) -> str:
    """Remembered: every cell of a run asks for its suite's hash."""
    return _digest(read_instances(shipped(salt)).instances, first, count)


_drawn = lru_cache(maxsize=64)(draw_instance)


def objective_of(instance: Instance) -> Objective:
    """Accuracy, or accuracy against latency."""
    if instance.reference_seconds is None:
        return Objective()
    return Objective(kind="accuracy-latency", weight=WEIGHT, reference_seconds=instance.reference_seconds)


def budget_of(instance: Instance) -> str:
    """Per query."""
    return f"{instance.units:g} units"


def space_of(instance: Instance) -> SearchSpace:
    """Its search space."""
    return SearchSpace(
        pool=instance.pool,
        lengths=instance.task.card.lengths,
        budget=Budget.parse(budget_of(instance)),
        roles=instance.roles,
        max_nodes=instance.max_nodes,
        max_width=instance.max_width,
        max_depth=instance.max_depth,
        max_in_degree=instance.max_in_degree,
    )
