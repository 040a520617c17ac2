"""LaTeX boxes in a text: `\\boxed{42}`, also where a brace is missing, and not where a box is only spoken of."""

from __future__ import annotations

import re

from ttgbench.tasks.grading.clean import MAX_ANSWER

MAX_BOXES = 64
"""Only the last so many are looked at."""

MAX_JOINT = 40
"""So many characters at most stand between boxes that are one answer."""

_BOX = re.compile(r"\\f?box(?:ed)?(?![A-Za-z])\s*")
_JOINT = re.compile(
    r"(?:[\s$]|\\[()\[\]])*(?:[,;]|,?\s*\b(?:and|or)\b|\\text\s?\{[\s,]*(?:and|or)\s*\})(?:[\s$]|\\[()\[\],;! ])*"
)
_EMPTY = re.compile(r"(?i)[\W_]*|\W*(?:\\text\{)?\W*(?:(?:your|the|my|final)\s)*answer(?:\shere)?\W*")
"""What a box holds where it is only spoken of."""


class Box:
    """One box: where it stands, what it holds, and where its brace is closed (None: never)."""

    __slots__ = ("content", "end", "start")

    def __init__(self, text: str, match: re.Match[str]) -> None:
        self.start = match.start()
        self.content, self.end = _content(text, match)


def boxes(text: str) -> list[Box]:
    """The last MAX_BOXES that hold something, in order.

    A box that is never closed (a cut or careless output) reads to the end of its line, `\\boxed 5` to the next blank.
    """
    found = (Box(text, match) for match in list(_BOX.finditer(text))[-MAX_BOXES:])
    return [box for box in found if not _EMPTY.fullmatch(box.content)]


def joined(text: str, start: int, end: int) -> bool:
    """Whether nothing but a comma, "and" or "or" stands in text[start:end], so that what is around it is one answer."""
    return 0 <= end - start <= MAX_JOINT and _JOINT.fullmatch(text, start, end) is not None


def _content(text: str, box: re.Match[str]) -> tuple[str, int | None]:
    """What a box holds, and where its brace is closed. Nothing where the word stands in prose ("in \\boxed form")."""
    braced = text.startswith("{", box.end())
    end = _closing(text, box.end()) if braced else None
    if end is not None:
        return text[box.end() + 1 : end], end
    rest = text[box.end() : box.end() + MAX_ANSWER].lstrip("{")
    content = re.split(r"\n|\$|\\[\])]" if braced else r"\s|\$|\\[\])]", rest, maxsplit=1)[0]
    return ("" if not braced and re.match(r"[A-Za-z]{2}", content) else content), None


def _closing(text: str, start: int) -> int | None:
    """Where the brace that opens at `start` is closed."""
    depth = 0
    for brace in re.compile(r"\\[{}\\]|[{}]").finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0 and brace[0] == "}":
            return brace.start()
    return None
