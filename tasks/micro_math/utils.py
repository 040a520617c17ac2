"""Arithmetic that a language model of 0.1B parameters can partly do."""

from __future__ import annotations

import random
from typing import Any

from ttgbench.grading import number
from ttgbench.procedural import as_datasets, draw_splits

SPLITS = {"search": (1101, 60), "validation": (1102, 60), "test": (1103, 200)}


def add(rng: random.Random) -> dict[str, str]:
    a, b = rng.randint(1, 15), rng.randint(1, 15)
    return {"question": f"What is {a} + {b}?", "answer": str(a + b)}


def multiply(rng: random.Random) -> dict[str, str]:
    a, b = rng.randint(2, 12), rng.randint(2, 12)
    return {"question": f"What is {a} * {b}?", "answer": str(a * b)}


def largest(rng: random.Random) -> dict[str, str]:
    numbers = rng.sample(range(1, 100), 3)
    return {
        "question": f"Which is the largest of {numbers[0]}, {numbers[1]}, {numbers[2]}?",
        "answer": str(max(numbers)),
    }


def sequence(rng: random.Random) -> dict[str, str]:
    start, step = rng.randint(1, 20), rng.randint(1, 10)
    shown = ", ".join(str(start + step * i) for i in range(4))
    return {"question": f"What number comes next: {shown}?", "answer": str(start + step * 4)}


def story(rng: random.Random) -> dict[str, str]:
    name, thing = rng.choice(["Ann", "Ben", "Eva", "Max"]), rng.choice(["apples", "books", "coins", "pens"])
    a, b = rng.randint(1, 9), rng.randint(1, 9)
    return {
        "question": f"{name} has {a} {thing} and gets {b} more. How many {thing} has {name} now?",
        "answer": str(a + b),
    }


KINDS = {"add": add, "multiply": multiply, "largest": largest, "sequence": sequence, "story": story}


def dataset(season_seed: str | None = None, **_: Any) -> dict[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": number.grade(results[0], doc["answer"]).score}
