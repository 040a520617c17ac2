"""Questions on 149 countries with four choices: capitals, cities, neighbours, inhabitants, area."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttgbench.tasks.grading import choice
from ttgbench.tasks.procedural import as_datasets, draw_splits

SPLITS = {"search": (5101, 200), "validation": (5102, 50), "test": (5103, 300)}
RATIO = 1.5
"""What a comparison calls more: the right answer over the country asked about, and that over the wrong ones."""


@dataclass(frozen=True, slots=True)
class Country:
    """A row of countries.csv. `capital` and `city` are empty where they are not asked for."""

    iso: str
    name: str
    continent: str
    capital: str
    city: str
    """The largest city that is not the capital."""
    population: int
    area_km2: int
    neighbours: frozenset[str]


def _countries() -> list[Country]:
    with Path(__file__).with_name("countries.csv").open(encoding="utf-8", newline="") as file:
        return [
            Country(
                **{name: row[name] for name in ("iso", "name", "continent", "capital", "city")},
                population=int(row["population"]),
                area_km2=int(row["area_km2"]),
                neighbours=frozenset(row["neighbours"].split()),
            )
            for row in csv.DictReader(file)
        ]


COUNTRIES = _countries()


def row(rng: random.Random, question: str, right: str, wrong: Sequence[str], about: str) -> dict[str, Any]:
    """A question with its choices in random order. `about` groups questions on the same country."""
    choices = [right, *wrong]
    rng.shuffle(choices)
    return {"question": question, "choices": choices, "answer": choices.index(right), "cluster": about}


def _near(rng: random.Random, country: Country, count: int, fits: Callable[[Country], bool]) -> list[Country]:
    """Other countries of the same continent, elsewhere where it has too few."""
    rest = [other for other in COUNTRIES if other is not country and fits(other)]
    rng.shuffle(rest)
    rest.sort(key=lambda other: other.continent != country.continent)
    return rest[:count]


def capital(rng: random.Random) -> dict[str, Any]:
    country = rng.choice([each for each in COUNTRIES if each.capital])
    wrong = [each.capital for each in _near(rng, country, 3, lambda other: bool(other.capital))]
    if country.city:
        wrong[0] = country.city
    return row(rng, f"Which city is the capital of {country.name}?", country.capital, wrong, country.iso)


def city(rng: random.Random) -> dict[str, Any]:
    country = rng.choice([each for each in COUNTRIES if each.city])
    wrong = [each.name for each in _near(rng, country, 3, lambda other: True)]
    return row(rng, f"In which country is the city of {country.city}?", country.name, wrong, country.iso)


def neighbour(rng: random.Random) -> dict[str, Any]:
    known = {each.iso: each for each in COUNTRIES}
    country = rng.choice([each for each in COUNTRIES if each.neighbours & known.keys()])
    right = known[rng.choice(sorted(country.neighbours & known.keys()))]
    wrong = [each.name for each in _near(rng, country, 3, lambda other: other.iso not in country.neighbours)]
    return row(rng, f"Which of these countries has a border with {country.name}?", right.name, wrong, country.iso)


def _more(rng: random.Random, what: str, size: Callable[[Country], int]) -> dict[str, Any]:
    while True:
        country = rng.choice(COUNTRIES)
        larger = [each.name for each in COUNTRIES if size(each) >= RATIO * size(country)]
        smaller = [each.name for each in COUNTRIES if RATIO * size(each) <= size(country)]
        if larger and len(smaller) >= 3:
            question = f"Which of these countries has {what} than {country.name}?"
            return row(rng, question, rng.choice(larger), rng.sample(smaller, 3), country.iso)


def population(rng: random.Random) -> dict[str, Any]:
    return _more(rng, "more inhabitants", lambda each: each.population)


def area(rng: random.Random) -> dict[str, Any]:
    return _more(rng, "a larger area", lambda each: each.area_km2)


KINDS = {"capital": capital, "city": city, "neighbour": neighbour, "population": population, "area": area}


def dataset(season_seed: str | None = None, **_: Any) -> Mapping[str, Any]:
    return as_datasets(draw_splits(KINDS, SPLITS, season_seed))


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    return {"exact_match": choice.grade(results[0], "ABCD"[doc["answer"]], choices=doc["choices"]).score}
