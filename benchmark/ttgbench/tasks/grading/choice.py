"""Grades a choice among lettered options (mmlu, mmlu_pro, arc): which letter does the output settle on?

lm-eval's own filters read one phrasing each; this reads them all, strongest evidence first, and never guesses:

1. nothing but the text of a choice; else
2. the last statement: "the answer is B", "Answer: (B) foo", "\\boxed{B}", "the answer is <text of a choice>",
   "B is correct", "only (B) fits", "I choose B", "so B.";
3. a line that is, or starts with, an option's letter: "B", "(B)", "**B.** foo";
4. a last sentence that ends with the one letter it names: "It is carbon, option C.";
5. the only letter in brackets anywhere;
6. the only choice whose full text occurs.

A letter as a word ("A dog", "I think") is no claim. What is denied ("cannot be A"), said for others ("many think it is
A") or supposed ("if the answer were A") counts for nothing; a last statement of several letters ("A or B") settles on
none. The phrases stand in choice_phrases.py.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from ttgbench.errors import InputError
from ttgbench.tasks.grading import choice_phrases as phrases
from ttgbench.tasks.grading.answer_text import readings
from ttgbench.tasks.grading.clean import MAX_CLAIMS, readable
from ttgbench.tasks.grading.denials import denied_before, denied_behind
from ttgbench.tasks.grading.echo import find
from ttgbench.tasks.task import CORRECT, UNANSWERED, WRONG, Grade

GRADER = "choice/3"

_Way = Callable[[str, dict[str, str]], Iterable[str]]

SEVERAL = ""
"""Stands for a statement that names more than one letter."""

_WRAPPED = re.compile(r"\\(?:text|math)[a-z]{0,6}\s?\{([^{}]{0,500})\}")
_BOXED = re.compile(r"\\f?box(?:ed)?\s?\{([^{}]{1,500})\}")
_DECORATION = re.compile(r"[*`$]|\\[()\[\]!,;]|__|(?<![^\W_])_|_(?![^\W_])|</?[a-z]{1,10}>")


def extract(output: str, *, choices: Sequence[str] = (), letters: str = "ABCD", stop: Sequence[str] = ()) -> str | None:
    """The upper-case letter that the output settles on, or None.

    choices: the options' texts in order, if known; their number then sets the letters.
    letters: the letters on offer where the texts are not known ("ABCDEFGHIJ" for mmlu_pro).
    stop: the task's stop strings.
    """
    if choices:
        letters = "ABCDEFGHIJ"[: len(choices)]
    texts = {letter: _comparable(_readable(text)) for letter, text in zip(letters, choices, strict=False)}

    def finder(*ways: _Way) -> Callable[[str], str | None]:
        return lambda text: _settled(_plain(text), texts, letters, ways)

    settled = find(readings(_readable(output), stop), finder(*_STATED), finder(*_SAID))
    return settled or None


def grade(
    output: str, reference: str, *, choices: Sequence[str] = (), letters: str = "ABCD", stop: Sequence[str] = ()
) -> Grade:
    """`reference`: the right letter. Raises InputError when it is not among the letters on offer."""
    offered = "ABCDEFGHIJ"[: len(choices)] if choices else letters
    if len(reference) != 1 or reference not in offered:
        raise InputError(f"must be one of the letters {offered}, not {reference[:20]!r}", field="reference")
    answer = extract(output, choices=choices, letters=letters, stop=stop)
    if answer is None:
        return Grade(UNANSWERED, None)
    return Grade(CORRECT if answer == reference else WRONG, answer)


def _settled(text: str, texts: dict[str, str], letters: str, ways: Sequence[_Way]) -> str | None:
    """The letter, SEVERAL, or None where nothing is said."""
    for way in ways:
        found = [letter for letter in way(text, texts) if letter in letters]
        if found:
            return found[-1]
    return None


def _readable(text: str) -> str:
    """With full-width letters and colons as plain ones."""
    return readable(unicodedata.normalize("NFKC", readable(text)))


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


def _statements(text: str, texts: dict[str, str]) -> Iterable[str]:
    """What claims, verdicts and conclusions name, in their order in the text."""
    found: list[tuple[int, str | None]] = []
    # A text may look like a letter ("A, B and C", "(B) alone"), but not one that is a single letter.
    longer = {letter: choice for letter, choice in texts.items() if len(choice) > 1}
    previous, named = None, None
    for cue in list(phrases.CLAIM.finditer(text))[-MAX_CLAIMS:]:
        if phrases.dismissed(text, cue):
            continue
        said = text[cue.end() : cue.end() + 1_000]
        letter = _first(_choice(said, longer), _letter(said, texts), _choice(said, texts))
        opening = phrases.LETTER.match(said)
        if opening and phrases.hypothetical(cue, said[opening.end() :]):
            letter = None
        if previous and phrases.listed(text, previous, cue) and letter not in (None, named):
            letter = SEVERAL
        previous, named = cue, letter
        found.append((cue.end(), letter))
    for cue in list(phrases.CONCLUSION.finditer(text))[-MAX_CLAIMS:]:
        if not phrases.dismissed(text, cue):
            found.append((cue.end(), _letter(text[cue.end() : cue.end() + 1_000], texts, firmly=True)))
    for cue in list(phrases.VERDICT.finditer(text))[-MAX_CLAIMS:]:
        if not (phrases.dismissed(text, cue) or (cue["letter"] and denied_behind(text, cue.end("letter")))):
            found.append((cue.start(), cue["letter"] or cue["sole"]))
    return [letter for _, letter in sorted(found, key=lambda place: place[0]) if letter is not None]


def _lines(text: str, texts: dict[str, str]) -> Iterable[str]:
    """A line that holds a letter alone, the last such; else the letter that starts lines, if it is but one."""
    alone: list[str] = []
    leading: list[str] = []
    wrong: list[str] = []
    for match in phrases.LINE.finditer(text):
        after = text[match.end() : match.end() + 1_000].split("\n", 1)[0]
        letter = match[1].upper()
        is_text = _begins(after, texts.get(letter))  # whatever that says
        if is_text or not (phrases.hedged(after) or phrases.taken_back(after)):
            untrue = phrases.UNTRUE.search(after) and _comparable(after) != texts.get(letter)
            (alone if not after.strip() else wrong if untrue else leading).append(letter)
    several = len({*leading, *wrong}) > 1  # else a verdict may be the option's own text
    leading = leading if several else leading + wrong
    return alone or (leading if len(set(leading)) == 1 else [])


def _ending(text: str, texts: dict[str, str]) -> Iterable[str]:
    """The letter with which the last sentence ends, if that sentence names no other and does not reject it."""
    sentence = re.split(r"(?<=[.!?;])\s+|\n", text[-1_000:].strip())[-1]
    end = phrases.ENDING.search(sentence)
    if end is None or {*phrases.LETTERED.findall(sentence)} - {end["letter"]} or re.search("wrong|incorrect", sentence):
        return ()
    return (
        ()
        if phrases.dismissed(sentence, end) or _text_denied(sentence, end.start("letter"), end["letter"], texts)
        else (end["letter"],)
    )


def _brackets(text: str, texts: dict[str, str]) -> Iterable[str]:
    found = {
        match[1]
        for match in list(phrases.BRACKETED.finditer(text))[-MAX_CLAIMS:]
        if not (phrases.dismissed(text, match) or _text_denied(text, match.start(), match[1], texts))
        and not phrases.taken_back(text[match.end() :][:200])
    }
    return found if len(found) == 1 else ()


def _texts(text: str, texts: dict[str, str]) -> Iterable[str]:
    """The choice whose words occur undenied, where no other's do. A longer text hides a shorter one inside it."""
    words, found, denied = f" {_comparable(text)} ", [], phrases.denied_letters(text)
    for choice in sorted({choice for choice in texts.values() if choice}, key=lambda choice: (-len(choice), choice)):
        pieces = words.split(f" {choice} ")
        if any(
            not denied_before(before, len(before)) and not denied_behind(f" {after}", 0)
            for before, after in itertools.pairwise(pieces)
        ):
            found += [letter for letter in texts if texts[letter] == choice and letter not in denied]
        words = " | ".join(pieces)
    return found if len(found) == 1 else ()


