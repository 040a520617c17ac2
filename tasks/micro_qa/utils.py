"""Short questions with short answers: capitals, countries, continents, opposites, first letters."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttgbench.tasks.grading import text
from ttgbench.tasks.procedural import as_datasets, draw_splits

SPLITS = {"search": (3101, 60), "validation": (3102, 60), "test": (3103, 200)}


def _facts() -> Any:
    """facts.py beside this file; lm-eval loads this file alone, so a plain import would not find it."""
    spec = importlib.util.spec_from_file_location("micro_qa_facts", Path(__file__).with_name("facts.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FACTS = _facts()
OPPOSITES = {answer: word for word, answer in FACTS.OPPOSITES.items()} | FACTS.OPPOSITES


def row(question: str, answer: str, aliases: list[str] | None = None) -> dict[str, Any]:
    return {"question": question, "answer": answer, "aliases": aliases or []}


def capital(rng: random.Random) -> dict[str, Any]:
    country = rng.choice(list(FACTS.CAPITALS))
    return row(f"What is the capital of {country}?", FACTS.CAPITALS[country])


def country(rng: random.Random) -> dict[str, Any]:
    land = rng.choice(list(FACTS.CAPITALS))
    return row(f"Of which country is {FACTS.CAPITALS[land]} the capital?", land)


def continent(rng: random.Random) -> dict[str, Any]:
    country = rng.choice(list(FACTS.CONTINENTS))
    return row(f"On which continent is {country}?", FACTS.CONTINENTS[country])


def opposite(rng: random.Random) -> dict[str, Any]:
    word = rng.choice(list(OPPOSITES))
    answer = OPPOSITES[word]
    return row(f"What is the opposite of {word}?", answer, FACTS.SYNONYMS.get(answer))


def first_letter(rng: random.Random) -> dict[str, Any]:
    word = rng.choice([*FACTS.OPPOSITES, *FACTS.SYNONYMS])
    return row(f"What is the first letter of the word {word}?", word[0].upper())


KINDS = {
    "capital": capital,
    "continent": continent,
    "opposite": opposite,
    "first_letter": first_letter,
    "country": country,
}


EXAMPLES = {
    "capital": [
        ("What is the capital of Scotland?", "Edinburgh"),
        ("What is the capital of Taiwan?", "Taipei"),
        ("What is the capital of Sudan?", "Khartoum"),
        ("What is the capital of Panama?", "Panama City"),
    ],
    "country": [
        ("Of which country is Edinburgh the capital?", "Scotland"),
        ("Of which country is Taipei the capital?", "Taiwan"),
        ("Of which country is Khartoum the capital?", "Sudan"),
        ("Of which country is Panama City the capital?", "Panama"),
    ],
    "continent": [
        ("On which continent is South Africa?", "Africa"),
        ("On which continent is Monaco?", "Europe"),
        ("On which continent is Taiwan?", "Asia"),
        ("On which continent is French Guiana?", "South America"),
    ],
    "opposite": [
        ("What is the opposite of begin?", "end"),
        ("What is the opposite of tall?", "short"),
        ("What is the opposite of yes?", "no"),
        ("What is the opposite of broken?", "whole"),
    ],
    "first_letter": [
        ("What is the first letter of the word music?", "M"),
        ("What is the first letter of the word apple?", "A"),
        ("What is the first letter of the word paper?", "P"),
        ("What is the first letter of the word table?", "T"),
    ],
}


def dataset(season_seed: str | None = None, **_: Any) -> Mapping[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed, EXAMPLES))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": text.grade(results[0], doc["answer"], aliases=doc["aliases"]).score}
