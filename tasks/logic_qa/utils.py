"""Deduction, by four of reasoning-gym's generators."""

from collections.abc import Mapping
from typing import Any

from ttgbench.tasks.grading import text
from ttgbench.tasks.procedural import as_datasets, draw_splits, reasoning_gym_kind

SPLITS = {"search": (6101, 200), "validation": (6102, 200), "test": (6103, 500)}
KINDS = {
    "truth": reasoning_gym_kind("knights_knaves", n_people=2, depth_constraint=2, width_constraint=2),
    "syllogism": reasoning_gym_kind("syllogism"),
    "family": reasoning_gym_kind("family_relationships"),
    "siblings": reasoning_gym_kind("aiw"),
}


def dataset(season_seed: str | None = None, **_: Any) -> Mapping[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": text.grade(results[0], doc["answer"]).score}
