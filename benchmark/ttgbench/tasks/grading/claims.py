"""Where a short answer is stated: in a box, behind "Answer:", "the answer is" or a heading, in a code block."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ttgbench.tasks.grading.boxes import boxes
from ttgbench.tasks.grading.clean import MAX_ANSWER, MAX_CLAIMS
from ttgbench.tasks.grading.denials import counterfactual, denied, denied_before, denied_behind

_KIND = (
    r"(?:(?:(?:final|correct|right|best|short|only|last)[ ])*(?:answer|output|result|solution|conclusion)"
    r"|(?:final|resulting|new)[ ](?:string|list|value))"
)
_CUE = re.compile(
    rf"""(?im)
      ^[^\w\n]{{0,12}}(?:(?:so|thus|therefore|hence)\W{{1,3}})?(?:(?:the|my|our|your)[ ])?{_KIND}
        (?:[ ](?:is|are))?[*_"'` \t]{{0,4}}[:：=]                                          # - **Answer**: 5
    | ^\#{{1,6}}[^\w\n]{{0,8}}(?:(?:the|my)[ ])?{_KIND}[^\w\n]*$                            # ### Final Answer
    | ^\#{{4}}(?=[ \t]*\S)                                                                # #### 5
    | (?<![\w-]){_KIND}\b(?:[ ](?!not\b|is\b|are\b)[\w'’"-]+){{0,6}}[ ](?:is|are|will[ ]be|would[ ]be|must[ ]be)\b
        [ ]?(?:[:：]|therefore|thus|then|simply)?                                         # the answer to it is 5
    | (?<![\w-]){_KIND}[ ]?(?:->|→|=>|[:：=])                                              # my answer: 5
    """,
    re.VERBOSE,
)
_CORRECTED = re.compile(r"(?i)^not\s(?!only\b)[^.!?\n]{1,60}?(?:,?\s+but|,\s+it(?:['’]s|\s+is))\s+(?=\S)")
"""Of "not 3 but 4", what comes before the 4."""
_FENCE = re.compile(r"[ \t]*(?:```|~~~)[^\n`]*\n(.*?)(?:\n[ \t]*(?:```|~~~)|\Z)", re.DOTALL)
_WRAPPED = re.compile(
    r"""\s*(?: \*{1,3}(.+?)\*{1,3} | __(.+?)__ | `+(.+?)`+ | \$+(.+?)\$+ | \\\((.+?)\\\) | \\\[(.+?)\\\]
        | \\(?:text|math|mbox)[a-z]{0,6}\s?\{(.*?)\} | <(b|strong|em|i|code)>(.+?)</\8>
        | \\f?box(?:ed)?\s?\{(.*)\} )\s*[.,;:!]?\s*""",
    re.VERBOSE | re.DOTALL,
)
_ENDS = re.compile(
    r"""(?<![\s.]\w)(?<!\bSt)(?<!\bMr)(?<!\bDr)(?<!\bMrs)[.!](?=\s+\S)
      | ,?\s+(?=(?:rather[ ]than|instead[ ]of|and[ ]not)\b)
      | ;\s+(?=(?:it|this|that|there|the[ ]\w+)[ ](?:is|was|are|were|would)\b)
      | ,\s+(?=(?:not|although|though|even[ ]though|of[ ]course|obviously|clearly|definitely|indeed)\b)
      | ,?\s+(?=(?:because|since|which|where|as[ ](?:it|the|no|all|there|we|each))\b)
      | \s+(?=[(—]) | \s+(?:--|=>)\s | \s+\[[0-9]{1,2}\](?=\W*$)""",
    re.VERBOSE,
)


def stated(text: str) -> Iterator[str]:
    """What is called the answer, the last first, and boxes before all: they are the answer whatever is said after them.

    Each is the line (or the code block's content) behind its cue, undecorated, at most MAX_ANSWER characters.
    """
    for box in reversed(boxes(text)):
        if said := undecorated(box.content):
            yield said
    for cue in reversed(list(_CUE.finditer(text))[-MAX_CLAIMS:]):
        dismissed = denied_before(text, cue.end()) or counterfactual(text, cue.end())
        if not dismissed and (said := undecorated(_behind(text, cue.end()))):
            yield said


def blocks(text: str) -> list[str]:
    """The contents of the fenced code blocks."""
    return [match[1].strip("\n") for match in re.finditer(rf"(?m)^{_FENCE.pattern}", text, re.DOTALL)]


def lines(text: str) -> list[str]:
    """The lines that say something, undecorated."""
    return [line for line in map(undecorated, text.split("\n")) if re.search(r"[^\W_]|[\[({'\"]", line)]


def undecorated(line: str) -> str:
    """Without Markdown and LaTeX around it: `- **Paris**.` gives `Paris`."""
    line = re.sub(
        r"^\s*(?:(?:[-*+>•]|#{1,6}|>>>|=|=>|→|[0-9]{1,2}[.)](?!\s+(?i:that|this|it)\b))\s+)+",
        "",
        line[: 4 * MAX_ANSWER],
    ).strip()
    line = _CORRECTED.sub("", line)
    while (match := _WRAPPED.fullmatch(line)) and not re.search(r"\*\*|__|`", inside := _inside(match)):
        line = inside.strip()
    if line.count("**") == 1:
        line = line.replace("**", "").strip()
    return line[:MAX_ANSWER]


def clause(line: str) -> str:
    """The line up to the end of its first sentence, a reason or a bracket; all of it where that is then taken back."""
    line = line.strip()
    end = _ENDS.search(line)
    return line if end is None or denied_behind(line, end.start()) else line[: end.start()].strip()


def emphasised(line: str) -> list[str]:
    """What stands in bold, code or formulas within the line, and is not denied."""
    found = re.finditer(r"\*\*(.+?)\*\*|`(.+?)`|\$(.+?)\$", line)
    return [
        next(group for group in match.groups() if group is not None).strip()
        for match in found
        if not denied(line, *match.span())
    ]


def _behind(text: str, start: int) -> str:
    said = re.sub(r"\A[ \t]*(?:[*_]{1,3}(?=[\s:：]))?[:：]?[ \t]*", "", text[start : start + 4 * MAX_ANSWER])
    line, _, rest = said.partition("\n")
    if re.search(r"[^\s*_`$#:\\\[\]({-]", line) or re.match(r"\s*[\[({]", line):
        return "" if re.match(r"\s*(?:```|~~~)", line) and not rest else _block(said) or line
    following = re.match(r"[\s*_]*(?=\S)", rest)
    rest = rest[following.end() :] if following else ""
    return _block(rest) or re.sub(r"^\\\[|^\$\$\s*", "", rest.lstrip("\n")).strip().split("\n", 1)[0]


def _block(text: str) -> str:
    fence = _FENCE.match(text)
    return fence[1].strip() if fence else ""


def _inside(match: re.Match[str]) -> str:
    groups = [group for i, group in enumerate(match.groups(), 1) if group is not None and i != 8]
    return groups[0]
