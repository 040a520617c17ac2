"""What an output does not give as its answer: a value that its own sentence denies, or tells as a mistake.

One place for all graders, which raise their version when a change here can change a verdict. In doubt a value counts:
a denial stands right before or behind it, with nothing but fillers ("the answer is") between. What may as well count
or calculate is none ("12 were rejected", "if there are 12", "12 is too many").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ttgbench.tasks.grading.clean import MAX_CLAIMS

REACH = 120
"""So many characters before and behind a value are read."""

_BE = r"(?:['’]s|\s+(?:is|was|were|be|been|(?:would|must|should)\s+be))\b"
_NOUNS = r"(?:\s+(?:the|an?|correct|right|final|answer|option|choice|letter|number)\b){0,4}"
_LEAD = rf"(?:\s+that\b)?(?:\s+(?:it|this|there|the(?:\s+\w+)?\s+answer){_BE}|{_BE})?{_NOUNS}"
"""What may stand between a denial and its value: "(many say) that the answer is (12)"."""
_SAY = r"(?:say|answer|think|believe|assume|guess|conclude|choose|pick|select|write)"
_MISTAKE = r"(?:mistake|error|trap|distractor|misconception)"

_NOT = rf"""(?:\b(?:not|never|cannot|can[ ]not|neither|nor|hardly)|n['’ ]t)
        (?:\s+(?:be|been|equal(?:\s+to)?|exactly|really|possibly|always)\b){{0,3}}{_NOUNS}
    | (?:\bnot|n['’]t)\s+(?:think|believe|agree|say|mean|convinced|sure){_LEAD}
    | \bnot\s+(?:true|correct|right|the\s+case)\s+that{_LEAD}
    | \bno\s+means | \brather\s+than | \binstead\s+of | (?<!\bof[ ])\banything\s+but | \bunlike | \bi\s+doubt{_LEAD}"""
_TOLD = rf"""\b(?:many|some|most|others?|students|people|pupils|beginners)\s+(?:\w+\s+){{0,2}}?
        (?:think|thought|believe|say|said|argue|guess|would\s+answer|(?:answer|assume|claim)(?=\s+(?:that|the)))(?!{_BE}){_LEAD}
    | \b(?:might|may)\s+(?:think|guess|assume|believe){_LEAD}
    | \b(?:friend|classmate|teacher|author|book|someone|student)\s+(?:says|said|thinks|thought|believes|claims)
        (?:\s+that)?\s+(?:it|the\s+(?:\w+\s+)?answer){_BE}
    | (?<!never[ ])\b(?:{_MISTAKE}|wrong|incorrect|tempting|tempted)(?:{_BE})?\s+to\s+{_SAY}{_LEAD}
    | \b(?:common|typical|usual|frequent)\s+{_MISTAKE}(?:{_BE}|\s?:)
    | (?:\A\W*(?:common\s+)?|(?:\A\W*(?:\w+,?\s+){{0,2}}?|,\s+)(?:an?|the|my)\s+(?:\w+\s+)?)
        (?:wrong|incorrect|false)\s+(?:answer|option|choice|result)(?:{_BE}|\s?:)
    | (?<!\bi[ ])\b(?:suppose|assume|if)\s+(?:that\s+)?the\s+answer{_BE}"""
_AT_FIRST = rf"""\bi\s+(?:had\s+)?(?:at\s+)?(?:first|initially|originally)\s+
        (?:thought|guessed|said|assumed|believed|answered){_LEAD}
    | \b(?:at\s+first|initially|originally),?\s+i\s+(?:thought|guessed|said|assumed){_LEAD}
    | \bi\s+thought{_LEAD}
    | \bmy\s+(?:first|initial|original)\s+(?:guess|thought|idea|attempt)\s+was
    | \bat\s+first\s+(?:glance|sight),?{_LEAD}"""
_OPTION = rf"""\b(?:eliminat\w+|exclud\w+|discard\w*|reject\w*|rul(?:e[sd]?|ing)\s+out){_LEAD}
    | \b(?:many|some|most|others|students|people|pupils|beginners|users|they)\s+(?:\w+\s+){{0,2}}?{_SAY}(?!{_BE}){_LEAD}
    | \bthey\s+claim{_LEAD} | \b(?:you|one)\s+would\s+(?:think|guess|assume|believe){_LEAD}
    | \bi\s+(?:first|initially|originally)\s+(?:picked|chose|selected|wrote){_LEAD} | \b(?:all|everything)\s+but
    | (?:\bnot|n['’ ]t)\s+(?:choose|pick|select){_LEAD}
    | \b(?:if|unless|whether|suppos(?:e|ing)|(?<!\bi[ ])assum(?:e|ing)){_LEAD}"""
_AFTER = r"""[\s*_`"'“‘$({\\\[]*$"""
_BEFORE = re.compile(rf"(?i)(?:{_NOT} | {_TOLD} | {_AT_FIRST}){_AFTER}", re.VERBOSE)
_BEFORE_OPTION = re.compile(rf"(?i)(?:{_NOT} | {_TOLD} | {_AT_FIRST} | {_OPTION}){_AFTER}", re.VERBOSE)

_ENDS = r"(?=\s*(?:$|[.,;:!)\n—–-]|(?:because|since|as|here|and|but|so)\b))"
_RIGHT = rf"(?:(?:right|correct|true|valid|possible|it|the\s+(?:\w+\s+)?(?:answer|one|case)){_ENDS}|\s*(?:[.!)\n]|$))"
_WRONG = rf"""(?:(?:\w+ly|also|just|still|even)\s+)?(?: not\s*{_RIGHT} | (?:wrong|incorrect|false){_ENDS}
    | an?\s+(?:\w+\s+){{0,2}}{_MISTAKE}{_ENDS}
    | (?:an?|the)\s+(?:\w+\s+){{0,2}}(?:wrong|incorrect)\s+(?:answer|option|choice|one){_ENDS} )"""
_IS_WRONG = rf"(?:is|was|must\s+be|would\s+be|seems|looks)\s+{_WRONG}|(?:isn|wasn)['’]t\s*{_RIGHT}"
_HMM = r"(?:(?:and|but|hmm+|wait|no|actually|oh|however|sorry|oops)\b[,.]?[ \t]*){0,3}"
_BEHIND = re.compile(
    rf"""(?i)[*_`"'”’$)}}\]\\%]*(?:
      (?<!\b1)(?:\s+seems\s+\w+,?\s+but|,)?\s+(?:{_IS_WRONG})     # "1 is wrong" counts
    | (?<!\b1)\s+(?:(?:does\s+not|doesn['’]t)\s+(?:work|fit|hold){_ENDS}
        | (?:is\s+ruled\s+out|can\s+be\s+(?:ruled\s+out|eliminated)))
    | \s+is\s+impossible{_ENDS} | \s+makes\s+no\s+sense | \s+(?:cannot|can['’]t|can[ ]not)\s+(?:\w+ly\s+)?be\s+{_RIGHT}
    | (?:(?:[ ]\w+){{0,2}}[.,;]|[ \t]*[.,;:(—–-]{{0,3}})[ \t]*{_HMM}(?:which|that|this|it)
        (?:['’]s\s+{_WRONG}|\s+(?:{_IS_WRONG})|\s+can['’]t\s+be\s+{_RIGHT})
    | ,?[ \t]*\((?:wrong|incorrect)\) | ,\s+(?:wrong|incorrect){_ENDS}
    | \?\W{{0,3}}(?:no|nope|wrong|never|i\s+don['’]t\s+think|(?:that|it)(?:['’]s|\s+is)\s+not
        |(?:that|it)\s+(?:isn|can)['’]t)\b )""",
    re.VERBOSE,
)
_COUNTERFACTUAL = re.compile(
    r"(?i)\bif\b.*\b(?:were|had)\b(?!\s+to\b).*\bwould\b(?!.*\b(?:so|thus|hence|therefore|but)\b)"
)
_BREAK = re.compile(r"[.!?;](?=\s)|\n(?=.*\w)", re.DOTALL)


def denied(text: str, start: int, end: int) -> bool:
    """Whether what stands at start:end of the text is no answer, by the words before or behind it."""
    return denied_before(text, start) or denied_behind(text, end)


def denied_before(text: str, start: int, option: bool = False) -> bool:
    """Whether the words of its sentence that lead to `start` make what stands there no answer.

    option: it is an option's letter, which can be chosen or eliminated, but counts nothing.
    """
    return (_BEFORE_OPTION if option else _BEFORE).search(_sentence(text, start)) is not None


def counterfactual(text: str, start: int) -> bool:
    """Whether the sentence that leads to `start` says what would be, were something not as it is.

    For what is called the answer alone: of a sum, that may be what is asked.
    """
    return _COUNTERFACTUAL.search(_sentence(text, start)) is not None


def denied_behind(text: str, end: int) -> bool:
    """Whether the words right behind `end` take back what ends there."""
    return _BEHIND.match(text, end, end + REACH) is not None


def last_undenied(
    text: str, found: Sequence[re.Match[str]], value: Callable[[re.Match[str]], str] = lambda match: match[0]
) -> re.Match[str] | None:
    """The last of the matches that is not denied, there or later on: 5 of "5, not 4", none of "5. It is not 5."

    value: equal for matches that mean the same.
    """
    gone: set[str] = set()
    for match in reversed(found[-MAX_CLAIMS:]):
        if denied(text, *match.span()):
            gone.add(value(match))
        elif value(match) not in gone:
            return match
    return None


def _sentence(text: str, end: int) -> str:
    """The sentence up to `end`."""
    return _BREAK.split(text[max(0, end - REACH) : end])[-1]
