"""geography: four different choices, one of them right by the table, and no country twice in a kind."""

from __future__ import annotations

from collections import Counter

import pytest

from ttgbench.tasks.folder import load_task


@pytest.fixture(scope="module")
def task():
    return load_task("geography")


@pytest.fixture(scope="module")
def rows(task):
    return [question.doc for split in task.card.splits for question in task.questions(split)]


@pytest.fixture(scope="module")
def table(task):
    lines = (task.folder / "countries.csv").read_text().splitlines()
    head = lines[0].split(",")
    return {row["name"]: row for row in (dict(zip(head, line.split(","), strict=True)) for line in lines[1:])}


def test_choices_are_four_different_ones(rows):
    assert all(len(set(row["choices"])) == 4 for row in rows)
    places = Counter(row["answer"] for row in rows)
    assert all(0.2 < places[place] / len(rows) < 0.3 for place in range(4))


def test_no_country_is_asked_about_twice_in_a_kind(rows):
    assert max(Counter((row["stratum"], row["cluster"]) for row in rows).values()) == 1


def test_one_choice_alone_is_right(rows, table):
    def size(name, column):
        return int(table[name][column])

    by_iso = {row["iso"]: name for name, row in table.items()}
    for row in rows:
        country = by_iso[row["cluster"]]
        right, wrong = row["choices"][row["answer"]], {*row["choices"]} - {row["choices"][row["answer"]]}
        if row["stratum"] == "capital":
            assert right == table[country]["capital"]
        elif row["stratum"] == "city":
            assert right == country
            assert table[country]["city"] in row["question"]
        elif row["stratum"] == "neighbour":
            near = set(table[country]["neighbours"].split())
            assert [table[name]["iso"] in near for name in [right, *sorted(wrong)]] == [True, False, False, False]
        else:
            column = "population" if row["stratum"] == "population" else "area_km2"
            assert size(right, column) >= 1.5 * size(country, column)
            assert all(size(country, column) >= 1.5 * size(name, column) for name in wrong)
