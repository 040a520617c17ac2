"""Short answers in words and Python values."""

import pytest

from ttgbench.errors import InputError
from ttgbench.tasks.grading import literal, text
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade


@pytest.mark.parametrize(
    ("output", "reference", "status", "answer"),
    [
        ("Paris", "Paris", CORRECT, "paris"),
        (" paris.\n\nQuestion: next", "Paris", CORRECT, "paris"),
        ("The answer is Paris.", "Paris", CORRECT, "paris"),
        ("**Answer:** Paris", "Paris", CORRECT, "paris"),
        ("Think: London? No.\nAnswer: Paris", "Paris", CORRECT, "paris"),
        ("Answer: London\nWait.\nFinal answer: Paris", "Paris", CORRECT, "paris"),
        ("Brasília", "Brasilia", CORRECT, "brasilia"),
        ("an apple", "apple", CORRECT, "apple"),
        ("A", "A", CORRECT, "a"),
        ("not Paris", "Paris", WRONG, "not paris"),
        ("London", "Paris", WRONG, "london"),
        ("", "Paris", UNANSWERED, None),
        ("...", "Paris", UNANSWERED, None),
    ],
)
def test_text(output, reference, status, answer):
    assert text.grade(output, reference) == Grade(status, answer)


def test_aliases_count_as_one_answer():
    assert text.grade("little", "small", aliases=["little"]) == Grade(CORRECT, "small")


@pytest.mark.parametrize(
    ("output", "reference", "status", "answer"),
    [
        ("5", "5", CORRECT, "5"),
        ("'abc'", '"abc"', CORRECT, "'abc'"),
        ("abc", "'abc'", CORRECT, "'abc'"),
        ("[1,2]", "[1, 2]", CORRECT, "[1, 2]"),
        (">>> [1, 2]", "[1, 2]", CORRECT, "[1, 2]"),
        ("`True`.", "True", CORRECT, "True"),
        ("The answer is 5.", "5", CORRECT, "5"),
        ("0x10", "0x10", CORRECT, "16"),
        ("Step 1: 4\nStep 2: 5\nAnswer: -5", "-5", CORRECT, "-5"),
        ("Answer: 'a b'", "'a b'", CORRECT, "'a b'"),
        ("1", "True", WRONG, "1"),
        ("2.0", "2", WRONG, "2.0"),
        ("5 apples", "5", WRONG, "'5 apples'"),
        ("", "5", UNANSWERED, None),
    ],
)
def test_literal(output, reference, status, answer):
    assert literal.grade(output, reference) == Grade(status, answer)


def test_hostile_literals_end():
    for output in ("(" * 100_000, "9" * 100_000, "[" * 200 + "]" * 200, "'\\ud800'", "1e999999"):
        assert literal.grade(output, "5").status == WRONG


def test_a_reference_must_say_something():
    with pytest.raises(InputError):
        text.grade("x", "...")
    with pytest.raises(InputError):
        literal.grade("x", "")


@pytest.mark.parametrize(("said", "reference"), [("two", "two"), ("Two.", "two"), ("2", "two"), ("two", "2")])
def test_a_number_in_words_is_the_numeral_on_either_side(said, reference):
    assert text.grade(f"Answer: {said}", reference).status == "correct"
    assert text.grade("Answer: three", reference).status == "wrong"
