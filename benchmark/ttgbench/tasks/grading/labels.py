"""Numbers that only begin a line, as those of a step or of an entry of a list do. They are never an answer."""

from __future__ import annotations

import re

_REACH = 40
"""So many characters before a number are read."""

_LABEL = re.compile(
    r"""(?im)^(?P<lead>[ \t>*_\#-]{0,12})(?:
        (?:step|part|question|problem|case|option|section|task|method|example|solution|equation)[ ]\#?
          [(\[]?[0-9]{1,2}[)\]]?(?:[ ]of[ ][0-9]{1,2})?(?=[*_]{0,3}(?:[:.)]|[ \t]*$))
      | (?!answer|not\b|total|result|sum\b)(?-i:[A-Z])[a-z]*[ ]?[0-9]{1,2}(?=[*_]{0,3}:(?:\s|[*_]|$))
      | \(?(?P<number>[0-9]{1,2})(?P<mark>[.)])[*_]{0,3}(?:(?P<alone>[ \t]*$)|(?=[ \t]+[*_]{0,3}[^\W\d_])) )""",
    re.VERBOSE,
)
_ENTRY = re.compile(r"(?m)^[ \t>*_#-]{0,12}\(?([0-9]{1,2})[.)][*_]{0,3}[ \t]+\S")
_LED_TO = re.compile(r"(?:[:=]|\bis)\s*$")


def unlabelled(text: str) -> str:
    """The text without the numbers of "Step 5:", "2) Then ..." and "5." behind an entry 4.

    What may be a whole answer is none: a text that is but "18)" or "Step 3", and behind no entry 17 "**18.**", or
    "18. That is ..." where it begins the text, follows "The sum is", or is too large for a list's only entry.
    """
    begin = len(text) - len(text.lstrip())
    entries = {int(number) for number in _ENTRY.findall(text)}

    def label(match: re.Match[str]) -> str:
        number = int(match["number"] or 1)
        goes_on = number - 1 in entries
        if match["alone"] is not None:
            is_label = goes_on and "*" not in match["lead"]
        elif match["mark"] == ".":
            opens = match.start() <= begin and "#" not in match["lead"]
            led_to = _LED_TO.search(text, max(0, match.start() - _REACH), match.start()) is not None
            is_label = number == 1 or goes_on or (number < 10 and not opens and not led_to)
        else:
            is_label = True
        return match["lead"] if is_label else match[0]

    shorter = _LABEL.sub(label, text)
    return shorter if re.search(r"[\w:#]", shorter) else text
