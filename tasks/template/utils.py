"""The questions of my_task, drawn from seeds."""

import random
from collections.abc import Mapping
from typing import Any

from ttgbench.tasks.grading import number
from ttgbench.tasks.procedural import as_datasets, draw_splits

SPLITS = {"search": (1, 20), "validation": (2, 20), "test": (3, 50)}


def add(rng: random.Random) -> dict[str, str]:
    a, b = rng.randint(10, 99), rng.randint(10, 99)
    return {"question": f"What is {a} + {b}?", "answer": str(a + b)}


def dataset(season_seed: str | None = None, **_: Any) -> Mapping[str, Any]:
    return as_datasets(draw_splits({"add": add}, SPLITS, season_seed))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": number.grade(results[0], doc["answer"]).score}
