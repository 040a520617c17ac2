"""Grades a mathematical answer (MATH): math-verify decides whether it equals the reference.

`extract` takes the last `\\boxed{}` that holds something (braces matched), else what follows the last "answer is", else
the last formula or number, as math-verify's own extraction does. `grade` first compares the two as text, in the manner
of Hendrycks' is_equiv, then through `math_verify.parse` and `verify`, and without them where same_math.py says so.
sympy can run for ever on what a model may write: grade model outputs through the `GraderPool` of workers.py, which
bounds each item.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import re
import unicodedata
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from ttgbench.errors import InputError
from ttgbench.tasks.grading.answer_text import readings
from ttgbench.tasks.grading.boxes import boxes, joined
from ttgbench.tasks.grading.canonical_math import canonical
from ttgbench.tasks.grading.clean import MAX_ANSWER, MAX_CLAIMS, readable
from ttgbench.tasks.grading.denials import denied, denied_before, denied_behind, last_undenied
from ttgbench.tasks.grading.echo import find
from ttgbench.tasks.grading.labels import unlabelled
from ttgbench.tasks.grading.same_math import Clock, same
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = f"math/3+math-verify-{version('math-verify')}"

MAX_NESTING = 30
"""An answer with more nested brackets is compared as text: the parser's time grows without bound."""

_LAST_PART = 20_000
"""Where there is no box, only this many last characters are searched for an answer."""

MAX_FORMULAS = 32
"""So many at most are one answer."""

_CLAIM = re.compile(r"(?i)\banswers?\b(?:[^.\n:=]{0,60}?\b(?:is|are)\b|[^.\n:=]{0,60}?[:=])[\s*_:]*")
_FORMULA = re.compile(
    r"""\$\$((?:\\.|[^$\\]){1,1000})\$\$
      | (?<![\\0-9])\$((?:\\.|[^$\n\\]){1,1000})\$
      | \\\[((?:[^\\]|\\(?!\])){1,1000})\\\]
      | \\\(((?:[^\\\n]|\\(?!\))){1,1000})\\\)""",
    re.VERBOSE,
)
_NUMBER = re.compile(
    r"""(?<![\w.])-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]++)(?:\.[0-9]++)?(?:/[0-9]++)?%?
      | (?<![\w.])-?\.[0-9]++
      | -?\\[dtc]?frac\{-?[0-9.,]+\}\{[0-9.,]+\}""",
    re.VERBOSE,
)
_SENTENCE_END = re.compile(
    r"(?<!\\)[.!?](?:\s|$)|;\s+(?=[a-z]{2})|[,;]?\s+\b(?:because|since|which|where|so|as|although|though|rather\s+than|instead\s+of|and\s+not)\b|,\s+not\b|\n"
)

