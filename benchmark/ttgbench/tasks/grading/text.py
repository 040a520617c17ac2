"""Grades a short answer in words, compared without case, articles and punctuation.

The answer is what follows the last "Answer:" at the beginning of a line, else the first line.

`extract` drops what models put around a short answer ("The answer is Paris." -> "paris"); `grade` compares whole
answers, so that "not Paris" is no "Paris". The normalisation is that of SQuAD's official script (Rajpurkar et al.
2016): lower case, no punctuation, no articles, single blanks; on top of it, accents are dropped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ttgbench.errors import InputError
from ttgbench.tasks.grading.clean import MAX_ANSWER, short_answer
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "text/1"

_LEAD = re.compile(
    r"""(?i)^\W*(?:(?:so|thus|therefore|hence),?\s+)?
        (?:(?:the|my)\s+)?(?:(?:final|correct|right|best)\s+)?(?:answer|a)\s*(?:is\s*:?|:)\s*""",
    re.VERBOSE,
)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def extract(output: str) -> str | None:
    """The normalised answer, without "The answer is". None where no line holds a word."""
    for line in short_answer(output).splitlines():
        answer = normalise(_LEAD.sub("", line)[:MAX_ANSWER])
        if answer:
            return answer
    return None


def grade(output: str, reference: str, *, aliases: Sequence[str] = ()) -> Grade:
    """Right if the answer equals the reference or an alias. Raises InputError when the reference holds no word."""
    expected = {normalise(text) for text in (reference, *aliases)} - {""}
    if not normalise(reference):
        raise InputError(f"a reference answer must hold a word, not {reference[:80]!r}", field="reference")
    answer = extract(output)
    if answer is None:
        return Grade(UNANSWERED, None)
    if answer in expected:
        return Grade(CORRECT, normalise(reference))  # aliases count as one answer in a vote
    return Grade(WRONG, answer)


def normalise(text: str) -> str:
    """Lower case, no accents, punctuation or articles, single blanks. A single letter is kept even if it is "a"."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(" " if not (c.isalnum() or unicodedata.combining(c)) else c for c in decomposed)
    words = "".join(c for c in kept if not unicodedata.combining(c)).split()
    return " ".join(_ARTICLE.sub(" ", " ".join(words)).split()) or " ".join(words)
