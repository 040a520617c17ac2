"""What an output repeats of its prompt is never its answer: copies of what was shown, and quoted inputs.

A node that reads others' answers is shown them as `[1] ...`, `[2] ...`, and small models go on with a copy of them, of
the answer's format or of the examples once they have answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

from ttgbench.tasks.grading.clean import bounded

Answer = TypeVar("Answer")
Finder = Callable[[str], "Answer | None"]

MIN_PASSAGE = 20
"""Characters of the shortest passage whose copy is taken for one."""

RUN = 5
"""So many words in the order of the answer's format are a copy of it."""

_WORD = re.compile(r"\S+")
_QUOTE = re.compile(
    r"""(?m)^[ \t>*]{0,4}\[(?P<number>[0-9]{1,2})\][*]{0,2}[:.]?[ \t]+(?=\S)
        (?!(?:is|are|was|were|says?|said|claims?|gives?|gave|and|or|has|have|had|makes?|made|uses?|used|forgot|forgets|
              gets?|got|seems?|looks|correctly|incorrectly|also|comput(?:es|ed)|concludes?|agrees?|does|did)\b)""",
    re.VERBOSE,
)
"""A line that begins with the number of an input, unless it goes on to speak of it ("[2] is right")."""


def without_copies(output: str, passages: Sequence[str], answer_format: str = "") -> str:
    """The output without copies of `passages` (of MIN_PASSAGE characters and more; blanks and case do not count) and
    without runs of words of the answer's format."""
    text = bounded(output)
    for passage in passages:
        pattern = _pattern(passage)
        text = pattern.sub("\n", text) if pattern else text
    return _without_runs(text, answer_format)


def find(texts: Iterable[str], stated: Finder[Answer], said: Finder[Answer]) -> Answer | None:
    """The answer in the first text that holds one, inputs that are quoted after or around it aside.

    stated: finds an answer that is called so (a box, "the answer is"); said: any other.
    """
    for text in texts:
        answer = _own(text, stated, said)
        if answer is not None:
            return answer
    return None


def copied_inputs(text: str) -> int | None:
    """Where a copy of all inputs begins, `[1] ...` and `[2] ...`; None where there is none."""
    quotes = list(_QUOTE.finditer(text))
    return quotes[0].start() if len(quotes) > 1 and quotes[0]["number"] == "1" else None


def _own(text: str, stated: Finder[Answer], said: Finder[Answer]) -> Answer | None:
    quotes = list(_QUOTE.finditer(text))
    if not quotes:
        return _either(text, stated, said)
    before, inputs, after = _parted(text, quotes)
    if len(quotes) > 1 and quotes[0]["number"] == "1":
        answer = stated(before)  # then all inputs are copied behind the answer, whatever they say
        if answer is not None:
            return answer
    answer = stated(f"{before}\n{after}")
    if answer is None:
        answer = said(after)
    if answer is None and len(before.split()) <= 3:
        answer = said(before)
    if answer is not None:
        return answer
    if len({stated(quoted) for quoted in inputs} - {None}) > 1:
        return None  # the inputs, and no word about them
    return _either("\n".join(inputs), stated, said)


def _parted(text: str, quotes: Sequence[re.Match[str]]) -> tuple[str, list[str], str]:
    """What stands before the first quotation, the paragraphs that are quoted, and what stands behind the last."""
    ends = [quote.start() for quote in quotes[1:]] + [len(text)]
    inputs = [text[quote.end() : end].split("\n\n", 1) for quote, end in zip(quotes, ends, strict=True)]
    return text[: quotes[0].start()], [parts[0] for parts in inputs], "".join(inputs[-1][1:])


def _either(text: str, stated: Finder[Answer], said: Finder[Answer]) -> Answer | None:
    answer = stated(text)
    return said(text) if answer is None else answer


@lru_cache(maxsize=4096)
def _pattern(passage: str) -> re.Pattern[str] | None:
    words = passage.split()
    if len(" ".join(words)) < MIN_PASSAGE:
        return None
    return re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)


def _without_runs(text: str, answer_format: str) -> str:
    shown = [_plain(word) for word in answer_format.split()]
    runs = {tuple(shown[i : i + RUN]) for i in range(len(shown) - RUN + 1)}
    if not runs:
        return text
    words = list(_WORD.finditer(text))
    plain = [_plain(word[0]) for word in words]
    copied = {j for i in range(len(words)) if tuple(plain[i : i + RUN]) in runs for j in range(i, i + RUN)}
    kept, done = [], 0
    for i in sorted(copied):
        kept.append(text[done : words[i].start()])
        done = words[i].end()
    return "".join([*kept, text[done:]])


def _plain(word: str) -> str:
    return word.lower().strip(".,;:!?\"'*`()") or word
