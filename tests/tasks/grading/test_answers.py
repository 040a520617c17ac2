"""Every row of answers/*.yaml gets the verdict and the normalised answer that it states.

One row: what a model wrote, the reference, the expected status and the normalised answer. Rows without `status` are
correct. {garbage} is replaced by 1 MB of seeded printable characters without digits, letters, brackets, backslashes or
dollar signs.
"""

import random
import string
from functools import cache
from pathlib import Path

import pytest
import yaml

from ttgbench.tasks.grading import choice, literal, math, number, text
from ttgbench.tasks.task import CORRECT, Grade

ANSWERS = Path(__file__).with_name("answers")
TABLE = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(ANSWERS.glob("*.yaml"))}
CHOICES = ["Paris", "London", "A dog", "The red fox"]
HARMLESS = [c for c in string.punctuation + " \n" if c not in "()[]{}<>\\$#"]


@cache
def garbage() -> str:
    return "".join(random.Random(0).choices(HARMLESS, k=1_000_000))


def rows(grader):
    return [pytest.param(row, id=f"{i}-{row['output'][:40]!r}") for i, row in enumerate(TABLE[grader])]


def check(row, grade, **info):
    output = row["output"].replace("{garbage}", garbage()) if "{garbage}" in row["output"] else row["output"]
    expected = Grade(row.get("status", CORRECT), row["answer"])
    assert grade(output, str(row["reference"]), **info) == expected


def test_the_table_is_large():
    assert sum(map(len, TABLE.values())) >= 600


@pytest.mark.parametrize("row", rows("number"))
def test_number(row):
    check(row, number.grade)


@pytest.mark.parametrize("row", rows("choice"))
def test_choice(row):
    check(row, choice.grade, choices=row.get("choices", CHOICES), letters=row.get("letters", "ABCD"))


@pytest.mark.parametrize("row", rows("literal"))
def test_literal(row):
    check(row, literal.grade)


@pytest.mark.parametrize("row", rows("text"))
def test_text(row):
    check(row, text.grade)


@pytest.mark.parametrize("row", rows("math"))
def test_math(row):
    check(row, math.grade)