def _text_denied(text: str, at: int, letter: str, texts: dict[str, str]) -> bool:
    """Whether the letter's text stands right before it, and is denied ("not Rome (B)")."""
    before = f" {_comparable(text[max(0, at - 200) : at])}"
    own = f" {texts.get(letter, '')}"
    return len(own) > 1 and before.endswith(own) and denied_before(before, len(before) - len(own) + 1, option=True)


def _first(*letters: str | None) -> str | None:
    return next((letter for letter in letters if letter is not None), None)


def _choice(said: str, texts: dict[str, str]) -> str | None:
    """The choice whose full text what is said begins with, the longest if several do."""
    words = f"{_comparable(said.lstrip().split(chr(10), 1)[0])} "
    begun = [letter for letter, choice in texts.items() if choice and words.startswith(f"{choice} ")]
    if not begun:
        return None
    longest = max(begun, key=lambda letter: len(texts[letter]))
    rest = words[len(texts[longest]) + 1 :]
    others = (f"{joint}{choice} " for choice in texts.values() if choice for joint in ("or ", "and "))
    if any(rest.startswith(other) for other in others):
        return SEVERAL
    same = sum(choice == texts[longest] for choice in texts.values()) > 1
    return None if same or denied_behind(f" {rest}", 0) else longest


def _letter(said: str, texts: dict[str, str], firmly: bool = False) -> str | None:
    """The letter that what is said begins with, unless it is a word or denied; SEVERAL if others follow.

    firmly: only where the clause ends behind it, gives a reason, or goes on with the choice's own text.
    """
    match = phrases.LETTER.match(said)
    if match is None:
        return None
    after = said[match.end() :]
    letter = (match["round"] or match["square"] or match["bare"]).upper()
    if match["bare"] and re.match(r"[\w+#]|['’-]\w|\.\w", after):
        return None  # the beginning of a word
    line = after.split("\n", 1)[0]
    own = texts.get(letter)
    if own and len(own) > 1 and _begins(line.lstrip(" )]}.:-"), own):
        return letter  # its text may look like more letters ("D. A, B and C")
    if phrases.hedged(after):
        return SEVERAL
    if phrases.taken_back(after):
        return None
    if firmly and not (phrases.FIRM.match(line) or _begins(line, own)):
        return None
    if match["bare"]:
        if match["bare"].islower():
            return letter if phrases.ENDS.match(line) else None
        if letter in "AI" and phrases.AFTER_ARTICLE.match(line):
            return letter if _begins(line, own) else None
    return letter


def _begins(said: str, choice: str | None) -> bool:
    return bool(choice) and f"{_comparable(said)} ".startswith(f"{choice} ")


_STATED: Sequence[_Way] = (_whole, _statements)
_SAID: Sequence[_Way] = (_lines, _ending, _brackets, _texts)
"""Both by the strength of the evidence."""
