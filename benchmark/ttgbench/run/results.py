"""Records of finished runs: what is written to `result.json`, and how such files are read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_serializer,
    model_serializer,
    model_validator,
)

from ttgbench.errors import InputError
from ttgbench.problems.method import Metadata
from ttgbench.util.arguments import file_path
from ttgbench.util.yaml_input import validation_message

RESULT_NAME, LOG_NAME = "result.json", "log.jsonl"
MAX_RESULT_BYTES = 64 << 20

Status = Literal["finished", "exhausted", "crashed", "over_budget", "no_graph", "timeout", "died"]
"""How a search ended: it returned a graph; its budget ran out; it raised; it returned a graph over budget, or none;
it ran past its limit; its process died. Whatever it was, the graph recommended last counts."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Priced(_Record):
    """A record that has FLOPs and dollars."""

    @model_validator(mode="before")
    @classmethod
    def _unpriced(cls, data: Any) -> Any:
        """Older results call 0 dollars what has no known price; nobody computes for nothing."""
        if isinstance(data, dict) and data.get("dollars") == 0 and data.get("flops"):
            return {**data, "dollars": None}
        return data


class NominalCost(_Priced):
    """Nominal cost of one query."""

    flops: int = Field(ge=0)
    units: float = Field(ge=0)
    dollars: float | None = Field(ge=0)
    """None: the price of some model is not known."""
    seconds: float = Field(ge=0)


class TestScore(_Priced):
    """How one graph did on the test questions: means over questions and universes, costs per query."""

    __test__ = False  # not a pytest class

    key: str
    graph: dict[str, Any]
    nominal: NominalCost
    value: float
    """The problem's objective."""
    accuracy: float = Field(ge=0, le=1)
    flops: float = Field(ge=0)
    """Measured, as all that follows."""
    dollars: float | None = Field(ge=0)
    """None: the price of some model is not known."""
    seconds: float = Field(ge=0)
    tokens_in: float = Field(ge=0)
    tokens_out: float = Field(ge=0)
    statuses: dict[str, int]
    """How many outputs got each grade status."""
    universes: tuple[int, ...]
    scores: tuple[tuple[float, ...], ...] = ()
    """Rows are universes, columns questions. Kept for the graph that the search ended with."""

    @field_serializer("scores")
    def _compact(self, scores: tuple[tuple[float, ...], ...]) -> list[list[float]]:
        return [[int(score) if score in (0, 1) else score for score in row] for row in scores]


class Incumbent(_Record):
    """The graph recommended from a certain spend on."""

    at: float = Field(ge=0)
    """Search spend in full evaluations."""
    key: str


class SearchSpend(_Record):
    """What the search cost, in the ledger's metric."""

    metric: str
    limit: int = Field(ge=0)
    spent: int = Field(ge=0)
    full_evaluation: int = Field(ge=1)
    by_category: dict[str, int]
    dollars: float | None = None
    """At the cards' prices; None: the price of some model is not known."""

    @property
    def agent_evaluations(self) -> float:
        """The search agent's part of the spend, in full evaluations."""
        return self.by_category.get("agent", 0) / self.full_evaluation

    @property
    def full_evaluations(self) -> float:
        """Spend in full evaluations."""
        return self.spent / self.full_evaluation


class CellResult(_Record):
    """One run: method x problem x seed."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    suite: str
    suite_version: int
    suite_hash: str
    problem: str
    task: str
    task_version: int
    grader: str
    method: Metadata
    seed: int = Field(ge=0)
    status: Status
    error: str | None = None
    search: SearchSpend
    fallback: float | None = Field(default=None, ge=0, le=1)
    """Share of decisions that a fallback took because the agent's replies were of no use; None: nothing was told."""
    incumbents: tuple[Incumbent, ...]
    """The anytime log, by rising spend; the last one is what the search ended with. Empty: nothing was recommended."""
    question_ids: tuple[str, ...]
    clusters: tuple[str, ...] = ()
    """One label per question where the task groups them; else empty."""
    test: tuple[TestScore, ...]
    """One per distinct graph: all of `incumbents`, or, where the suite says so, those at its checkpoints."""

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The text of results that tell of no fallback stays what it was before any could."""
        data: dict[str, Any] = handler(self)
        if self.fallback is None:
            data.pop("fallback", None)
        return data

    def score_of(self, key: str | None) -> TestScore | None:
        """Test score of the graph with this key."""
        return next((score for score in self.test if score.key == key), None)

    def incumbent(self, at: float) -> TestScore | None:
        """Test score of the graph that a search stopped at this spend, in full evaluations, ends with."""
        return self.score_of(next((i.key for i in reversed(self.incumbents) if i.at <= at), None))

    @property
    def final(self) -> TestScore | None:
        """Test score of the graph the search ended with; None if it ended without one."""
        return self.score_of(self.incumbents[-1].key) if self.incumbents else None

    def to_json(self) -> str:
        """Canonical text: same result, same bytes."""
        data = self.model_dump(mode="json", by_alias=True)
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_result(path: Path) -> CellResult:
    """Reads one result file. Raises InputError naming file and field."""
    try:
        if path.stat().st_size > MAX_RESULT_BYTES:
            raise InputError(f"larger than {MAX_RESULT_BYTES} bytes", source=path)
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=path) from None
    try:
        return CellResult.model_validate_json(data)
    except ValidationError as error:
        raise InputError(validation_message(error), source=path) from None


def result_paths(folder: Path) -> Iterator[Path]:
    """Every result file below a folder, in sorted order."""
    if not folder.is_dir():
        raise InputError("is not a folder of results", source=folder)
    yield from sorted(folder.rglob(RESULT_NAME))


def read_results(folder: str | Path) -> list[CellResult]:
    """Every result below a folder. Raises InputError if there is none, or naming the first that is broken."""
    folder = file_path(folder, "folder")
    results = [read_result(path) for path in result_paths(folder)]
    if not results:
        raise InputError(f"holds no {RESULT_NAME}; make some with `ttgbench run`", source=folder)
    return results
