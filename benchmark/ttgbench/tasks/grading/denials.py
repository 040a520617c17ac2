"""What an output says is not the answer: a number, formula or value behind "not", or one that is called wrong."""

from __future__ import annotations

import re

REACH = 60
"""So many characters before and behind a value are read for a denial of it."""

_NOT = re.compile(
    r"""(?i)(?:\b(?:not|never|neither|nor|cannot[ ]be)|n['’]t(?:[ ]be)?)
        (?:\s+(?:be|equal(?:[ ]to)?|exactly|really|as|the|is|answer|number))*[\s*_`"'“$({:\\\[]*$""",
    re.VERBOSE,
)
_WRONG = re.compile(
    r"""(?i)[\s*_`"'”$)}\\\].,%]*(?:\b(?:which|that|this|it)\s+)?
        (?:(?:is|was|would\s+be)\s+(?:not\s+(?:the\s+(?:\w+\s+)?answer|right|correct|it)\b|(?:wrong|incorrect|false)\b)
          |(?:isn|wasn)['’]t\s+(?:the\s+(?:\w+\s+)?answer|right|correct|it)\b
          |(?:cannot|can['’]t)\s+be\s+(?:the\s+(?:\w+\s+)?answer|right|correct|it)\b)""",
    re.VERBOSE,
)
_SENTENCE_END = re.compile(r"[.!?;](?=\s)|\n")


def denied(text: str, start: int, end: int) -> bool:
    """Whether what stands at start:end of the text is denied right before or behind it."""
    before = text[max(0, start - REACH) : start]
    return _NOT.search(before) is not None or _WRONG.match(text[end : end + REACH]) is not None


def last_undenied(text: str, found: list[re.Match[str]]) -> re.Match[str] | None:
    """The last of the matches, which stand in order; where it is denied, the one before it in its sentence: 5 of
    "5, not 4"."""
    last = found[-1] if found else None
    if last is None or not denied(text, *last.span()):
        return last
    before = next((match for match in reversed(found[-8:]) if match.end() <= last.start()), None)
    if before is None or _SENTENCE_END.search(text, before.end(), last.start()) or denied(text, *before.span()):
        return None
    return before
