"""No grader gives credit for what an output denies, doubts, supposes, thought at first, or tells as others' opinion."""

import pytest

from ttgbench.tasks.grading import choice, literal, math, number, text
from ttgbench.tasks.task import CORRECT

GRADES = {
    "number": (number.grade, "42", "40"),
    "math": (math.grade, "42", "40"),
    "text": (text.grade, "Paris", "Rome"),
    "literal": (literal.grade, "42", "40"),
    "choice": (choice.grade, "A", "B"),
}
"""A grader, a right and another value."""

DENIED = [
    "The answer cannot be {}.",
    "The answer is not {}.",
    "It isn't {}.",
    "{} is wrong.",
    "{} is not the answer.",
    "{} cannot be right.",
    "{}? No.",
    "It can hardly be {}.",
    "By no means {}.",
    "We can rule out {}.",
    "Anything but {}.",
    "I doubt that it is {}.",
    "I am not convinced that it is {}.",
    "Many think {}, which is wrong.",
    "Some would say {}.",
    "Students often choose {}.",
    "You might think it is {}. It is not.",
    "My friend says the answer is {}; he is wrong.",
    "I first thought {} but that is wrong.",
    "I initially got {}, but that was a mistake.",
    "At first glance, the answer is {}.",
    "A common mistake is to answer {}.",
    "The wrong answer is {}.",
    "It is tempting to say {}.",
    "The answer would be {} if it were larger.",
    "If it were larger, the answer would be {}.",
    "Suppose it is {}.",
    "The answer is {}? No, that is not right.",
    "{} makes no sense.",
    "{} seems right, but is not.",
    "Answer: neither {} nor that.",
]
CORRECTED = [
    "The answer is {other}, not {value}.",
    "{value} is wrong; the answer is {other}.",
    "I first thought {value}, but the answer is {other}.",
    "Many say {value}, but the answer is {other}.",
    "The answer is {other}. A common wrong answer is {value}.",
    "The answer is {other} rather than {value}.",
    "The answer is not {value} but {other}.",
]
MEANT = [
    "There is no doubt that the answer is {}.",
    "I think the answer is {}.",
    "The answer is {}. That is correct.",
    "If all is well, the answer is {}.",
    "The answer is {}. It is not surprising.",
    "Both inputs are right. The answer is {}.",
    "Wait, that was wrong. The answer is {}.",
    "Many students like cats.\nAnswer: {}",
]


def credit(name, output, reference):
    return GRADES[name][0](output, reference).status == CORRECT


@pytest.mark.parametrize("name", GRADES)
@pytest.mark.parametrize("phrase", DENIED)
def test_a_denied_value_gets_no_credit(name, phrase):
    value = GRADES[name][1]
    assert not credit(name, phrase.format(value), value)


@pytest.mark.parametrize("name", GRADES)
@pytest.mark.parametrize("phrase", CORRECTED)
def test_what_corrects_it_is_the_answer(name, phrase):
    _, value, other = GRADES[name]
    output = phrase.format(value=value, other=other)
    assert credit(name, output, other)
    assert not credit(name, output, value)


@pytest.mark.parametrize("name", GRADES)
@pytest.mark.parametrize("phrase", MEANT)
def test_what_only_sounds_like_a_denial_is_none(name, phrase):
    value = GRADES[name][1]
    assert credit(name, phrase.format(value), value)


@pytest.mark.parametrize(
    "output",
    [
        "Tim answered 50 questions and got 8 wrong, so he got 42 right.",
        "Initially she had 42 marbles.",
        "If each of 6 boxes holds 7 eggs, there are 42 eggs.",
        "We first compute 6 * 7 = 42.",
        "The number of wrong answers is 42.",
        "Correcting the mistake gives 42.",
        "Out of 50 people, 42 did not answer.",
        "55% of 80 students = 44 students\nAnswer: 42",
        "42 is correct, 40 is not.",
    ],
)
def test_a_problem_may_be_about_mistakes_people_and_conditions(output):
    assert credit("number", output, "42")


def test_what_is_taken_back_later_was_never_said():
    assert number.extract("3 * 6 = 18. It is not 18.") is None
    assert number.extract("The answer is 18. Hmm, that is not right: I forgot two. So 20.") == "20"