_TEXT = re.compile(r"\\(?:text|math|mbox)(?:normal|bf|it|rm|sf|tt)?\s?\{([^{}]*)\}")
_SPACING = re.compile(r"\\[!,;:> ]|\\q?quad|\\(?:left|right|[bB]ig+[lr]?)(?![A-Za-z])|\\displaystyle|\$|\\\$|~")
_WORDS = re.compile(r"[A-Za-z][A-Za-z ,.:'0-9-]*")
_BASE = re.compile(r"\(?([0-9A-Za-z]+)\)?_\{?([0-9]{1,2})\}?")
_TRAILING = re.compile(r"(?:\\[,;:! ]|\\q?quad|[.,;:*\s])+$")
_STYLE = re.compile(
    r"""\\color(?:box)?\s?\{\w+\} | \\(?:bf|it|rm|[lL]arge|LARGE|[hH]uge|textstyle|scriptstyle)(?![A-Za-z])
      | \\(?:boldsymbol|bm|pmb|mathbf|textbf|underline|textcolor\s?\{\w+\})
        (?=\s?\{?\s?[-0-9.\\]|\s?\{[^{}]*[-+*/^=0-9])""",
    re.VERBOSE,
)
_AMOUNT = r"(-?[0-9][0-9.,/]*)"
_FACTOR = (
    r"(?i:(?:hundred|thousand|million|billion|trillion|dozen|squared|cubed|factorial)\b"
    r"|[a-z ]*\b(?:half|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b(?!-))"
)
"""Words behind a number that is only a part of the value: they are no unit."""
_WORDED = re.compile(rf"(?:\\text\s?\{{\s*)?{_AMOUNT}(?:\s|\\[,;!: ]|\\text\s?\{{)*{_FACTOR}")
"""What math-verify would read as the number alone."""
_HIGH = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_REWRITES = (
    (_STYLE, ""),
    (
        re.compile(rf"^\\(?:text|mbox)\s?\{{\s*{_AMOUNT}\s+(?![ap]\.?\s?m\b|{_FACTOR})[A-Za-z .]+\}}$"),
        r"\1",
    ),  # \text{5 cm}
    (re.compile(r"(?<=[^\s\[(,;=])\s+\[[0-9]{1,2}\]$"), ""),  # a citation
    (re.compile(r"\\mathbin\{:\}|\{:\}|\\colon(?![a-z])"), ":"),
    (re.compile(r"\\langle(?![a-z])(.*?)\\rangle(?![a-z])"), r"(\1)"),
    (re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+"), lambda match: f"^{{{match[0].translate(_HIGH)}}}"),
    (re.compile("(?<![0-9.])([0-9]*)([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])"), lambda match: match[1] + _fraction(match[2])),
    (re.compile(r"~"), " "),
    (re.compile(r"^(?:\\approx(?![a-z])|≈)\s*"), ""),
    (re.compile(r"(?<=[0-9])(?:\{,\}|,?\s?\\[!,;: ]\s?|[ ])(?=[0-9]{3}(?![0-9]))"), ""),  # 24{,}000 and 24\,000
    (re.compile(r"(?<![\d.])(-?[0-9]+) +([0-9]+)/([0-9]+)(?!\d)"), r"\1\\frac{\2}{\3}"),  # 11 2/3
    (re.compile(r"^(?:(?:US)?\$|\\\$|[€£¥])\s?(?=[-0-9.])"), ""),
    (re.compile(r"(?<=[0-9])\s?(?:°|º|degrees?\b)"), r"^\\circ"),
    (re.compile(rf"^{_AMOUNT}\s+(?!{_FACTOR})[A-Za-z]{{3,}}(?:[ -][A-Za-z]{{2,}}){{0,4}}$"), r"\1"),  # 5 apples
    (re.compile(r"√\s?\(?([0-9A-Za-z]+)\)?"), r"\\sqrt{\1}"),
    (re.compile("∅"), r"\\emptyset "),
    (re.compile("π"), r"\\pi "),
    (re.compile("∞"), r"\\infty "),
    (re.compile("∪"), r"\\cup "),
    (re.compile("±"), r"\\pm "),
    (re.compile("[×·]"), r"\\cdot "),
    (re.compile("≤"), r"\\le "),
    (re.compile("≥"), r"\\ge "),
)
_REPEATING = re.compile(r"(-?)([0-9]*)\.([0-9]*)\\overline\s?\{?([0-9]+)\}?")


def warm_up() -> None:
    """Imports sympy and builds the parser's tables, so that no answer pays for that."""
    grade(r"\boxed{x^2 + \frac{1}{2}}", r"\frac{2x^2 + 1}{2}")


def extract(output: str) -> str | None:
    """The answer in canonical form, equal for answers that sympy can see are equal (1/2, 0.5, \\frac12); or None.

    Outputs are bounded as `clean.readable` says, answers by MAX_ANSWER and MAX_NESTING.
    """
    answer = find_answer(output)
    return None if answer is None else _canonical(answer)


def grade(output: str, reference: str, stop: Sequence[str] = ()) -> Grade:
    """`reference`: the answer as the data set writes it, or a solution that boxes it.

    What math-verify cannot parse is compared as text. When its comparison fails, the error goes through, so that a pool
    makes the item UNGRADABLE. Raises InputError for an empty reference.
    """
    expected = _stated(readable(reference)) if "\\boxed" in reference else tidy(reference)
    if not expected:
        raise InputError("a reference answer must not be empty", field="reference")
    answer = find_answer(output, stop)
    if answer is None:
        return Grade(UNANSWERED, None)
    return Grade(CORRECT if _equal(expected, answer) else WRONG, _canonical(answer))


def find_answer(output: str, stop: Sequence[str] = ()) -> str | None:
    """The answer as it is written, tidied, at most MAX_ANSWER characters; None if there is nothing to read.

    stop: the task's stop strings.
    """
    return find(readings(readable(output), stop), _stated, _said)


def _stated(text: str) -> str | None:
    return _first(text, _boxed, _claimed)


def _said(text: str) -> str | None:
    return _first(text, _last_formula)


def _first(text: str, *finders: Callable[[str], str | None]) -> str | None:
    for finder in finders:
        answer = finder(text)
        answer = tidy(answer[: 2 * MAX_ANSWER])[:MAX_ANSWER] if answer else None
        if answer and re.search(r"[\w\\]", answer):
            return answer
    return None


def tidy(answer: str) -> str:
    """One spelling for what means the same: spacing, thousands, currency, Unicode signs, repeating decimals."""
    answer = _TRAILING.sub("", " ".join(answer.split()).strip("*_ "))
    for pattern, replacement in _REWRITES:
        answer = pattern.sub(replacement, answer)
    answer = answer.strip()
    repeating = _REPEATING.fullmatch(answer)
    if repeating:
        sign, whole, fixed, again = repeating.groups()
        above = int(whole + fixed + again) - int(whole + fixed or 0)
        answer = rf"{sign}\frac{{{above}}}{{{'9' * len(again)}{'0' * len(fixed)}}}"
    return answer.strip()


def _boxed(text: str) -> str | None:
    """The content of the last box, together with boxes that only "," or "and" separates from it."""
    found: list[str] = []
    following = None
    for box in reversed(boxes(text)[-32:]):
        if following is not None and (box.end is None or not joined(text, box.end + 1, following)):
            break
        if box.end is None or not denied(text, box.start, box.end + 1):
            found.append(box.content)
            following = box.start
    distinct = list(dict.fromkeys(content.strip() for content in reversed(found)))
    return ", ".join(distinct) or None


def _fraction(sign: str) -> str:
    above, below = unicodedata.normalize("NFKC", sign).split("⁄")
    return rf"\frac{{{above}}}{{{below}}}"


def _claimed(text: str) -> str | None:
    """What the last "answer is" gives that is not denied."""
    claims = list(_CLAIM.finditer(text, max(0, len(text) - _LAST_PART)))
    given = (
        _given(text, claim.end()) for claim in reversed(claims[-MAX_CLAIMS:]) if not denied_before(text, claim.end())
    )
    return next((answer for answer in given if answer), None)


def _given(text: str, start: int) -> str | None:
    """The formula that follows `start` (with those joined to it by "and"), else the rest of the sentence."""
    formulas = list(itertools.islice(_FORMULA.finditer(text, start, start + 2 * MAX_ANSWER), MAX_FORMULAS))
    if formulas and denied(text, *formulas[0].span()):
        start = formulas.pop(0).end()
    lead = text[start : formulas[0].start()] if formulas else "."
    if formulas and "\n" not in lead.strip() and not re.search(r"\.\s", lead):
        pairs = itertools.pairwise(formulas)
        joint = itertools.takewhile(lambda pair: joined(text, pair[0].end(), pair[1].start()), pairs)
        return ", ".join(map(_inside, [formulas[0], *(following for _, following in joint)]))
    said = text[start : start + 2 * MAX_ANSWER].lstrip()
    sentence = _SENTENCE_END.split(said.rstrip(), maxsplit=1)[0]
    if re.match(r"(?i)(?:not|unknown|unclear)\b", sentence) or denied_behind(said, len(sentence)):
        return None
    is_short = 0 < len(sentence.split()) <= 3
    return sentence if is_short or re.search(r"[0-9\\]", sentence) else None


def _last_formula(text: str) -> str | None:
    """The formula or free-standing number that ends last."""
    text = unlabelled(text[-_LAST_PART:])
    found = sorted([*_NUMBER.finditer(text), *_FORMULA.finditer(text)], key=re.Match.end)
    last = last_undenied(text, found, lambda match: _inside(match).rpartition("=")[2].strip())
    return None if last is None else _inside(last)


def _inside(found: re.Match[str]) -> str:
    """A formula without its dollar signs or brackets; a number as it stands."""
    return next((group for group in found.groups() if group is not None), found[0])


def _equal(expected: str, answer: str) -> bool:
    text, expected_text = _as_text(answer), _as_text(expected)
    if text == expected_text:
        return True
    clock, expected_clock = Clock.read(text), Clock.read(expected_text)
    if clock and expected_clock:
        return clock.answers(expected_clock)
    if _is_words(expected):
        return text.lower() == expected_text.lower()
    base, expected_base = _BASE.fullmatch(text), _BASE.fullmatch(expected_text)
    if base and expected_base:  # math-verify drops the base: 12_5 would equal 12_7
        return base.groups() == expected_base.groups()
    gold, target = _parsed(expected), _parsed(answer)
    return bool(gold and target) and same(gold, target)


@functools.lru_cache(maxsize=4096)
def _parsed(answer: str) -> tuple[Any, ...]:
    """What math-verify reads: a sympy object and its source, or the source alone."""
    from math_verify import LatexExtractionConfig, parse

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its own time limit is off: ours is on
    if len(answer) >= MAX_ANSWER or _nesting(answer) > MAX_NESTING or _WORDED.match(answer):
        return (answer,)
    config = [LatexExtractionConfig(boxed_match_priority=0)]
    return tuple(parse(rf"\boxed{{{answer}}}", config, parsing_timeout=None))


def _canonical(answer: str) -> str:
    base, clock = _BASE.fullmatch(_as_text(answer)), Clock.read(_as_text(answer))
    if base:
        return f"{base[1]}_{base[2]}"
    if clock:
        return str(clock)
    if _is_words(answer):
        return _as_text(answer).lower()
    parsed = _parsed(answer)
    if parsed and not isinstance(parsed[0], str):
        with contextlib.suppress(Exception):  # sympy refuses odd mixtures (a matrix minus a number): the text will do
            return canonical(parsed[0])
    return _as_text(answer)


def _is_words(answer: str) -> bool:
    r"""Whether the answer is prose (`\text{even}`, Saturday) and not mathematics."""
    wrapped = _TEXT.fullmatch(answer)
    if wrapped:
        return re.search(r"[A-Za-z]", wrapped[1]) is not None
    return _WORDS.fullmatch(answer) is not None and re.search(r"[A-Za-z]{4,}|^(?:odd|yes|no)$", answer) is not None


def _as_text(answer: str) -> str:
    """The answer without spacing, wrappers of text, brackets around one letter and the variants of frac."""
    answer = _SPACING.sub("", _TEXT.sub(r"\1", answer)).replace("dfrac", "frac").replace("tfrac", "frac")
    answer = re.sub(r"_\{([0-9A-Za-z])\}", r"_\1", re.sub(r"\s+", "", answer)).rstrip(".")
    return re.sub(r"^\(([A-Za-z])\)$", r"\1", answer)


def _nesting(answer: str) -> int:
    depth = deepest = 0
    for character in answer:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest
