"""Procedural tasks: splits drawn from different seeds, no question twice, the test split anew in every season."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ttgbench.errors import InputError
from ttgbench.util.extras import require

if TYPE_CHECKING:
    import datasets

_TRIES = 1000

Row = dict[str, Any]
Generator = Callable[[random.Random], Row]
Examples = Mapping[str, Sequence[tuple[str, str]]]
"""Worked examples, (question, answer), of each kind."""


def draw_splits(
    kinds: Mapping[str, Generator],
    splits: Mapping[str, tuple[int, int]],
    season_seed: str | None = None,
    examples: Examples | None = None,
) -> dict[str, list[Row]]:
    """Rows per split; kinds take turns, so that every split holds the same mixture.

    kinds: name -> function that draws one row, a mapping with at least "question" and "answer", from a generator.
    splits: name -> (seed, number of rows), in this order; a question that an earlier row asks is drawn again.
    season_seed: the secret from which `test` is drawn instead (see ttgbench.tasks.season).
    examples: shown before every question of their kind, as the row's "examples"; none of them is asked.
    Each row gets its kind as "stratum". Raises InputError when a kind runs out of new questions.
    """
    seen = {asked for pairs in (examples or {}).values() for asked, _ in pairs}
    names = list(kinds)
    drawn: dict[str, list[Row]] = {}
    for split, (own_seed, count) in splits.items():
        seed = season_seed if season_seed is not None and split == "test" else own_seed
        generators = {name: random.Random(f"{seed}/{name}") for name in names}
        drawn[split] = [_fresh(names[i % len(names)], kinds, generators, seen) for i in range(count)]
    if examples is not None:
        shown = {kind: _as_text(pairs) for kind, pairs in examples.items()}
        drawn = {split: [{"examples": shown[row["stratum"]], **row} for row in rows] for split, rows in drawn.items()}
    return drawn


def _as_text(pairs: Sequence[tuple[str, str]]) -> str:
    """Examples in the form of the prompts for base models, which set "Question: " before and "Answer:" behind."""
    return "".join(f"{asked}\nAnswer: {said}\n\nQuestion: " for asked, said in pairs)


def _fresh(kind: str, kinds: Mapping[str, Generator], generators: Mapping[str, random.Random], seen: set[str]) -> Row:
    for _ in range(_TRIES):
        row = kinds[kind](generators[kind])
        if row["question"] not in seen:
            seen.add(row["question"])
            return {**row, "stratum": kind}
    raise InputError(f"kind {kind!r} has no question left that was not asked before", source="procedural task")


def reasoning_gym_kind(name: str, cluster: Callable[[Row], str] | None = None, **config: Any) -> Generator:
    """Rows of one of reasoning-gym's generators, by its name and its configuration.

    cluster: what groups the questions, by the generator's entry: those from one template are not independent. Drawing
    raises MissingExtra where reasoning-gym is not installed.
    """

    def draw(rng: random.Random) -> Row:
        entry = require("reasoning_gym").create_dataset(name, seed=rng.randrange(2**31), size=1, **config)[0]
        row = {"question": entry["question"].strip(), "answer": str(entry["answer"])}
        return row if cluster is None else {**row, "cluster": cluster(entry)}

    return draw


@dataclass(frozen=True, slots=True)
class Drawn(Mapping[str, "datasets.Dataset"]):
    """Split -> datasets.Dataset, as lm-eval wants it; each is made when asked for, as importing `datasets` takes more
    than a second. `rows` has the same without it."""

    rows: Mapping[str, list[Row]]

    def __getitem__(self, split: str) -> datasets.Dataset:
        rows = self.rows[split]
        import datasets

        return datasets.Dataset.from_list(rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def as_datasets(rows: Mapping[str, list[Row]]) -> Drawn:
    """As lm-eval's `custom_dataset` must return it."""
    return Drawn(rows)
