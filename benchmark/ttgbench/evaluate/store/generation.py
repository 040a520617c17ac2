"""What one node said on one question: the row that is recorded, replayed and billed.

Its fields are the columns of the SQLite file and of Parquet exports, whose schema version is raised when they change.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Literal, get_args, get_type_hints

from ttgbench.graphs.keys import seed_for

_KEY = re.compile(r"[0-9a-f]{32}")

GenerationId = tuple[str, str, int]
"""(node key, question id, universe)."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What one node said on one question in one universe. A vote is recorded too, at no tokens."""

    node_key: str
    question_id: str
    universe: int
    role: str
    model: str | None
    """None for a role that runs no model."""
    engine: str
    seed: int
    tokens_in: int
    """Prompt tokens of the attempt that succeeded."""
    tokens_out: int
    retried_tokens_in: int
    """Prompt tokens of failed attempts; billed as well."""
    retried_tokens_out: int
    attempts: int
    dropped_inputs: int
    """Predecessors left out, first in key order first, because the prompt did not fit the context."""
    finish_reason: str
    started: float
    """Unix time. Provenance only, like `seconds`: no result depends on it."""
    seconds: float
    text: str

    @property
    def id(self) -> GenerationId:
        """What there is one recorded row of."""
        return self.node_key, self.question_id, self.universe

    @property
    def content(self) -> tuple[object, ...]:
        """What results depend on: two rows with the same id and different content contradict each other."""
        return _content(self)

    def fault(self) -> str | None:
        """What is wrong with this row in itself, or None."""
        if not _KEY.fullmatch(self.node_key):
            return "node_key is not 32 hexadecimal digits"
        counts = (self.tokens_in, self.tokens_out, self.retried_tokens_in, self.retried_tokens_out)
        if min(*counts, self.dropped_inputs, self.attempts, self.universe) < 0:
            return "a count is negative"
        if not math.isfinite(self.started) or not math.isfinite(self.seconds):
            return "a time is not a number"
        if self.seed != seed_for(self.node_key, self.question_id, self.universe):
            return "the seed is not the one derived from node key, question and universe"
        return None


Graded = tuple[Generation, tuple[tuple[str, str, str | None], ...]]
"""A generation with its grades, each (grader, status, answer), sorted by grader."""

COLUMNS = tuple(field.name for field in fields(Generation))


@dataclass(frozen=True, slots=True)
class Column:
    """How a field is stored."""

    name: str
    kind: Literal["text", "integer", "real"]
    nullable: bool


def _columns() -> tuple[Column, ...]:
    kinds: dict[object, Literal["text", "integer", "real"]] = {str: "text", int: "integer", float: "real"}
    hints = get_type_hints(Generation)
    held = {name: get_args(hints[name]) or (hints[name],) for name in COLUMNS}
    return tuple(Column(name, kinds[types[0]], type(None) in types) for name, types in held.items())


STORED = _columns()
"""By `COLUMNS`."""
values_of = attrgetter(*COLUMNS)
"""A generation's values, in the order of `COLUMNS`."""
_content = attrgetter(
    "role",
    "model",
    "seed",
    "tokens_in",
    "tokens_out",
    "retried_tokens_in",
    "retried_tokens_out",
    "finish_reason",
    "text",
)


def name_of(identity: Sequence[object]) -> str:
    """How messages name a row."""
    node_key, question, universe = identity
    return f"node {str(node_key)[:32]}, question {str(question)[:80]}, universe {universe}"
