"""What code gives: programs written here, and three of reasoning-gym's generators."""

import random
from collections.abc import Mapping
from typing import Any

from ttgbench.tasks.grading import literal
from ttgbench.tasks.procedural import as_datasets, draw_splits, reasoning_gym_kind

SPLITS = {"search": (5101, 200), "validation": (5102, 200), "test": (5103, 500)}
TESTS = {"x % 2 == 0": lambda x: x % 2 == 0, "x > 5": lambda x: x > 5, "x % 3 != 1": lambda x: x % 3 != 1}
STEPS = {
    "total += x": lambda total, x: total + x,
    "total = total * 2 + x": lambda total, x: total * 2 + x,
    "total -= x": lambda total, x: total - x,
    "total = max(total, x * x)": lambda total, x: max(total, x * x),
}


def program(rng: random.Random) -> dict[str, str]:
    """A loop with one condition and two branches; its result is computed by the same functions, not by running text."""
    items = [rng.randint(1, 12) for _ in range(rng.randint(3, 6))]
    test = rng.choice(list(TESTS))
    then, other = rng.sample(list(STEPS), 2)
    total = 0
    for item in items:
        total = STEPS[then if TESTS[test](item) else other](total, item)
    lines = [f"items = {items}", "total = 0", "for x in items:", f"    if {test}:", f"        {then}", "    else:"]
    code = "\n".join([*lines, f"        {other}", "print(total)"])
    return {"question": f"What does this Python program print?\n\n{code}", "answer": str(total)}


KINDS = {
    "program": program,
    "bitwise": reasoning_gym_kind("bitwise_arithmetic", difficulty=1),
    "filter": reasoning_gym_kind("number_filtering", min_numbers=3, max_numbers=6),
    "rewriting": reasoning_gym_kind("string_manipulation", min_num_rules=3, max_num_rules=3),
}


def dataset(season_seed: str | None = None, **_: Any) -> Mapping[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": literal.grade(results[0], doc["answer"]).score}
