"""The files of an archive: their names, the most bytes of each, which are packed, and which run.json lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ttgbench.problems.suite import Suite

RUN, CELLS, LOGS = "run.json", "cells.jsonl.gz", "logs.jsonl.gz"
SUBMISSION, STORE, VERIFICATION = "submission.zip", "store.parquet", "verification.json"
LIMITS: Mapping[str, int] = {
    RUN: 1 << 20,
    CELLS: 256 << 20,
    LOGS: 256 << 20,
    SUBMISSION: 8 << 20,
    STORE: 1 << 30,
    VERIFICATION: 1 << 20,
}
"""Files of an archive and the most bytes each may have, and what a packed one unpacks to as well."""
PACKED = (CELLS, LOGS)
"""Gzip files."""
HASHED = (CELLS, LOGS, STORE, SUBMISSION)
"""Files that run.json lists and the run id depends on."""
MAX_LINE_BYTES = 32 << 20
"""Longest line of a packed file."""


def uses_store(suite: Suite, agent: str | None) -> bool:
    """Whether runs with this search agent rest on texts that an archive has to hold: an agent's replies, or what models
    generated, unless a bank holds it, which whoever has the suite has."""
    return agent is not None or not (suite.simulated or suite.bank is not None)


def content_name(name: str) -> str:
    """What run.json calls a file. It lists what packed files unpack to, since that does not depend on who packed it."""
    return name.removesuffix(".gz") if name in PACKED else name
