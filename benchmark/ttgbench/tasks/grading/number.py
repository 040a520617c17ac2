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
from ttgbench.tasks.grading.boxes import boxes, joined
from ttgbench.tasks.grading.clean import MAX_ANSWER, MAX_CLAIMS, readable
from ttgbench.tasks.grading.denials import denied, last_undenied
from ttgbench.tasks.grading.echo import find
from ttgbench.tasks.grading.labels import unlabelled
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "number/3"

MAX_DIGITS = 100
"""A longer numeral is compared as text: no reference is that long, and huge integers are slow to read."""

MAX_LEAD = 40
"""So many characters before a number are read for what makes it a term."""

_INTEGER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]++)"
_NUMBER = re.compile(
    rf"""
    (?P<minus>(?<![0-9A-Za-z)\]}}])-)?          # not the hyphen of 10-5 or GPT-4
    [$€£¥]?(?P<inner_minus>(?<=[$€£¥])-)?
    (?:
      (?:(?P<whole>[0-9]++)\s*+)?\\[dtc]?frac\s?\{{(?P<above>[0-9]++)\}}\s?\{{(?P<below>(?!0+\}})[0-9]++)\}}
    | (?:(?P<whole_>[0-9]++)[ ])?(?P<above_>{_INTEGER})[ ]?/[ ]?(?P<below_>(?!0+(?![0-9])){_INTEGER})(?![0-9/])
    | (?P<decimal>{_INTEGER}(?:\.[0-9]++)?|\.[0-9]++)
      (?:[eE](?P<exponent>[-+]?[0-9]{{1,3}})(?![\w.])
        | (?:[ ]|\\[,;!]){{0,3}}(?P<scale>(?i:hundred|thousand|million|billion|trillion))\b | (?P<kilo>[kK])\b )?
    )""",
    re.VERBOSE,
)
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_NEGATIVE = re.compile(r"(?i)(?<![\d)}] )\b(?:minus|negative)\s+(?=[$€£¥]?\.?[0-9])")
_LATEX_THOUSANDS = re.compile(r"(?<=[0-9])(?:\{,\}|,?\s?\\[!,;: ]\s?)(?=[0-9]{3})")
_CITATION = re.compile(
    r"(?<!\bis)(?<!\bare)(?<![=:])(?<=\S)[ \t]+\[[0-9]{1,2}\](?:,?[ ]?\[[0-9]{1,2}\])*"
    r"|^[ \t]*\[[0-9]{1,2}\](?:(?=[ :])|(?:,?[ ]?\[[0-9]{1,2}\])+)",
    re.MULTILINE,
)
_THIN = re.compile("(?<=[0-9])[\u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_WRAPPED = re.compile(r"\\(?:text|mbox|math)[a-z]{0,6}\s?\{([^{}]*)\}")
_MARK = re.compile(r"####[ \t]*(?:\n\s*)?(?P<said>[^\n]*)")
_TITLE = re.compile(r"(?i)\W*(?:[0-9]{1,3}[ \t]*[.):][ \t]*[^\s*]|(?:step|part|question|case|section|option|method)\b)")
"""How a Markdown heading begins that numbers a section."""
_CLAIM = re.compile(
    r"""(?im)(?P<line>^\W{0,12}(?:(?:the|my)[ ])?(?:final[ ])?)?
        (?:\banswer|(?<!wrong[ ])(?<!correct[ ])(?<!right[ ])(?<!of[ ])\banswers)\b(?:[ ](?!not\b)[\w'’"()-]+){0,8}?
        (?:[ ](?:is|was|are|will[ ]be|would[ ]be|comes[ ]to)\b[ ]?:?|[*_ ]{0,4}[:=])
        [\s*_:]*(?=(?P<said>[^\n]{1,300}))""",
    re.VERBOSE,
)
_FOLLOWS_BADLY = re.compile(
    r"""\W{0,4}(?: [-+*/×÷^]\s?[($\\]?\d | \\(?:times|cdot|div)\b | [x*]\s?\d | !(?=\s*[-+*/=]) | \^
        | [ ](?:or|and|to|times|plus|minus|divided|multiplied)[ ]\W{0,3}\d | ,[ ]?\W{0,2}\d
        | \s?(?:[;~…]|\.{2,}|\\[lcd]?dots)\s?\W{0,2}\d | :\d | \s(?:squared|cubed)\b(?!\s[a-z]) )
      | \s?/?\s?(?:[nxyz]\b|π|\\(?:pi|sqrt|[dtc]?frac)\b) | !""",
    re.VERBOSE,
)
"""Behind a number: it is a term, or one of several."""
_LEADS_BADLY = re.compile(
    r"""(?: \\sqrt\W* | √\W* | [\d)}]\s?[-+*/^×]\s? | \^\W* | \\[dtc]?frac\s?\{\W* | -\s?[({]+
        | (?: \\(?:neq?|[gl]eq?|[gl]t|pm)\b | [≠≤≥±] | [!<>]= | [\w)]\s?[<>] )[\s$]* )$""",
    re.VERBOSE,
)
"""Before a number: it is a term or a bound."""
_OR = re.compile(r"[*_$]{0,3} or (?:maybe |perhaps |possibly )?[*_$]{0,3}")
"""Between two bare numbers of which either may be meant ("1.5 hours or 90 minutes" says the same twice)."""
_NUMBERED = re.compile(r"(?i)answer #?[0-9]")
_REVISED = re.compile(
    r"(?i)\b(?:wait|actually|correction|sorry|(?:my|made\s+an?)\s+mistake|recheck|reconsider|oops|but|however|instead|no,)\b"
)
_WITHDRAWN = re.compile(r"(?i)\b(?:wait|correction|sorry|oops|scratch[ ]that)\b")
"""What revises even a line in the asked format, "Answer: 18"."""
_SENTENCE_END = re.compile(r"[.!?](?=\s|\W*$)|,?\s(?:because|since)\b")


def extract(output: str, *, stop: Sequence[str] = ()) -> str | None:
    """The answer as a canonical number ("18", "-2.5", "1/3"), or None where there is no digit.

    What is stated as the answer and is no single number ("5 or 6", "2^3") is given as text. A percent sign, a currency
    sign and units are dropped. Outputs are bounded as `clean.readable` says. `stop`: the task's stop strings.
    """
    return find(readings(readable(_THIN.sub(",", output)), stop), _stated, _last)


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
    return _NEGATIVE.sub("-", _CITATION.sub(" ", _WRAPPED.sub(r"\1", text)))


def _stated(text: str) -> str | None:
    """What is called the answer: the last box, else `####`, else "the answer is"."""
    text = _tidied(text)
    found = boxes(text)
    for before, box in reversed(list(zip([None, *found], found, strict=False))):
        answer = _value(box.content)
        if answer is None or (box.end is not None and denied(text, box.start, box.end + 1)):
            continue
        if before is None or before.end is None or not joined(text, before.end + 1, box.start):
            return answer
        other = _value(before.content)
        return answer if other in (None, answer) else f"{other} or {answer}"
    return _marked(text) or _claimed(text)


def _marked(text: str) -> str | None:
    """The number on the last line that `####` begins. Where such lines are the headings of sections, the last number
    behind the last of them."""
    marks = [mark for mark in _MARK.finditer(text) if not _TITLE.match(mark["said"])]
    if not marks:
        return None
    last = marks[-1]
    behind = text[last.end() :]
    answer = _value(last["said"].rstrip(" !"))
    is_section = (
        len(marks) > 1 and re.search(r"[A-Za-z]{2}", last["said"]) and "=" in behind and "=" not in last["said"]
    )
    if answer is None or is_section:
        titled = re.search(r"(?i)\banswer\W*$", last["said"]) and _value(behind.strip().split("\n", 1)[0])
        return titled or _last(behind) or answer
    return answer


def _first_undenied(said: str) -> re.Match[str] | None:
    return next((number for number in _NUMBER.finditer(said) if not denied(said, *number.span())), None)


def _claimed(text: str) -> str | None:
    """The number of the last "the answer is" that is not taken back, neither there nor by a later one."""
    claims, denials = list(_CLAIM.finditer(text))[-MAX_CLAIMS:], set()
    for claim in reversed(claims):
        said = claim["said"]
        if _NUMBERED.match(claim[0]):
            numbered = (_value(other["said"]) for other in claims if _NUMBERED.match(other[0]))
            return " or ".join(dict.fromkeys(answer for answer in numbered if answer)) or None
        sentence = said[: end.start()] if (end := _SENTENCE_END.search(said)) else said
        number = _NUMBER.search(sentence)
        at = claim.start("said")
        if number and denied(text, at + number.start(), at + number.end()):
            denials.add(_canonical(number))
            continue
        is_line = claim["line"] is not None and ":" in claim[0]
        revised = _WITHDRAWN if is_line else _REVISED
        if number is None or revised.search(text, at):
            continue
        if "=" in sentence or len(re.findall(r"[A-Za-z]+", sentence[: number.start()])) <= 3:
            answer = _value(sentence)
            if answer not in denials:
                return answer
    return None


def _value(said: str) -> str | None:
    """The number of a short statement, behind its last "="; the statement itself where it holds several or a term."""
    said = re.sub(r"</?[a-z]{1,10}>", "", said)
    right = re.split(r"(?<![!<>])=|\\approx|≈", said)[-1]
    said = re.sub(r"^(\W{0,20}-)\s+(?=[$.0-9])", r"\1", right if _NUMBER.search(right) else said)[:MAX_ANSWER]
    number = _first_undenied(said)
    if number is None and not _NUMBER.search(said):
        return None
    if number and not _is_term(said, number):
        return _canonical(number)
    return " ".join(said.split())[:MAX_DIGITS]


def _is_term(text: str, number: re.Match[str]) -> bool:
    """Whether the number is but a part of a value, one of several, or a bound."""
    before = text[max(0, number.start() - MAX_LEAD) : number.start()]
    return _FOLLOWS_BADLY.match(text, number.end()) is not None or _LEADS_BADLY.search(before) is not None


def _last(text: str) -> str | None:
    """The last number that is not denied; two of them that are left open, as text."""
    text = unlabelled(_tidied(text))
    numbers = list(_NUMBER.finditer(text))
    last = last_undenied(text, numbers, _canonical)
    if last is None or (last is not numbers[-1] and _is_term(text, last)):
        return None
    answer = _canonical(last)
    if last is numbers[-1] and len(numbers) > 1 and re.match(r"[*_$]{0,3}(?:[.!?]|\s*$)", text[last.end() :]):
        before = numbers[-2]
        if _OR.fullmatch(text, before.end(), last.start()) and _canonical(before) != answer:
            return f"{_canonical(before)} or {answer}"
    return answer


def _canonical(match: re.Match[str]) -> str:
    if match.end() - match.start() > MAX_DIGITS:
        return match[0].lstrip("# \t*")[:MAX_DIGITS]
    part = {name: text.replace(",", "") for name, text in match.groupdict().items() if text}
    above, below = part.get("above") or part.get("above_"), part.get("below") or part.get("below_")
    if above and below:
        value = Fraction(int(above), int(below)) + int(part.get("whole") or part.get("whole_") or 0)
    else:
        exponent = int(part.get("exponent", 0))
        if abs(exponent) > MAX_DIGITS:
            return match[0]
        value = Fraction(part["decimal"]) * Fraction(10) ** exponent
        value *= 1_000 if "kilo" in part else _SCALES[part["scale"].lower()] if "scale" in part else 1
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
