"""Grades what a Python expression gives, read as a Python literal.

The answer is what follows the last "Answer:" at the beginning of a line, else the first line.

Equal values are equal answers (`[1,2]` and `[1, 2]`, 'a' and "a"); True is not 1, and 2.0 is not 2, as a Python shell
shows them. What is no literal is compared as text, so that a bare word is the string it spells.
"""

from __future__ import annotations

import ast
import re

from ttgbench.errors import InputError
from ttgbench.tasks.grading.clean import short_answer
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "literal/1"

MAX_LITERAL = 300
"""Characters read as a literal; Python's parser is not for hostile input of any length."""

_LEAD = re.compile(r"(?i)^(?:>>>|output:|(?:the\s+)?(?:answer|result|output|value)\s*(?:is|:|=)|=|#)\s*:?\s*")


def extract(output: str) -> str | None:
    """The answer in Python's own spelling (`repr`), or None where no line says anything."""
    for line in short_answer(output).splitlines():
        text = _LEAD.sub("", line.strip(" \t`")).rstrip(".; \t").strip("` \t")
        if text:
            return _canonical(text)
    return None


def grade(output: str, reference: str) -> Grade:
    """Right if both give the same value. Raises InputError when the reference is empty."""
    expected = extract(reference)
    if expected is None:
        raise InputError("a reference answer must not be empty", field="reference")
    answer = extract(output)
    if answer is None:
        return Grade(UNANSWERED, None)
    return Grade(CORRECT if answer == expected else WRONG, answer)


def _canonical(text: str) -> str:
    try:
        return repr(ast.literal_eval(text[:MAX_LITERAL]))[:MAX_LITERAL]
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return repr(text[:MAX_LITERAL])
