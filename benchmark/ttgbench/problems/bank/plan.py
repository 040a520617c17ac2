"""The plan of a bank: which samples and second-level nodes are recorded for which questions, and in which segments.

A segment is one block of questions of one task in one universe: one Parquet file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ttgbench.errors import InputError
from ttgbench.graphs.bank import BankNodes, SecondNode
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.roles import LATEST, PromptSet
from ttgbench.models.pool import load_pool
from ttgbench.problems.sampling import SamplingSpec
from ttgbench.util.text import counted
from ttgbench.util.yaml_input import read_yaml, validation_message


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BankTask(_Record):
    """A task and how many of its questions are in the bank."""

    task: str
    split: str = "test"
    questions: int = Field(ge=1)


class SecondLevel(_Record):
    """A node on first samples: `n` times a model in `inputs` means its first n samples, so prefixes are shared."""

    role: Literal["fuser", "assistant", "judge"]
    model: str
    inputs: tuple[str, ...] = Field(min_length=1)


class BankPlan(_Record):
    """Everything that is recorded, in the order in which it is recorded: task by task, universe by universe."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    pool: str
    tasks: tuple[BankTask, ...] = Field(min_length=1)
    universes: int = Field(ge=1, le=100)
    block: int = Field(default=25, ge=1)
    """Questions of one segment."""
    sampling: SamplingSpec = SamplingSpec()
    prompts: PromptSet = LATEST
    """Which prompts nodes show to models."""
    samples: dict[str, int]
    """Samples per question by model, at most 48 each."""
    second: tuple[SecondLevel, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> BankPlan:
        for model, samples in self.samples.items():
            if not 1 <= samples <= 48:
                raise ValueError(f"samples: {model}: must be 1 to 48, not {samples}")
        names = [Path(entry.task).name for entry in self.tasks]
        if len(set(names)) < len(names):  # segments are named after them
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"tasks: {twice} stands there twice; another split of it takes a plan of its own")
        try:
            self.nodes  # noqa: B018  what cannot be wired is refused here
        except InputError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def nodes(self) -> BankNodes:
        """What is recorded of every question."""
        second = (SecondNode(node.role, node.model, node.inputs) for node in self.second)
        return BankNodes(self.samples, tuple(second))

    def graphs(self) -> list[Graph]:
        """Graphs that together hold every node."""
        return self.nodes.recorded()


@dataclass(frozen=True)
class Segment:
    """One block of questions of one task in one universe."""

    task: str
    split: str
    universe: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        """Its file's name, which no other segment of the plan has."""
        return f"{Path(self.task).name}-u{self.universe}-{self.start:04d}.parquet"


def load_bank(path: Path | str) -> BankPlan:
    """A plan from its YAML file. Raises InputError naming file and field, UnknownName for a model."""
    try:
        plan = BankPlan.model_validate(read_yaml(Path(path)))
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None
    pool = load_pool(plan.pool)
    for model in [*plan.samples, *(node.model for node in plan.second)]:
        pool[model]  # raises with near matches
    return plan


def segments(plan: BankPlan) -> Iterator[Segment]:
    """All segments of a plan, the most useful first: a task is complete before the next begins."""
    for entry in plan.tasks:
        for universe in range(plan.universes):
            for start in range(0, entry.questions, plan.block):
                yield Segment(entry.task, entry.split, universe, start, min(start + plan.block, entry.questions))


def differences(plan: BankPlan, other: BankPlan) -> list[str]:
    """Where a plan is unlike another one, field by field, in words; names are not compared."""
    pairs: list[tuple[str, object, object]] = [
        ("pool", plan.pool, other.pool),
        ("tasks", _tasks(plan), _tasks(other)),
        ("universes", plan.universes, other.universes),
        ("block", plan.block, other.block),
        ("sampling", _listed(plan.sampling.model_dump()), _listed(other.sampling.model_dump())),
        ("prompts", plan.prompts, other.prompts),
        ("samples", _listed(plan.samples), _listed(other.samples)),
    ]
    found = [f"{field} ({own}, not {its})" for field, own, its in pairs if own != its]
    if plan.second != other.second:
        own, its = len(plan.second), len(other.second)
        found.append("second" if own == its else f"second ({counted(own, 'node')}, not {its})")
    return found


def _tasks(plan: BankPlan) -> str:
    return ", ".join(f"{entry.questions} {entry.split} questions of {entry.task}" for entry in plan.tasks)


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
