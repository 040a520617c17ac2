"""Word problems of reasoning-gym's gsm_symbolic."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ttgbench.tasks.grading import number
from ttgbench.tasks.procedural import as_datasets, draw_splits, reasoning_gym_kind

SPLITS = {"search": (4101, 200), "validation": (4102, 200), "test": (4103, 500)}


def template(entry: dict[str, Any]) -> str:
    """Which of the 85 templates a question is from: no two have the same names of variables."""
    names = ",".join(sorted(entry["metadata"]["variables"]))
    return hashlib.sha256(names.encode()).hexdigest()[:8]


KINDS = {"gsm_symbolic": reasoning_gym_kind("gsm_symbolic", template)}


def dataset(season_seed: str | None = None, **_: Any) -> Mapping[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": number.grade(results[0], doc["answer"]).score}
