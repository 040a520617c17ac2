"""Grades a final number (the gsm8k family): the field's "last number", read as a number and not as a string.

`extract` finds what lm-eval's gsm8k finds (`#### 18` first as in strict-match, else the last number as in
flexible-extract), but reads it exactly: 18.00, $18, 18. and 36/2 are all the answer "18". Where the two differ is
listed, example by example, in tests/grading/test_number.py.
"""

from __future__ import annotations

import re
from fractions import Fraction

from ttgbench.errors import InputError
from ttgbench.tasks.grading.clean import readable
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "number/1"

MAX_DIGITS = 100
"""A longer numeral is compared as text: no reference is that long, and huge integers are slow to read."""

_INTEGER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]++)"
_NUMBER = re.compile(
    rf"""
    (?P<minus>(?<![0-9A-Za-z)\]}}])-)?          # not the hyphen of 10-5 or GPT-4
    [$€£¥]?(?P<inner_minus>(?<=[$€£¥])-)?
    (?:
      (?:(?P<whole>[0-9]++)\s*+)?\\[dtc]?frac\s?\{{(?P<above>[0-9]++)\}}\s?\{{(?P<below>(?!0+\}})[0-9]++)\}}
    | (?:(?P<whole_>[0-9]++)[ ])?(?P<above_>{_INTEGER})[ ]?/[ ]?(?P<below_>(?!0+(?![0-9])){_INTEGER})(?![0-9/])
    | (?P<decimal>{_INTEGER}(?:\.[0-9]++)?|\.[0-9]++)
    )""",
    re.VERBOSE,
)
_LATEX_THOUSANDS = re.compile(r"(?<=[0-9])(?:\{,\}|,?\s?\\[!,;: ]\s?)(?=[0-9]{3})")
_STRICT = re.compile(rf"\#\#\#\#[ \t]*[*]*(?P<number>{_NUMBER.pattern})(?![ \t]*[.):][ \t]*[^\s*])", re.VERBOSE)
"""The number after `####`, unless it numbers a Markdown heading (`#### 2. Second step`)."""


def extract(output: str) -> str | None:
    """The answer as a canonical number ("18", "-2.5", "1/3"), or None where there is no digit.

    A percent sign, a currency sign and units are dropped. Outputs are bounded as `clean.readable` says.
    """
    text = _LATEX_THOUSANDS.sub(",", readable(output)).replace("\\$", "$")
    numbers = list(_STRICT.finditer(text)) or list(_NUMBER.finditer(text))
    return _canonical(numbers[-1]) if numbers else None


def grade(output: str, reference: str) -> Grade:
    """Compares the two numbers exactly. `reference`: a number, or a gsm8k solution that ends in `#### 18`.

    Raises InputError when the reference holds no number.
    """
    expected = extract(reference)
    if expected is None:
        raise InputError(f"a reference answer must hold a number, not {reference[:80]!r}", field="reference")
    answer = extract(output)
    if answer is None:
        return Grade(UNANSWERED, None)
    return Grade(CORRECT if answer == expected else WRONG, answer)


def _canonical(match: re.Match[str]) -> str:
    if match.end() - match.start() > MAX_DIGITS:
        return match[0].lstrip("# \t*")[:MAX_DIGITS]
    part = {name: text.replace(",", "") for name, text in match.groupdict().items() if text}
    above, below = part.get("above") or part.get("above_"), part.get("below") or part.get("below_")
    if above and below:
        value = Fraction(int(above), int(below)) + int(part.get("whole") or part.get("whole_") or 0)
    else:
        value = Fraction(part["decimal"])
    return _text(-value if "minus" in part or "inner_minus" in part else value)


def _text(value: Fraction) -> str:
    """An integer or a finite decimal where it is one, else a fraction in lowest terms: equal values, equal strings."""
    places = 0
    while value.denominator != 1 and places < MAX_DIGITS and (10**places) % value.denominator:
        places += 1
    scaled = value * 10**places
    if scaled.denominator != 1:
        return str(value)
    digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
    cut = len(digits) - places
    return ("-" if value < 0 else "") + digits[:cut] + ("." + digits[cut:] if places else "")
