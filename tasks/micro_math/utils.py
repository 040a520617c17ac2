"""Arithmetic that a language model of 0.1B parameters can partly do."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from ttgbench.tasks.grading import number
from ttgbench.tasks.procedural import as_datasets, draw_splits

SPLITS = {"search": (1101, 60), "validation": (1102, 60), "test": (1103, 200)}


def row(question: str, answer: int) -> dict[str, str]:
    return {"question": question, "answer": str(answer)}


def add(rng: random.Random) -> dict[str, str]:
    a, b = rng.randint(1, 9), rng.randint(1, 9)
    return row(f"What is {a} + {b}?", a + b)


def subtract(rng: random.Random) -> dict[str, str]:
    a, b = rng.randint(6, 20), rng.randint(1, 6)
    return row(f"What is {a} - {b}?", a - b)


def multiply(rng: random.Random) -> dict[str, str]:
    a, b = rng.randint(2, 9), rng.randint(2, 12)
    return row(f"What is {a} * {b}?", a * b)


def largest(rng: random.Random) -> dict[str, str]:
    numbers = rng.sample(range(1, 100), 3)
    return row(f"Which is the largest of {numbers[0]}, {numbers[1]}, {numbers[2]}?", max(numbers))


def sequence(rng: random.Random) -> dict[str, str]:
    start, step = rng.randint(1, 20), rng.randint(1, 5)
    shown = ", ".join(str(start + step * i) for i in range(4))
    return row(f"What comes next: {shown}?", start + step * 4)


KINDS = {"add": add, "subtract": subtract, "multiply": multiply, "largest": largest, "sequence": sequence}
EXAMPLES = {
    "add": [("What is 6 + 3?", "9"), ("What is 2 + 5?", "7"), ("What is 8 + 4?", "12"), ("What is 1 + 7?", "8")],
    "subtract": [("What is 9 - 3?", "6"), ("What is 15 - 2?", "13"), ("What is 7 - 6?", "1"), ("What is 12 - 4?", "8")],
    "multiply": [
        ("What is 6 * 3?", "18"),
        ("What is 2 * 5?", "10"),
        ("What is 8 * 4?", "32"),
        ("What is 7 * 2?", "14"),
    ],
    "largest": [
        ("Which is the largest of 14, 58, 31?", "58"),
        ("Which is the largest of 72, 9, 40?", "72"),
        ("Which is the largest of 25, 63, 88?", "88"),
        ("Which is the largest of 51, 94, 17?", "94"),
    ],
    "sequence": [
        ("What comes next: 2, 5, 8, 11?", "14"),
        ("What comes next: 7, 8, 9, 10?", "11"),
        ("What comes next: 10, 15, 20, 25?", "30"),
        ("What comes next: 4, 6, 8, 10?", "12"),
    ],
}


def dataset(season_seed: str | None = None, **_: Any) -> Mapping[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed, EXAMPLES))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": number.grade(results[0], doc["answer"]).score}
