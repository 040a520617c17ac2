"""No grader gives credit for what an output denies or tells as others' opinion; in doubt a value counts."""

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
    "Anything but {}.",
    "I doubt that it is {}.",
    "I am not convinced that it is {}.",
    "Many think {}, which is wrong.",
    "Some would say {}.",
    "You might think it is {}. It is not.",
    "My friend says the answer is {}; he is wrong.",
    "I first thought {} but that is wrong.",
    "I initially got {}, but that was a mistake.",
    "At first glance, the answer is {}.",
    "A common mistake is to answer {}.",
    "The wrong answer is {}.",
    "It is tempting to say {}.",
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
    "The most likely answer is {}.",
    "Most likely the answer is {}.",
    "I confirm that my previous answer is {}.",
    "I assume the answer is {}.",
    "If the first line were true, it would contradict the second, so the answer is {}.",
    "There is no doubt that the answer is {}.",
    "I think the answer is {}.",
    "The answer is {}. That is correct.",
    "If all is well, the answer is {}.",
    "The answer is {}. It is not surprising.",
    "Both inputs are right. The answer is {}.",
    "Wait, that was wrong. The answer is {}.",
    "Many students like cats.\nAnswer: {}",
    "If I had to guess, the answer would be {}.",
    "The answer is {}; it is a mistake to say more.",
    "The answer is {}, although many believe otherwise.",
    "{}",
    "{}.",
    "Answer: {}\n\nNote: However, this is not the only way to see it.",
]
KEPT = [
    "The most reasonable guess is {}.",
    "My initial answer was {}, and I stand by it.",
    "My original answer was {}, which is correct.",
    "I cannot think of anything but {}.",
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


@pytest.mark.parametrize("name", ["number", "choice"])
@pytest.mark.parametrize("phrase", KEPT)
def test_a_value_that_is_kept_or_guessed_counts_where_a_sentence_is_read(name, phrase):
    assert credit(name, phrase.format(GRADES[name][1]), GRADES[name][1])


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
        "The number of mistakes is 42.",
        "The number of rejected parts is 42.",
        "She discarded 42 of the cards.",
        "He ruled out 42 suspects.",
        "42 were wrong.",
        "Each wrong answer is 42 points.",
        "The penalty for a wrong answer is 42 points.",
        "Friends should expect 42.",
        "You would say 42.",
        "Most students picked 42 flowers.",
        "I initially had 42 apples.",
        "The previous value was 42.",
        "All but 42 passed, so 42 failed.",
        "No number other than 42 works.",
        "If she sold them all, she would have 42.",
        "42 if rounded.",
        "42 is an upper bound for the number of boxes.",
        "42; it is a mistake to forget the tip.",
        "The answer is 42. It would be a mistake to add 5.",
        "Answer: 42. However, 5 of them are red.",
        "The total is 42, which is too low for the bike.",
        "The difference is 42. This is the error.",
        "I'm not sure, but I think 42.",
        "The number that are not red is 42.",
        "The price does not change: 42",
        "1. **Wrong answers:** 20 - 14 = 6\n2. **Correct answers:** 14\n\nShe scores 3 * 14 = 42",
    ],
)
def test_a_problem_may_be_about_mistakes_people_and_conditions(output):
    assert credit("number", output, "42")


@pytest.mark.parametrize("reference", ["It is impossible", "not dead, but sleeping", "not guilty", "wrong", "Rule 5"])
@pytest.mark.parametrize("output", ["{}", "{}.", "Answer: {}", "**{}**", "The answer is: {}"])
def test_a_reference_in_words_that_deny_can_be_answered(output, reference):
    assert text.grade(output.format(reference), reference).status == CORRECT


def test_one_thing_that_fails_is_a_count():
    assert credit("number", "Of the 5 lamps, 1 does not work.", "1")
    assert credit("number", "Of the 5 answers, 1 is wrong.", "1")


@pytest.mark.parametrize(
    ("output", "choices", "letter"),
    [
        ("C: False, True", ("True, True", "True, False", "False, True", "False, False"), "C"),
        ("B: No", ("Yes", "No"), "B"),
        ("B: no.", (), "B"),
        ("A: Wrong, Wrong", ("Wrong, Wrong", "Not wrong, Wrong"), "A"),
        ("A) Wrong", ("It is wrong", "It is right"), "A"),
        ("D) None of these are incorrect", ("x", "y", "z", "None of these are incorrect"), "D"),
        ("A) is not a mammal", ("is not a mammal", "is wrong"), "A"),
        ("B: is wrong", ("is not a mammal", "is wrong"), "B"),
        ("A: no\nB: no\nC: yes", ("x", "y", "z"), "C"),
        ("A) x - incorrect\nB) y - correct", ("x", "y"), "B"),
        ("You should pick B.", ("x", "y"), "B"),
    ],
)
def test_an_option_s_text_behind_its_letter_denies_nothing(output, choices, letter):
    assert choice.extract(output, choices=choices) == letter


def test_what_is_taken_back_later_was_never_said():
    assert number.extract("3 * 6 = 18. It is not 18.") is None
    assert number.extract("The answer is 18. Hmm, that is not right: I forgot two. So 20.") == "20"
    assert number.extract("Answer: 18\nWait, I forgot two. So it is 20.") == "20"
