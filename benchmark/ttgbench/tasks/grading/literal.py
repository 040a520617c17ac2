"""Grades what a Python expression gives, read as a Python literal.

The answer is what is stated as such (a box, "Answer: ...", "the answer is ..."), the last if several are; else the
first line or the last one that is a literal, what a program is said to print, a code block of one line; else the first
line.

Equal values are equal answers (`[1,2]` and `[1, 2]`, 'a' and "a"); True is not 1, and 2.0 is not 2, as a Python shell
shows them. What is no literal is compared as text, so that a bare word is the string it spells.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence

from ttgbench.errors import InputError
from ttgbench.tasks.grading import claims
from ttgbench.tasks.grading.answer_text import readings
from ttgbench.tasks.grading.clean import readable
from ttgbench.tasks.grading.denials import denied_before
from ttgbench.tasks.grading.echo import find
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "literal/3"

MAX_LITERAL = 300
"""Characters read as a literal; Python's parser is not for hostile input of any length."""

_PRINTS = re.compile(
    r"""(?i)(?:\b(?:prints?|outputs?|returns?|displays?|shows?|gives?|yields?|produces?|becomes?|evaluates[ ]to|is|get|
        value|value[ ]of[ ]\w+)\b(?:[ ](?:the|a)?[ ]?(?:value|number|string|list|result|output))?[ ]?:?|=|->|→)\s+""",
    re.VERBOSE,
)
_LEAD = re.compile(r"(?i)^(?:>>>|output:|(?:the\s+)?(?:answer|result|output|value)\s*(?:is|:|=)|=|#)\s*:?\s*")


def extract(output: str, *, stop: Sequence[str] = ()) -> str | None:
    """The answer in Python's own spelling (`repr`), or None where nothing is said. `stop`: the task's stop strings."""
    return find(readings(readable(output), stop), _stated, _said)


def grade(output: str, reference: str, *, stop: Sequence[str] = ()) -> Grade:
    """Right if both give the same value. Raises InputError when the reference is empty."""
    if not reference.strip():
        raise InputError("a reference answer must not be empty", field="reference")
    answer = extract(output, stop=stop)
    if answer is None:
        return Grade(UNANSWERED, None)
    return Grade(CORRECT if answer == _canonical(_bare(reference)) else WRONG, answer)


def _stated(text: str) -> str | None:
    for said in claims.stated(text):
        value = _first_literal(_variants(said))
        if value is not None:
            return value
        word = _bare(claims.clause(said))
        if word and len(word.split()) <= 3:
            return _canonical(word)
    return None


def _said(text: str) -> str | None:
    lines = claims.lines(text)
    blocks = [block for block in claims.blocks(text) if "\n" not in block.strip()]
    if blocks and not text.replace("~~~", "```").rpartition("```")[2].strip():
        return _canonical(_bare(blocks[-1]))
    lines = [line for line in lines if _bare(line) and not re.match(r"```|~~~", line)]
    if not lines:
        return None
    value = _first_literal([*_variants(lines[0]), *_variants(lines[-1])])
    if value is None:
        told = [match.end() for match in _PRINTS.finditer(lines[-1]) if not denied_before(lines[-1], match.end())]
        value = _first_literal(variant for start in reversed(told) for variant in _variants(lines[-1][start:]))
    return _canonical(_bare(lines[0])) if value is None else value


def _variants(said: str) -> Iterator[str]:
    """What may be the literal in a line, the whole first."""
    yield _bare(said)
    yield _bare(claims.clause(said))
    values = {_canonical(part) for part in map(_bare, claims.emphasised(said)) if _is_literal(part)}
    if len(values) == 1:  # several are no answer
        yield from values


def _bare(text: str) -> str:
    return claims.undecorated(_LEAD.sub("", claims.undecorated(text).strip(" \t`"))).rstrip(".; \t").strip("` \t")


def _first_literal(texts: Sequence[str] | Iterator[str]) -> str | None:
    for text in texts:
        if _is_literal(text):
            return _canonical(text)
    return None


def _is_literal(text: str) -> bool:
    try:
        _value(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _value(text: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about escapes in strings
        return ast.literal_eval(text[:MAX_LITERAL])


def _canonical(text: str) -> str:
    try:
        return repr(_value(text))[:MAX_LITERAL]
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return repr(text[:MAX_LITERAL])
