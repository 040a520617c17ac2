"""Grades a final number (the gsm8k family): the field's "last number", read as a number and not as a string.

The answer stands in the last box; else behind `####` (`#### 18` first as in lm-eval's strict-match); else behind the
last "the answer is"; else it is the last number, as in flexible-extract. Of an equation, the right side counts. It is
read exactly: 18.00, $18, 18. and 36/2 are all the answer "18". Where this differs from lm-eval is listed, example by
example, in tests/tasks/grading/test_number.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from ttgbench.errors import InputError
from ttgbench.tasks.grading.answer_text import readings
from ttgbench.tasks.grading.boxes import boxes
from ttgbench.tasks.grading.clean import readable
from ttgbench.tasks.grading.echo import find
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "number/2"

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
_CITATION = re.compile(
    r"(?<!\bis)(?<!\bare)(?<![=:])(?<=\S)[ \t]+\[[0-9]{1,2}\](?:,?[ ]?\[[0-9]{1,2}\])*"
    r"|^[ \t]*\[[0-9]{1,2}\](?:(?=[ :])|(?:,?[ ]?\[[0-9]{1,2}\])+)",
    re.MULTILINE,
)
_WRAPPED = re.compile(r"\\(?:text|mbox|math)[a-z]{0,6}\s?\{([^{}]*)\}")
_MARK = re.compile(r"####[ \t]*(?:\n\s*)?(?P<said>[^\n]*)")
_TITLE = re.compile(r"(?i)\W*(?:[0-9]{1,3}[ \t]*[.):][ \t]*[^\s*]|(?:step|part|question|case|section|option|method)\b)")
"""How a Markdown heading begins that numbers a section."""
_CLAIM = re.compile(
    r"""(?i)\banswers?\b(?:[ ](?!not\b)[\w'’"()-]+){0,8}?
        (?:[ ](?:is|was|are|will[ ]be|would[ ]be|comes[ ]to)\b[ ]?:?|[*_ ]{0,4}[:=])
        [\s*_:]*(?=(?P<said>[^\n]{1,300}))""",
    re.VERBOSE,
)
_FOLLOWS_BADLY = re.compile(
    r"""\W{0,4}(?: [-+*/×÷^]\s?[($\\]?\d | \\(?:times|cdot|div)\b | [x*]\s?\d | !(?=\s*[-+*/=]) | \^
        | [ ](?:or|and|to|times|plus|minus|divided|multiplied)[ ]\W{0,3}\d | ,[ ]?\W{0,2}\d )""",
    re.VERBOSE,
)
"""Behind a number: it is a term, or one of several."""
_REVISED = re.compile(
    r"(?i)\b(?:wait|actually|correction|sorry|mistake|recheck|reconsider|oops|but|however|instead|no,)\b"
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|\W*$)|,?\s(?:because|since)\b")


def extract(output: str, *, stop: Sequence[str] = ()) -> str | None:
    """The answer as a canonical number ("18", "-2.5", "1/3"), or None where there is no digit.

    What is stated as the answer and is no single number ("5 or 6", "2^3") is given as text. A percent sign, a currency
    sign and units are dropped. Outputs are bounded as `clean.readable` says. `stop`: the task's stop strings.
    """
    return find(readings(readable(output), stop), _stated, _last)


def grade(output: str, reference: str, *, stop: Sequence[str] = ()) -> Grade:
    """Compares the two numbers exactly. `reference`: a number, or a gsm8k solution that ends in `#### 18`.

    Raises InputError when the reference holds no number.
    """
    expected = extract(reference)
    if expected is None:
        raise InputError(f"a reference answer must hold a number, not {reference[:80]!r}", field="reference")
    answer = extract(output, stop=stop)
    if answer is None:
        return Grade(UNANSWERED, None)
    return Grade(CORRECT if answer == expected else WRONG, answer)


def _tidied(text: str) -> str:
    text = _LATEX_THOUSANDS.sub(",", text).replace("\\$", "$").replace("\\%", "%")
    return _CITATION.sub(" ", _WRAPPED.sub(r"\1", text))


def _stated(text: str) -> str | None:
    """What is called the answer: the last box, else `####`, else "the answer is"."""
    text = _tidied(text)
    for box in reversed(boxes(text)):
        answer = _value(box.content)
        if answer is not None:
            return answer
    return _marked(text) or _claimed(text)


def _marked(text: str) -> str | None:
    """The number on the last line that `####` begins. Where such lines are the headings of sections, the last number
    behind the last of them."""
    marks = [mark for mark in _MARK.finditer(text) if not _TITLE.match(mark["said"])]
    if not marks:
        return None
    last = marks[-1]
    behind = text[last.end() :]
    answer = _value(last["said"])
    is_section = (
        len(marks) > 1 and re.search(r"[A-Za-z]{2}", last["said"]) and "=" in behind and "=" not in last["said"]
    )
    if answer is None or is_section:
        titled = re.search(r"(?i)\banswer\W*$", last["said"]) and _value(behind.strip().split("\n", 1)[0])
        return titled or _last(behind) or answer
    return answer


def _claimed(text: str) -> str | None:
    for claim in reversed(list(_CLAIM.finditer(text))):
        said = claim["said"]
        sentence = said[: end.start()] if (end := _SENTENCE_END.search(said)) else said
        number = _NUMBER.search(sentence)
        if number is None or _REVISED.search(sentence) or _REVISED.search(text[claim.end("said") :]):
            continue
        if _REVISED.search(said[len(sentence) :]):
            continue
        if "=" in sentence or len(re.findall(r"[A-Za-z]+", sentence[: number.start()])) <= 3:
            return _value(sentence)
    return None


def _value(said: str) -> str | None:
    """The number of a short statement, behind its last "="; the statement itself where it holds several or a term."""
    right = re.split(r"=|\\approx|≈", said)[-1]
    said = re.sub(r"^(\W*-)\s+(?=[$.0-9])", r"\1", right if _NUMBER.search(right) else said)
    number = _NUMBER.search(said)
    if number is None:
        return None
    before = said[: number.start()]
    if _FOLLOWS_BADLY.match(said, number.end()) or re.search(r"\\sqrt\W*$|√\W*$|[\d)}]\s?[-+*/^×]\s?$|\^\W*$", before):
        return " ".join(said.split())[:MAX_DIGITS]
    return _canonical(number)


def _last(text: str) -> str | None:
    numbers = list(_NUMBER.finditer(_tidied(text)))
    return _canonical(numbers[-1]) if numbers else None


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
