"""Invariants of the choice grader; its verdicts on single outputs are rows of answers/."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.tasks.grading import choice
from ttgbench.tasks.task import CORRECT, UNANSWERED, Grade

PHRASES = [
    "{}",
    "({})",
    "{}.",
    "**{}**",
    "The answer is {}",
    "the answer is ({}).",
    "Answer: {}) because",
    "\\text{{({})}}",
]
PHRASES += ["\\boxed{{{}}}", "$\\boxed{{\\text{{{}}}}}$", "The correct option is {}.", "I choose {}.", "{} is correct."]


@pytest.mark.parametrize("phrase", PHRASES)
@pytest.mark.parametrize("letter", "ABCDEFGHIJ")
def test_every_letter_in_every_phrasing(phrase, letter):
    assert choice.grade(phrase.format(letter), letter, letters="ABCDEFGHIJ") == Grade(CORRECT, letter)


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_letter_that_is_not_on_offer_is_no_answer(phrase):
    assert choice.extract(phrase.format("E"), letters="ABCD") is None
    assert choice.extract(phrase.format("C"), choices=["yes", "no"]) is None


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=60), st.sampled_from("ABCDEFGHIJ"))
def test_the_last_claim_wins_whatever_came_before(before, letter):
    assert choice.extract(f"{before}\n\nThe answer is ({letter}).", letters="ABCDEFGHIJ") == letter


@given(st.text(), st.lists(st.text(max_size=20), min_size=2, max_size=10))
def test_any_output_and_any_choices_get_a_grade(output, choices):
    grade = choice.grade(output, "A", choices=choices)
    assert (grade.answer is None) == (grade.status == UNANSWERED)
    assert grade.answer is None or grade.answer in "ABCDEFGHIJ"[: len(choices)]


def test_equal_texts_of_two_choices_claim_neither():
    assert choice.extract("The answer is five", choices=["five", "five", "six"]) is None


@pytest.mark.parametrize("reference", ["E", "", "AB", "1"])
def test_a_reference_that_is_not_on_offer_is_refused(reference):
    with pytest.raises(InputError, match="one of the letters ABCD"):
        choice.grade("A", reference)
