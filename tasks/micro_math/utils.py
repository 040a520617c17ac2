"""Arithmetic that a language model of 0.1B parameters can partly do."""

from __future__ import annotations

import random
from typing import Any

from ttgbench.grading import number
from ttgbench.procedural import as_datasets, draw_splits

SPLITS = {"search": (1101, 60), "validation": (1102, 60), "test": (1103, 200)}


def add(rng: random.Random) -> dict[str, str]:
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    return {"question": f"What is {a} + {b}?", "answer": str(a + b)}


def multiply(rng: random.Random) -> dict[str, str]:
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    return {"question": f"What is {a} * {b}?", "answer": str(a * b)}


def larger(rng: random.Random) -> dict[str, str]:
    a, b = rng.sample(range(1, 100), 2)
    return {"question": f"Which is larger, {a} or {b}?", "answer": str(max(a, b))}


def sequence(rng: random.Random) -> dict[str, str]:
    start = rng.randint(1, 150)
    shown = ", ".join(str(start + i) for i in range(4))
    return {"question": f"What number comes next: {shown}?", "answer": str(start + 4)}


KINDS = {"add": add, "multiply": multiply, "larger": larger, "sequence": sequence}


def dataset(season_seed: str | None = None, **_: Any) -> dict[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": number.grade(results[0], doc["answer"]).score}
