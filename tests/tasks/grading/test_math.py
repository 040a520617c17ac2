"""Invariants of the math grader; its verdicts on single outputs are rows of answers/."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.tasks.grading import math
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

SAME = [
    [r"\frac12", r"\frac{1}{2}", r"\dfrac{1}{2}", r"\tfrac 12", "1/2", "0.5", ".5", "0.50", "x = 1/2", r"\frac{2}{4}"],
    [r"2\sqrt{3}", r"\sqrt{12}", r"\frac{6}{\sqrt 3}", r"2 \cdot \sqrt3", r"2\sqrt{3}\text{ cm}"],
    ["x^2+2x+1", "(x+1)^2", "1 + 2x + x^2", "y = (x+1)(x+1)"],
    ["1,2,3", r"\{3,2,1\}", r"3, 1 \text{ and } 2", r"\left\{1,2,3\right\}"],
    [r"(-\infty, 3) \cup (4, \infty)", r"(4,\infty)\cup(-\infty,3)"],
    ["9x^2-16y^2=144", r"\frac{x^2}{16}-\frac{y^2}{9}=1"],
    [r"\text{even}", "even", r"\textbf{Even}", r"\mathrm{even}"],
    ["10000", "10,000", r"10{,}000", r"10\,000", "10^4", r"\$10,000", r"10000\text{ dollars}"],
]
"""Groups of spellings of one answer. No two groups are equal."""


@pytest.mark.parametrize("group", SAME, ids=lambda group: group[0])
def test_equal_answers_are_equal_strings(group):
    assert len({math.extract(rf"\boxed{{{spelling}}}") for spelling in group}) == 1


def test_different_answers_are_different_strings():
    assert len({math.extract(rf"\boxed{{{group[0]}}}") for group in SAME}) == len(SAME)


@pytest.mark.parametrize("group", SAME, ids=lambda group: group[0])
def test_equal_answers_are_graded_correct(group):
    for spelling in group:
        assert math.grade(rf"so $\boxed{{{spelling}}}$.", group[0]).status == CORRECT


@settings(deadline=None, max_examples=50)
@given(st.integers(-999, 999), st.integers(1, 99), st.integers(1, 9))
def test_fractions_in_any_terms(above, below, factor):
    output = rf"\boxed{{\frac{{{above * factor}}}{{{below * factor}}}}}"
    grade = math.grade(output, rf"\frac{{{above}}}{{{below}}}")
    assert grade == Grade(CORRECT, math.extract(f"The answer is {above}/{below}."))
    assert math.grade(output, rf"\frac{{{above + 1}}}{{{below}}}").status == WRONG


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="\\boxedfracsqrtn{}()[]$^_+-=<>,.;: 0123456789xyi\n", max_size=40))
def test_any_output_gets_a_grade(output):
    for text in (output, rf"\boxed{{{output}}}"):
        grade = math.grade(text, "5")
        assert (grade.answer is None) == (grade.status == UNANSWERED)


@pytest.mark.parametrize(
    "answer", ["9" * 100_000, "{" * 400 + "5" + "}" * 400, "(" * 500 + "5", r"\frac{1}{" * 90 + "1" + "}" * 90]
)
def test_what_is_too_large_to_read_is_compared_as_text(answer):
    grade = math.grade(rf"\boxed{{{answer}}}", "5")
    assert grade.status == WRONG
    assert len(grade.answer) <= 1_000


def test_canonical_strings_do_not_depend_on_the_hash_seed():
    answers = [r"x y + z + \sqrt{2} a", r"3, 1, x, \pi", r"(a,b) \cup (c,d)", r"\frac{q}{p+r}"]
    script = f"from ttgbench.tasks.grading import math\nfor s in {answers}: print(math.extract('\\\\boxed{{%s}}' % s))"
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    elsewhere = subprocess.run([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, check=True)
    assert elsewhere.stdout.decode().splitlines() == [math.extract(rf"\boxed{{{answer}}}") for answer in answers]


def test_an_empty_reference_is_refused():
    with pytest.raises(InputError, match="reference: a reference answer must not be empty"):
        math.grade("5", " ")
