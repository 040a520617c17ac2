"""Numbers that only name something: a step, a question, an option, an entry of a list. They are never an answer."""

from __future__ import annotations

import re

_NAMED = (
    r"(?:sub)?(?:steps?|questions?|problems?|parts?|sections?|tasks?)|exercises?|examples?|options?|choices?"
    r"|(?<!in\ )cases?|equations?|eqs?|formulas?|figures?|tables?|methods?|approach(?:es)?|phases?|scenarios?"
    r"|solutions?|inputs?|attempts?|candidates?|responses?|proposals?|hints?|notes?|rules?|lines?|paragraphs?|lemmas?|theorems?"
    r"|propositions?"
)
_NUMERAL = r"[(\[]?[0-9]{1,3}(?![0-9]|[.,][0-9]|%)[)\]]?"
_WORD = re.compile(
    rf"""(?im)\b(?:{_NAMED})\.?(?:[ ]*(?:\#|no\.?[ ]|number[ ])|[ -])[ ]*{_NUMERAL}
        (?:[ ]?(?:,|and|or|-|to|of)[ ]?{_NUMERAL}){{0,4}}(?![ ]?[-+*/×=][ ]?[0-9])
      | ^[ \t>*_\#-]{{0,12}}(?!answer|not\b|total|result|sum\b)[A-Z][a-z]*[ ]?[0-9]{{1,2}}(?=[*_]{{0,3}}:(?:\s|[*_]|$))
      | \banswers?[ ][\#(\[]?[0-9]{{1,2}}[)\]]?(?=[ ](?:is|was|and|seems|looks|has)\b)""",
    re.VERBOSE,
)
_ENTRY = re.compile(
    r"""(?m)^(?P<lead>[ \t>*_\#-]{0,12})(?: \(?(?P<number>[0-9]{1,2})(?P<mark>[.)])[*_]{0,3}(?=[ \t]+\S)
        | \([0-9]{1,2}\)[*_]{0,3}(?=[ \t]+[A-Z]) | [0-9]{1,2}:[*_]{0,3}(?=[ \t]+[^\W\d])
        | (?P<alone>[0-9]{1,2})(?P<close>[.)])[*_ \t]*$ )""",
    re.VERBOSE,
)
_SAYS = re.compile(r"(?i)[*_\s]*(?:that|this|it|which)\b")
_ANNOUNCED = re.compile(r"(?i)\b(?:answers?|results?|totals?|outputs?|sum|is|are|equals)\b[^\n.]{0,40}[\s:*_]*$")


def unlabelled(text: str) -> str:
    """The text without the numbers of "Step 5", "2) Then ...", "#### 3. Total" and "option 2"."""
    text = _WORD.sub(lambda match: re.sub("[0-9]", "", match[0]), text)
    numbers = {int(entry["number"]) for entry in _ENTRY.finditer(text) if entry["number"]}
    begin = len(text) - len(text.lstrip())

    def entry(match: re.Match[str]) -> str:
        is_first, number = match.start() <= begin, int(match["alone"] or match["number"] or 0)
        if match["alone"]:  # the next entry of a list, or an answer on its own
            begins = (
                number == 1 and not is_first and not _ANNOUNCED.search(text[max(0, match.start() - 80) : match.start()])
            )
            is_label = match["close"] == ")" or number - 1 in numbers or begins
        elif match["mark"] == "." and number > 1 and is_first:
            is_label = number < 10 and not _SAYS.match(text[match.end() : match.end() + 40])
        else:
            is_label = True
        return match["lead"] if is_label else match[0]

    return _ENTRY.sub(entry, text)
