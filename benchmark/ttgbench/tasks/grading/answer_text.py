"""Where the answer stands in an output: behind the model's reasoning, and before what it made up to go on with.

`spoken` drops reasoning (`<think>...</think>` and its dialects) and whatever follows an end-of-text token; `readings`
also stops before a made-up next question. Graders raise their version when a change here can change a verdict.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

VERSION = "answer_text/1"
"""For graders that are not ours: what they read is prepared here."""

MAX_QUESTIONS = 20
"""Later ones are not looked for: the time for an output is bounded."""

_DIALECTS = (
    (re.compile(r"(?:<\|end\|>\s*)?(?:<\|start\|>assistant)?<\|channel\|>final<\|message\|>"), "</think>"),
    (re.compile(r"<\|channel\|>(?:analysis|commentary)<\|message\|>"), "<think>"),
    (re.compile(r"<\|begin_of_thought\|>|\[THINK\]|◁think▷|<seed:think>"), "<think>"),
    (re.compile(r"<\|end_of_thought\|>|\[/THINK\]|◁/think▷|</seed:think>"), "</think>"),
    (re.compile(r"<\|(?:begin_of_solution|begin_of_box|end_of_box)\|>"), ""),
)
"""Other marks of the same meaning: gpt-oss, OpenThinker, Magistral, Kimi, Seed, GLM."""

_REASONING = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|rationale|analysis|reflection|scratchpad)"
_OPENS = re.compile(rf"(?i)(?<![\"'`^\\])<{_REASONING}(?:\s[^<>\n]{{0,80}})?>")
_CLOSES = re.compile(rf"(?i)</{_REASONING}\s*>")
_ANSWER = re.compile(r"(?i)<((?:final[_-]?)?answer|solution)>(.*?)(?:</\1>|\Z)", re.DOTALL)

_TOKEN = (
    r"<\|[A-Za-z][\w▁ -]{2,40}\|>|<｜[^｜<>\n]{2,40}｜>|<(?:bos|eos|pad|EOT|(?:start|end)_of_turn)>|\[(?:EOS|/?INST)\]"
)
_BEGINS = re.compile(rf"(?:\s*(?:{_TOKEN}|<s>)(?:(?:assistant|model)\b)?)+")
_ENDS = re.compile(rf"{_TOKEN}|</s>")

_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_STRUCK = re.compile(r"(?<!~)~~(?!~)[^~\n]{1,300}~~(?!~)|<(del|strike)>[^<>\n]{1,300}</\1>")
_NEXT = re.compile(
    r"""(?im)^(?P<lead>[^\w\n]{0,8})(?P<next>(?:next|new|another|follow-?up)[ ])?
        (?:question|problem|exercise|q|human|user|instruction|example(?=[ ]?[0-9]{0,4}[*_ ]{0,3}:[*_ ]{0,3}$))
        (?:[ \t]*(?:\#|no\.?[ ]|number[ ])?[ \t]*(?P<number>[0-9]{1,4}))?[ \t]*[*_]{0,3}[ \t]*
        (?P<mark>[:：]|[.)](?=[\s*_])|(?=[ \t*_]{0,8}$))""",
    re.VERBOSE,
)
_ASKED = re.compile(
    r"(?i)\n[ \t]{0,8}\n(?=[^\n]{1,1000}\?[*_ \t]{0,5}\n{1,3}[*_#> \t]{0,5}(?:answer|solution)[*_]{0,3}:)"
)
"""Before a paragraph that asks something and has an answer behind it."""
_ANSWERED = re.compile(r"(?i)\banswer(?:\W{1,4}is\b|\W{0,4}[:=])|####|\\boxed")


def spoken(output: str) -> str | None:
    """The output behind its reasoning, inside its last `<answer>` and before its first end-of-text token.

    None where reasoning was begun and never closed: nothing has been answered then. A tag between two quotes
    (`"</think>"` in a program) is not one.
    """
    text = output.replace("\r\n", "\n").removeprefix("\ufeff")
    for dialect, plain in _DIALECTS:
        text = dialect.sub(plain, text)
    begins = _BEGINS.match(text)
    text = text[begins.end() :] if begins else text
    ends = next(_marks(_ENDS, text), None)
    text = text[: ends.start()] if ends else text
    closes = list(_marks(_CLOSES, text))
    text = text[closes[-1].end() :] if closes else text
    if next(_marks(_OPENS, text), None):
        return None
    answers = [match[2] for match in _marks(_ANSWER, text) if match[2].strip()]
    return answers[-1] if answers else text


def readings(output: str, stop: Sequence[str] = ()) -> Iterator[str]:
    """The answer's text, ever longer: up to a stop string that a server ignored, up to each question that the model may
    have made up, at last all of it.

    The first reading that holds an answer counts. A question at the very beginning is a copy of the one that was asked,
    and one in a numbered series that began there is a part of the solution.
    """
    text = spoken(output)
    if text is None:
        return
    text = _STRUCK.sub(" ", _INVISIBLE.sub("", text))
    begin = len(text) - len(text.lstrip())
    stops = sorted({place for string in stop if string and (place := text.find(string, begin)) > begin})
    yield from (text[:place] for place in stops)
    yield from (text[:place] for place in questions(text) if not stops or place > stops[-1])
    yield text


def questions(text: str) -> Iterator[int]:
    """Where questions begin that the model made up after it had said something."""
    series = False
    asked = _ASKED.search(text)
    if asked and _is_answered(text[: asked.start()]):
        yield asked.start()
    for header in itertools.islice(_NEXT.finditer(text), MAX_QUESTIONS):
        if not (header["mark"] or header["number"] or header["next"] or "#" in header["lead"]):
            continue
        if header["mark"] in (".", ")") and not header["number"]:
            continue
        if not re.search(r"\w", text[: header.start()]):
            series = bool(header["number"])
        elif not (series and header["number"]):
            yield header.start()


def _is_answered(text: str) -> bool:
    """Whether the text states an answer, or is but a few words. Not where it asks something itself: a question behind
    it is then one more step of the solution."""
    few_words = len(text.split()) <= 3 and not text.endswith(":")
    return "?" not in text and (few_words or _ANSWERED.search(text) is not None)


def _marks(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for match in pattern.finditer(text):
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        if not (before == after and before in ("'", '"', "`")):
            yield match
