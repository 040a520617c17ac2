"""Grades a choice among lettered options (mmlu, mmlu_pro, arc): which letter does the output settle on?

lm-eval's own filters read one phrasing each; this reads them all, strongest evidence first, and never guesses:

1. nothing but the text of a choice; else
   a claim: "the answer is B", "Answer: (B) foo", "\\boxed{B}", "the answer is <text of a choice>"; the last counts;
2. a verdict: "B is correct", "option (B) is the best", "I choose B", "it's B"; the last counts;
3. a line that is, or starts with, an option's letter: "B", "(B)", "**B.** foo";
4. the only letter in brackets anywhere;
5. the only choice whose full text occurs.

A letter as a word ("A dog", "I think") is no claim; "A or B" claims nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ttgbench.errors import InputError
from ttgbench.tasks.grading.clean import readable
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "choice/1"

_WRAPPED = re.compile(r"\\(?:text|math)[a-z]{0,6}\s?\{([^{}]{0,500})\}")
_BOXED = re.compile(r"\\f?box(?:ed)?\s?\{([^{}]{1,500})\}")
_DECORATION = re.compile(r"[*`$]|\\[()\[\]!,;]|__|</?[a-z]{1,10}>")

_CLAIM = re.compile(
    r"""(?i)\b(?:answer(?!\s+(?:choice|option)s|s?\s+choices) | (?:correct|right|best)\s+(?:choice|option|letter))\b
        (?:[^.\n:=]{0,60}?\b(?:is|be|are)\b | [^.\n:=]{0,60}?[:=] | (?=\s+\(?[A-J]\b))
        (?:\s*(?:\b(?:is|clearly|probably|likely|most|indeed|definitely|therefore|thus|the|correct|option|choice|letter
        |answer)\b|[:=]|->|→)){0,6}""",
    re.VERBOSE,
)
_VERDICT = re.compile(
    r"""\(?\b(?P<letter>[A-J])\b[).]?\s+(?:is|must\sbe|would\sbe|seems|looks)\s+(?:(?:the|most|likely|probably|clearly)\s+){0,3}
        (?:correct|right|best|answer|true|appropriate|accurate)\b
      | (?i:\b(?:choose|chose|pick|select|go(?:ing)?\swith|it's|it\sis|it\smust\sbe|i'd\ssay|i\sthink|guess)\s+
        (?:(?:it's|it\sis|is|the|option|choice|answer|letter)\s+){0,3})(?P<named>(?=\(?[A-J]\b))""",
    re.VERBOSE,
)
_LETTER = re.compile(
    r"""[\s"'“‘]{0,20}(?:\(\s?(?P<round>[A-Ja-j])\s?\) | \[\s?(?P<square>[A-Ja-j])\s?\] | \{?(?P<bare>[A-Ja-j]))""",
    re.VERBOSE,
)
_HEDGE = re.compile(r"""["')\].]?\s*(?:,?\s*\b(?:or|and)\b|/|&)\s*(?:\(\s?[A-Ja-j]\s?\)|[A-J]\b)""")
_DENIED = re.compile(
    r"""[)\]]?\s*(?:is|was|can|cannot|could|isn't|can't)\b[^.,;\n]{0,20}?
        (?:\bnot\b|n't|\bwrong\b|\bincorrect\b|\bfalse\b)""",
    re.VERBOSE,
)
_AFTER_ARTICLE = re.compile(r"\s+(?!(?:because|since|as|due|is|was|and|which|for|with|given|by)\b)[A-Za-z0-9]")
_ENDS = re.compile(r"\s*(?:[)\].,:;}\"'”]|$)")
_LINE = re.compile(
    r"""^[ ]?(?:[-•>#]\s)?(?:(?i:option|choice)\s)?[\[({]?([A-Ja-j])
        (?: [\])}]?[.:]?[ ]?$                     # the letter alone
          | (?:[)\]}]|[.:](?=\s))(?=.*\w) )       # "B) foo", "B. foo" or "B: foo"
    """,
    re.MULTILINE | re.VERBOSE,
)
_BRACKETED = re.compile(r"\(([A-J])\)")


def extract(output: str, *, choices: Sequence[str] = (), letters: str = "ABCD") -> str | None:
    """The upper-case letter that the output settles on, or None.

    choices: the options' texts in order, if known; their number then sets the letters.
    letters: the letters on offer where the texts are not known ("ABCDEFGHIJ" for mmlu_pro).
    """
    if choices:
        letters = "ABCDEFGHIJ"[: len(choices)]
    texts = {letter: _comparable(readable(text)) for letter, text in zip(letters, choices, strict=False)}
    text = _plain(readable(output))
    for find in (_whole, _claims, _verdicts, _lines, _brackets, _texts):
        found = [letter for letter in find(text, texts) if letter in letters]
        if found:
            return found[-1]
    return None


def grade(output: str, reference: str, *, choices: Sequence[str] = (), letters: str = "ABCD") -> Grade:
    """`reference`: the right letter. Raises InputError when it is not among the letters on offer."""
    offered = "ABCDEFGHIJ"[: len(choices)] if choices else letters
    if len(reference) != 1 or reference not in offered:
        raise InputError(f"must be one of the letters {offered}, not {reference[:20]!r}", field="reference")
    answer = extract(output, choices=choices, letters=letters)
    if answer is None:
        return Grade(UNANSWERED, None)
    return Grade(CORRECT if answer == reference else WRONG, answer)


def _plain(text: str) -> str:
    """Without Markdown and LaTeX decoration; a box becomes the claim that it is."""
    text = _DECORATION.sub("", _WRAPPED.sub(r"\1", text))
    text = re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", text))  # long runs of blanks cost quadratic time below
    return _BOXED.sub(r"\nThe answer is: \1\n", text)


def _comparable(text: str) -> str:
    """Words, numbers and mathematical signs alone, in lower case."""
    text = _DECORATION.sub("", _WRAPPED.sub(r"\1", text)).lower()
    return " ".join(re.findall(r"""\w+(?:[.,]\d+)?|[^\w\s.,;:!?'"“”‘’()\[\]{}]""", text))


def _whole(text: str, texts: dict[str, str]) -> Iterable[str]:
    """The choice whose text is all that was said."""
    words = _comparable(text)
    found = [letter for letter, choice in texts.items() if choice == words and len(choice) > 1]
    return found if len(found) == 1 else ()


def _claims(text: str, texts: dict[str, str]) -> Iterable[str]:
    for cue in _CLAIM.finditer(text):
        said = text[cue.end() : cue.end() + 1_000]
        # A text may look like a letter ("A, B and C", "(B) alone"), but not one that is a single letter.
        longer = {letter: choice for letter, choice in texts.items() if len(choice) > 1}
        letter = _choice(said, longer) or _letter(said, texts) or _choice(said, texts)
        if letter:
            yield letter


def _verdicts(text: str, texts: dict[str, str]) -> Iterable[str]:
    for match in _VERDICT.finditer(text):
        if match["letter"]:
            if not re.search(r"\b(?:nor|neither|if)\s+\(?$", text[: match.start("letter")][-12:]):
                yield match["letter"]
        else:
            letter = _letter(text[match.end() : match.end() + 1_000], texts)
            if letter:
                yield letter


def _lines(text: str, texts: dict[str, str]) -> Iterable[str]:
    """A line that holds a letter alone, the last such; else the letter that starts lines, if it is but one."""
    alone: list[str] = []
    leading: list[str] = []
    for match in _LINE.finditer(text):
        after = text[match.end() : match.end() + 1_000].split("\n", 1)[0]
        if not (_HEDGE.match(after) or _DENIED.match(after)):
            (leading if after.strip() else alone).append(match[1].upper())
    return alone or (leading if len(set(leading)) == 1 else [])


def _brackets(text: str, texts: dict[str, str]) -> Iterable[str]:
    found = set(_BRACKETED.findall(text))
    return found if len(found) == 1 else ()


def _texts(text: str, texts: dict[str, str]) -> Iterable[str]:
    """The choice whose words occur, where those of no other do. A longer text hides a shorter one inside it."""
    words, found = f" {_comparable(text)} ", []
    for choice in sorted({choice for choice in texts.values() if choice}, key=lambda choice: (-len(choice), choice)):
        if f" {choice} " in words:
            found += [letter for letter in texts if texts[letter] == choice]
            words = words.replace(f" {choice} ", " | ")
    return found if len(found) == 1 else ()


def _choice(said: str, texts: dict[str, str]) -> str | None:
    """The choice whose full text what is said begins with, the longest if several do."""
    words = _comparable(said.lstrip().split("\n", 1)[0])
    begun = [letter for letter, choice in texts.items() if choice and f"{words} ".startswith(f"{choice} ")]
    begun.sort(key=lambda letter: len(texts[letter]))
    same = begun and sum(texts[letter] == texts[begun[-1]] for letter in begun) > 1
    return begun[-1] if begun and not same else None


def _letter(said: str, texts: dict[str, str]) -> str | None:
    """The letter that what is said begins with, unless it is a word, one of several, or denied."""
    match = _LETTER.match(said)
    if match is None:
        return None
    after = said[match.end() :]
    letter = (match["round"] or match["square"] or match["bare"]).upper()
    if _HEDGE.match(after) or _DENIED.match(after):
        return None
    if match["bare"]:
        if re.match(r"[\w'’+#]|-\w|\.\w", after):
            return None  # the beginning of a word
        if match["bare"].islower():
            return letter if _ENDS.match(after.split("\n", 1)[0]) else None
        if letter in "AI" and _AFTER_ARTICLE.match(after.split("\n", 1)[0]):
            own = texts.get(letter)
            return letter if own and f"{_comparable(after)} ".startswith(f"{own} ") else None
    return letter
