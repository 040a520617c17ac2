"""The number grader against lm-eval's own gsm8k filters: where they agree, and each kind of difference."""

import importlib.resources
from fractions import Fraction

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.tasks.grading import number
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade


class LmEval:
    """gsm8k.yaml as lm-eval ships it: two regex filters, then exact match after its regexes_to_ignore."""

    def __init__(self):
        from lm_eval.api.metrics import exact_match_hf_evaluate
        from lm_eval.filters.extraction import RegexFilter

        text = importlib.resources.files("lm_eval.tasks.gsm8k").joinpath("gsm8k.yaml").read_text()
        config = yaml.safe_load(text)
        metric = config["metric_list"][0]
        self.match = exact_match_hf_evaluate
        self.options = {k: metric[k] for k in ("regexes_to_ignore", "ignore_case", "ignore_punctuation")}
        self.filters = {}
        for entry in config["filter_list"]:
            options = {k: v for k, v in entry["filter"][0].items() if k != "function"}
            self.filters[entry["name"]] = RegexFilter(**options)

    def correct(self, name, output, reference):
        [[found]] = self.filters[name].apply([[output]], [{}])
        return bool(self.match(predictions=[found], references=[reference], **self.options)["exact_match"])


@pytest.fixture(scope="module")
def lm_eval():
    return LmEval()


GOLD = "She sells 9 eggs at $2.\n#### 18"

SAME = [  # graded alike by flexible-extract and by us
    ("The answer is 18", CORRECT),
    ("The answer is 18.", CORRECT),
    ("9 * 2 = 18\n#### 18", CORRECT),
    ("#### 18", CORRECT),
    ("She makes $18", CORRECT),
    ("She makes $18.", CORRECT),
    ("**18**", CORRECT),
    ("\\boxed{18}", CORRECT),
    ("18%", CORRECT),
    ("18 dollars", CORRECT),
    ("= 18\n", CORRECT),
    ("18km", CORRECT),
    ("$$18$$ or so", CORRECT),
    ("-18", WRONG),
    ("18.5", WRONG),
    ("1,800", WRONG),
    ("It is 18. It took 2 steps", WRONG),
    ("5:30", WRONG),
    ("x2", WRONG),
    ("eighteen", UNANSWERED),
    ("", UNANSWERED),
]

DIFFERENT = [  # (output, what flexible-extract says, what we say, why)
    ("18.00", WRONG, CORRECT, "lm-eval compares strings, we compare numbers"),
    ("018", WRONG, CORRECT, "the same"),
    ("$18.0", WRONG, CORRECT, "the same"),
    ("18 ...", WRONG, CORRECT, "a run of two dots is a match of [$0-9.,]{2,}"),
    ("18, ,,", WRONG, CORRECT, "so is a run of commas"),
    ("It costs 18 $$", WRONG, CORRECT, "and one of dollar signs"),
    ("1,8", CORRECT, WRONG, "two numbers, not thousands"),
    ("36/2", WRONG, CORRECT, "a fraction is one number"),
    ("\\frac{36}{2}", WRONG, CORRECT, "the same in LaTeX"),
    ("20-18", WRONG, CORRECT, "the minus between two numbers is no sign"),
    ("GPT-18", WRONG, CORRECT, "nor is a hyphen"),
    ("This is 18{,}000 / 1,000", WRONG, CORRECT, "LaTeX thousands and fractions"),
    ("\\boxed{18} in 2 steps", WRONG, CORRECT, "a box is the answer whatever is said after it"),
    ("\\boxed{2 + 18}", CORRECT, WRONG, "and a sum is no number"),
    ("The answer is 18. It took 2 steps", WRONG, CORRECT, "so is what is called the answer"),
    ("The answer is 18 [3]", WRONG, CORRECT, "a citation is no number"),
    ("#### 20 - 2 = 18 eggs of 20", WRONG, CORRECT, "of an equation the right side counts"),
    ("18\n\nQuestion: 1 + 1?\n2", WRONG, CORRECT, "a made-up next question ends the answer"),
    ("#### 18\nThis took 2 steps", WRONG, CORRECT, "what follows #### is the answer, as in strict-match"),
]


@pytest.mark.parametrize(("output", "status"), SAME)
def test_graded_as_by_flexible_extract(lm_eval, output, status):
    assert number.grade(output, GOLD).status == status
    assert lm_eval.correct("flexible-extract", output, GOLD) == (status == CORRECT)


@pytest.mark.parametrize(("output", "theirs", "ours", "why"), DIFFERENT)
def test_each_difference_from_flexible_extract_is_listed(lm_eval, output, theirs, ours, why):
    assert lm_eval.correct("flexible-extract", output, GOLD) == (theirs == CORRECT), why
    assert number.grade(output, GOLD).status == ours, why


@given(st.integers(-(10**9), 10**9), st.sampled_from(["{}", "The answer is {}.", "#### {}", "= ${}", "so {} eggs\n"]))
def test_integers_agree_with_flexible_extract(lm_eval, value, phrase):
    for text in (str(value), f"{value:,}"):
        output = phrase.format(text)
        assert number.grade(output, f"#### {value}") == Grade(CORRECT, str(value))
        assert lm_eval.correct("flexible-extract", output, f"#### {value}")


@given(st.integers(-(10**6), 10**6), st.text(max_size=30).filter(lambda text: "####" not in text))
def test_the_strict_form_wins_as_in_strict_match(lm_eval, value, before):
    output = f"{before}\n#### {value}\n"
    assert number.extract(output) == str(value)
    assert lm_eval.correct("strict-match", output, f"#### {value}")


@given(st.fractions(max_denominator=1000))
def test_equal_numbers_are_equal_strings(value):
    answer = number.extract(f"= {value}")
    assert answer is not None
    assert Fraction(answer) == value
    sign, size = ("-" if value < 0 else ""), abs(value)
    assert number.extract(f"= {sign}\\frac{{{size.numerator * 3}}}{{{size.denominator * 3}}}") == answer
    assert number.extract(f"{answer}0" if "." in answer else answer) == answer


@given(st.text())
def test_any_output_gets_a_grade_that_can_be_stored(output):
    grade = number.grade(output, "18")
    assert (grade.answer is None) == (grade.status == UNANSWERED)
    assert "\0" not in (grade.answer or "")
    (grade.answer or "").encode()


@pytest.mark.parametrize("digits", ["9" * 100_000, "9" * 5_000 + "/7", "0." + "3" * 100_000])
def test_huge_numerals_are_not_computed(digits):
    grade = number.grade(digits, "18")
    assert grade.status == WRONG
    assert len(grade.answer) <= number.MAX_DIGITS


def test_a_reference_without_a_number_is_refused():
    with pytest.raises(InputError, match=r"reference: .*must hold a number, not 'none'"):
        number.grade("18", "none")
