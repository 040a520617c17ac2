"""Procedural tasks: splits drawn from different seeds, no question twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from ttgbench.errors import InputError

_TRIES = 1000

Row = dict[str, Any]
Generator = Callable[[random.Random], Row]


def draw_splits(kinds: Mapping[str, Generator], splits: Mapping[str, tuple[int, int]]) -> dict[str, list[Row]]:
    """Rows per split; kinds take turns, so that every split holds the same mixture.

    kinds: name -> function that draws one row, a mapping with at least "question" and "answer", from a generator.
    splits: name -> (seed, number of rows), in this order; a question that an earlier row asks is drawn again.
    Each row gets its kind as "stratum". Raises InputError when a kind runs out of new questions.
    """
    seen: set[str] = set()
    names = list(kinds)
    drawn: dict[str, list[Row]] = {}
    for split, (seed, count) in splits.items():
        generators = {name: random.Random(f"{seed}/{name}") for name in names}
        drawn[split] = [_fresh(names[i % len(names)], kinds, generators, seen) for i in range(count)]
    return drawn


def _fresh(kind: str, kinds: Mapping[str, Generator], generators: Mapping[str, random.Random], seen: set[str]) -> Row:
    for _ in range(_TRIES):
        row = kinds[kind](generators[kind])
        if row["question"] not in seen:
            seen.add(row["question"])
            return {**row, "stratum": kind}
    raise InputError(f"kind {kind!r} has no question left that was not asked before", source="procedural task")


def as_datasets(rows: Mapping[str, list[Row]]) -> dict[str, Any]:
    """As lm-eval's `custom_dataset` must return it: split -> datasets.Dataset."""
    import datasets

    return {split: datasets.Dataset.from_list(list_) for split, list_ in rows.items()}
