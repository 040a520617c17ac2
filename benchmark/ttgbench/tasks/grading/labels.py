"""Numbers that only begin a line, as those of a step or of an entry of a list do. They are never an answer."""

from __future__ import annotations

import re

_LABEL = re.compile(
    r"""(?im)^(?P<lead>[ \t>*_\#-]{0,12})(?:
        (?:step|part|question|problem|case|option|section|task|method|example|solution|equation)[ ]\#?
          [(\[]?[0-9]{1,2}[)\]]?(?:[ ]of[ ][0-9]{1,2})?(?=[*_]{0,3}(?:[:.)]|[ \t]*$))
      | (?!answer|not\b|total|result|sum\b)(?-i:[A-Z])[a-z]*[ ]?[0-9]{1,2}(?=[*_]{0,3}:(?:\s|[*_]|$))
      | \(?(?P<number>[0-9]{1,2})(?P<mark>[.)])[*_]{0,3}(?=[ \t]+[*_]{0,3}[^\W\d_])
      | (?P<alone>[0-9]{1,2})[.)][*_]{0,3}[ \t]*$ )""",
    re.VERBOSE,
)
_ENTRY = re.compile(r"(?m)^[ \t>*_#-]{0,12}\(?([0-9]{1,2})[.)][*_]{0,3}[ \t]+\S")


def unlabelled(text: str) -> str:
    """The text without the numbers of "Step 5:", "2) Then ..." and "5." behind an entry 4.

    What may be a whole answer is none: "18. That is ..." in the beginning, and a text that is but "18)" or "Step 3".
    """
    begin = len(text) - len(text.lstrip())
    entries = {int(number) for number in _ENTRY.findall(text)}

    def label(match: re.Match[str]) -> str:
        if match["alone"]:
            is_label = int(match["alone"]) - 1 in entries
        else:
            may_answer = match["mark"] == "." and match.start() <= begin and "#" not in match["lead"]
            is_label = not may_answer or match["number"] == "1"
        return match["lead"] if is_label else match[0]

    shorter = _LABEL.sub(label, text)
    return shorter if re.search(r"[\w:#]", shorter) else text
