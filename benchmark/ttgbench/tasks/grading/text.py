"""Grades a short answer in words, compared without case, articles and punctuation.

The answer is what is stated as such (a box, "Answer: ...", "the answer is ..."), the last if several are; else the last
line if it is short, else the first.

`extract` drops what models put around a short answer ("The answer is Paris." -> "paris"); `grade` compares whole
answers, so that "not Paris" is no "Paris". The normalisation is that of SQuAD's official script (Rajpurkar et al.
2016): lower case, no punctuation, no articles, single blanks; on top of it, accents are dropped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ttgbench.errors import InputError
from ttgbench.tasks.grading import claims
from ttgbench.tasks.grading.answer_text import readings
from ttgbench.tasks.grading.clean import MAX_ANSWER, readable
from ttgbench.tasks.grading.denials import denied
from ttgbench.tasks.grading.echo import find
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "text/3"

SHORT = 3
"""A line of so many words may be an answer that nothing announces."""

_LEAD = re.compile(
    r"""(?i)^(?:(?!-[0-9])\W)*(?:(?:so|thus|therefore|hence|finally|well|ok|okay|sure)\b,?\s+(?=\S))?
        (?:(?:the|my)\s+)?(?:(?:final|correct|right|best)\s+)?(?:(?:answer|output|result|a)\s*(?:is\b\s*:?|:)\s*)?
        (?:(?:it|that)(?:['’]s|\s+is)\s+(?!not\b))?""",
    re.VERBOSE,
)
_VERDICT = re.compile(
    r"(?i)\W*(yes|no|true|false)\b(?!\s*(?:or|and|/|,?\s*(?:yes|no|true|false)\b))(?:\W*$|\s*[,.;:!(–—-]\W)"
)
"""A word that answers the question, and perhaps a reason behind it."""
_CONCLUDED = re.compile(r"(?i)(?:\b(?:so|thus|therefore|hence)\W{1,3}|(?<![0-9])[.!?]\s+)(yes|no|true|false)\W*$")
_MINUS = re.compile(r"(?<![\w)\]}.,-])-(?=[0-9])|(?<![\w)\]}] )\bnegative\s+(?=[0-9])")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_WORDS = dict(
    zip("zero one two three four five six seven eight nine ten eleven twelve".split(), range(13), strict=True)
)

_NO_COUNT = re.compile(
    r"""(?i)\b(?:not?|never|nor|or)\b | n't
        | \b(?:least|most|than|over|under|up\s+to|minus|negative)\s+\d     # a bound, or another number
        | \d(?:st|nd|rd|th|\s?(?:hundred|thousand|million|billion|dozen))\b
        | \d(?:\s?[/+^×]\s?|\*|\s\*\s)\w | [/+^×≥≤]\s*\d               # a term""",
    re.VERBOSE,
)
"""A sentence with it does not give its one number as the count."""


def extract(output: str, *, stop: Sequence[str] = ()) -> str | None:
    """The normalised answer, without "The answer is"; None where no line holds a word. stop: the task's."""
    answer = find(readings(readable(output), stop), _stated, _said)
    return None if answer is None else _normal(claims.clause(answer)) or _normal(answer)


def grade(output: str, reference: str, *, aliases: Sequence[str] = (), stop: Sequence[str] = ()) -> Grade:
    """Right if the answer equals the reference or an alias. Raises InputError when the reference holds no word."""
    expected = {
        form for text in (reference, *aliases) for form in (normalise(text), _normal(text), _normal(_bare(text)))
    } - {""}
    if not normalise(reference):
        raise InputError(f"a reference answer must hold a word, not {reference[:80]!r}", field="reference")
    said = find(readings(readable(output), stop), _stated, _said)
    if said is None:
        return Grade(UNANSWERED, None)
    answer = _normal(claims.clause(said)) or _normal(said)
    if {answer, _normal(said)} & expected or _count(said) in expected:
        return Grade(CORRECT, normalise(reference))  # aliases count as one answer in a vote
    return Grade(WRONG, answer)


def normalise(text: str) -> str:
    """Lower case, no accents, punctuation or articles, single blanks. A single letter is kept even if it is "a"."""
    text = _MINUS.sub("minus ", text)
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(" " if not (c.isalnum() or unicodedata.combining(c)) else c for c in decomposed)
    words = "".join(c for c in kept if not unicodedata.combining(c)).split()
    return " ".join(_ARTICLE.sub(" ", " ".join(words)).split()) or " ".join(words)


def _stated(text: str) -> str | None:
    return next((_word(said) for said in claims.stated(text) if normalise(said)), None)


def _said(text: str) -> str | None:
    lines = [line for line in claims.lines(text) if normalise(_LEAD.sub("", line)) and not re.match(r"```|~~~", line)]
    blocks = claims.blocks(text)
    if not lines:
        return next((_word(block) for block in reversed(blocks) if normalise(block)), None)
    concluded = _CONCLUDED.search(lines[-1])
    if concluded:
        return concluded[1]
    for line in (lines[0], lines[-1]):
        if _VERDICT.match(_LEAD.sub("", line)):
            return _word(line)
    return _word(lines[-1] if len(lines[-1].split()) <= SHORT else lines[0])


def _word(said: str) -> str:
    """Without a lead and wrappers; a yes or no without its reason."""
    said = _bare(said)
    verdict = _VERDICT.match(said)
    return verdict[1] if verdict else said[:MAX_ANSWER]


def _bare(said: str) -> str:
    said = claims.undecorated(re.sub(r"\\(?:text|math|mbox)[a-z]{0,6}\s?\{([^{}]*)\}", r"\1", said))
    return claims.undecorated(_LEAD.sub("", said) or said)


def _normal(said: str) -> str:
    """`normalise`, with a number in words as a numeral."""
    words = normalise(said)
    return str(_WORDS.get(words, words))


def _count(said: str) -> str | None:
    """The number that a sentence gives, if it is but one ("4 sisters"), or what its sum comes to."""
    said = claims.clause(said).rpartition("=")[2]
    found = re.finditer(r"(?<![\w.])-?[0-9]+(?![\w.]*[0-9])", said)
    numbers = [number[0] for number in found if not denied(said, *number.span())]
    words = [word for word in re.findall(r"[a-z]+", said.lower()) if _WORDS.get(word, 0) > 1]
    return numbers[0] if len(numbers) == 1 and not words and not _NO_COUNT.search(said) else None
