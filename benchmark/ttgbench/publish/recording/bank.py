"""Records a bank: samples of every model and second-level nodes on them, for all questions of some tasks, in segments.

    plan = load_bank("recorded-small-v1.yaml")
    record_bank(plan, "qwen2.5-coder-1.5b=http://127.0.0.1:8001/v1,...", Path("segments"))

A segment is one block of questions of one task in one universe, complete: a Parquet file that a store imports. Where it
lies, it is done. One under way is a store beside it, so a recording that is killed goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ttgbench.errors import InputError
from ttgbench.evaluate.rates import Rates, node_rates
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.roles import LATEST, PromptSet
from ttgbench.graphs.shapes import parallel, single
from ttgbench.models.pool import load_pool
from ttgbench.problems.suite import SamplingSpec
from ttgbench.run.session import Session, first_questions
from ttgbench.tasks.task import Task
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

    role: Literal["fuser", "assistant"]
    model: str
    inputs: tuple[str, ...] = Field(min_length=1)

    def graph(self) -> Graph:
        """The node on top of its inputs."""
        below = [Node(f"a{number + 1}", "assistant", model) for number, model in enumerate(self.inputs)]
        return Graph([*below, Node("top", self.role, self.model)], [(node.id, "top") for node in below])


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
        for node in self.second:
            for model in sorted(set(node.inputs)):
                if node.inputs.count(model) > self.samples.get(model, 0):
                    raise ValueError(f"second: {node.role} {node.model} reads more of {model} than `samples` has")
        return self

    def graphs(self) -> list[Graph]:
        """Graphs that together hold every node: a vote over all samples of each model, then the second level."""
        pools = [single(model) if k == 1 else parallel(model, k) for model, k in self.samples.items()]
        return [*pools, *(node.graph() for node in self.second)]


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
        """Its file's name, which sorts in the order of a task's segments."""
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


def record_bank(
    plan: BankPlan,
    engine: str,
    out: Path,
    *,
    limit: int = 0,
    slots: int | None = None,
    data_dir: Path | None = None,
    report: Callable[[Segment, int, int], object] = lambda *_: None,
    measured: Callable[[Segment, list[Rates]], object] = lambda *_: None,
    progress: Any = None,
) -> int:
    """Records the segments that `out` lacks, at most `limit` of them if not 0; returns how many.

    report: told (segment, how many are done, how many there are) before each. measured: told how its outputs relate
    to their prompts after each. Raises EngineError, InputError and
    StoreError; what was generated before stays.
    """
    out.mkdir(parents=True, exist_ok=True)
    planned = list(segments(plan))
    missing = [segment for segment in planned if not (out / segment.name).is_file()]
    done = count(len(planned) - len(missing))
    todo = missing[: limit or len(missing)]
    for segment in todo:
        report(segment, next(done), len(planned))
        unfinished = out / f".{segment.name}.sqlite"
        with Session(unfinished, engine, slots=slots, data_dir=data_dir, progress=progress) as session:
            task = _votable(session.task(segment.task))
            first_questions(task, segment.split, segment.stop)  # raises where there are fewer
            evaluator = session.evaluator(task, load_pool(plan.pool), plan.sampling, plan.prompts)
            asked = range(segment.start, segment.stop)
            evaluations = evaluator.evaluate(plan.graphs(), asked, segment.universe, segment.split)
            measured(segment, node_rates(evaluations, session.store, task.card, plan.prompts))
            written = out / f".{segment.name}.part.parquet"
            session.store.export(written)
        written.replace(out / segment.name)
        for file in out.glob(f"{unfinished.name}*"):
            file.unlink()
    return len(todo)


def _votable(task: Task) -> Task:
    if not task.card.votable:
        raise InputError("its answers cannot be compared, a bank needs votes", source=task.card.name, field="votable")
    return task
