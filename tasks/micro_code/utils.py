"""What a tiny Python expression gives."""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping
from typing import Any

from ttgbench.tasks.grading import literal
from ttgbench.tasks.procedural import as_datasets, draw_splits

SPLITS = {"search": (2101, 60), "validation": (2102, 60), "test": (2103, 198)}
WORDS = (
    "cat dog sun tree house apple water stone light night green river bread chair table mouse horse tiger lemon melon "
    "paper glass train plane cloud storm beach ocean island forest garden window mirror silver copper butter cheese"
).split()


def row(expression: str, value: Any) -> dict[str, str]:
    return {"question": expression, "answer": repr(value)}


def length(rng: random.Random) -> dict[str, str]:
    letters = "".join(rng.choice("abcdefgh") for _ in range(rng.randint(1, 6)))
    return row(f"len({letters!r})", len(letters))


def index(rng: random.Random) -> dict[str, str]:
    items, at = rng.sample(range(1, 30), 3), rng.randint(0, 2)
    return row(f"{items}[{at}]", items[at])


def upper(rng: random.Random) -> dict[str, str]:
    word = rng.choice(WORDS) + rng.choice(["", "s", "1", "2"])
    return row(f"{word!r}.upper()", word.upper())


def compare(rng: random.Random) -> dict[str, str]:
    a, b, sign = rng.randint(1, 20), rng.randint(1, 20), rng.choice("<>")
    return row(f"{a} {sign} {b}", a < b if sign == "<" else a > b)


def join(rng: random.Random) -> dict[str, str]:
    a, b = rng.choice(WORDS), rng.choice(WORDS)
    return row(f"{a!r} + {b!r}", a + b)


def repeat(rng: random.Random) -> dict[str, str]:
    word, times = rng.choice(WORDS), rng.randint(2, 3)
    return row(f"{word!r} * {times}", word * times)


KINDS = {"length": length, "index": index, "upper": upper, "compare": compare, "join": join, "repeat": repeat}
EXAMPLES = {
    "length": [("len('hello')", "5"), ("len('ab')", "2"), ("len('cdefgh')", "6"), ("len('x')", "1")],
    "index": [("[4, 17, 9][1]", "17"), ("[8, 2, 25][0]", "8"), ("[1, 6, 30][2]", "30"), ("[22, 5, 3][1]", "5")],
    "upper": [
        ("'moon'.upper()", "'MOON'"),
        ("'sky2'.upper()", "'SKY2'"),
        ("'roads'.upper()", "'ROADS'"),
        ("'pen'.upper()", "'PEN'"),
    ],
    "compare": [("7 > 12", "False"), ("3 < 9", "True"), ("15 > 4", "True"), ("18 < 11", "False")],
    "join": [
        ("'rain' + 'bow'", "'rainbow'"),
        ("'sea' + 'shell'", "'seashell'"),
        ("'fire' + 'wood'", "'firewood'"),
        ("'book' + 'shop'", "'bookshop'"),
    ],
    "repeat": [
        ("'ha' * 3", "'hahaha'"),
        ("'moon' * 2", "'moonmoon'"),
        ("'bell' * 3", "'bellbellbell'"),
        ("'sky' * 2", "'skysky'"),
    ],
}


def dataset(season_seed: str | None = None, **_: Any) -> Mapping[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed, EXAMPLES))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": literal.grade(results[0], doc["answer"]).score}


def check() -> None:
    """Every answer is what Python says."""
    for rows in draw_splits(KINDS, SPLITS, examples=EXAMPLES).values():
        for entry in rows:
            assert eval(entry["question"]) == ast.literal_eval(entry["answer"])
