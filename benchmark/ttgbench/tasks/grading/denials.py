"""What an output does not give as its answer: a value that it denies, doubts or supposes, thought of at first, or tells
as somebody else's.

One place for all graders. What matters stands close to the value: words before it from which nothing but fillers ("the
answer is", "it would be") lead to it, and words right behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ttgbench.tasks.grading.clean import MAX_CLAIMS

REACH = 120
"""So many characters before and behind a value are read."""

_FILLERS = r"""(?:\s+(?:the|an?|its?|it['’]?s|this|that|there|is|are|was|were|be|been|being|as|to|of|for|exactly|really
    |simply|just|possibly|equal|correct|right|true|final|best|answer|option|choice|letter|number|value|result|output
    |say|saying|think|thinking|choose|choosing|pick|picking|select|selecting|answering|guess|get|getting|would|could
    |should|must|might|may|can|have|always|either)\b){0,8}"""
_DECORATION = r"""[\s*_`"'“‘$({:\\\[]*$"""
_END = r"(?:[.,;!)\n]|$)"

_NOT = r"""(?:\b(?:not|never|cannot|can[ ]not)|n['’ ]t)
        (?:\s+(?:print|give|equal|return|yield|produce|show|mean|agree|accept|convinced|sure|certain)s?\b)?
    | \b(?:no\s+(?:means|way|circumstances)|none\s+of\s+(?:them|these|those)
        |neither|nor|hardly|unlikely|impossible|unlike|except|exclud\w+|eliminat\w+
        |discard\w*|reject\w*|rul(?:e[sd]?|ing)\s+out|instead\s+of|(?:anything|all|everything)\s+but|far\s+from)
    | (?<!no[ ])(?<!without[ ])(?<!without[ ]a[ ])\bdoubt(?:ful)?"""
_BOUND = r"""(?:(?:\b(?:is|are|be|was)|[:=])\s*(?:\w+\s+)?
        (?:less|more|fewer|greater|higher|lower|smaller|larger|bigger)|\brather|\bother)\s+than
    | \banswer\s+(?:is|must\s+be)\s+(?:at\s+(?:least|most)|over|under|above|below|up\s+to)"""
_OTHERS = r"""(?<!\bi[ ])\b(?:many|some|most|people|students?|users?|authors?|others|every(?:one|body)|someone|anyone
        |whoever|nobody|no[ ]one|beginners|one|you|they|friends?|classmates?|teachers?|(?:text)?books?)\b
        [^,.;:!?\n]{0,40}?\b(?:think|thinks|thought|believe|believes|believed|say|says|said|assumes?|assumed|guess
        |guesses|guessed|choose|chose|picks?|select|claims?|claimed|argues?|expect|conclude|concludes|suggests?)
    | \b(?:students?|people|others|many|beginners)\s+(?:\w+\s+)?(?:answer|get)
    | (?<!\bi[ ])(?<!\bwe[ ])\b(?:might|may|could|would|should)\s+(?:\w+ly\s+)?
        (?:think|say|assume|guess|suggest|expect|answer)
    | \b(?:careless|hasty|na[iï]ve)\w*\b[^.,;:\n]{0,40}?\b(?:gets?|gives?|yields?|says?|answers?)
    | \b(?:says|said|claims|claimed|thinks|believes|argues)\s+(?:that\s+)?(?:the\s+)?(?:\w+\s+)?answer
    | \b(?:student|friend|author|teacher|(?:text)?book|classmate|someone|people)['’]s\s+(?:\w+\s+)?
        (?:answer|guess|solution)"""
_MISTAKE = r"""(?<!correcting[ ]the[ ])(?<!correcting[ ]my[ ])(?<!fixing[ ]the[ ])(?<!no[ ])(?<!without[ ])
        \b(?:(?:common|typical|usual|frequent)\s+(?:mistake|error)|(?:mistakes?|errors?)(?!\W*:)|mistaken(?:ly)?|traps?|distractor|misconception|tempt(?:ing|ed|ation)|wrong|incorrect
        |false|worst|bad|previous)(?:\s+to\s[^.,;:\n]{0,40}?\b(?:say|write|answer|choose|pick|get|conclude|guess))?"""
_AT_FIRST = r"""(?:\b(?:i|we|my)\b[^.!?\n]{0,20}?\b(?:first|initially|originally|at\s+first)\b
        |\b(?:at\s+first|first|initially|originally)\b,?[ ](?:glance,?[ ])?(?:i|we)\b)[ ](?:\w+[ ])??
        (?:thought|guess|guessed|got|said|assumed|believed|answered|wrote|suspected|picked|chose|selected|idea|answer
        |attempt)
    | \bi\s+thought
    | \bat\s+first\s+(?:glance|sight)\b(?:(?!\b(?:but|however)\b)[^.!?;\n]){0,60}"""
_SUPPOSED = r"\b(?:if|whether|unless|suppos(?:e|ing)|(?<!\bi[ ])assum(?:e|ing)|imagine)"
_DENIES = rf"(?:{_NOT} | {_OTHERS} | {_MISTAKE} | {_AT_FIRST} | {_SUPPOSED}){_FILLERS}"
_BEFORE = re.compile(rf"(?i)(?:{_BOUND} | {_DENIES}){_DECORATION}", re.VERBOSE)

_UNTRUE = (
    r"""(?:not|n['’ ]t)\s+(?:right|correct|true|valid|it\b|the\s+(?:\w+\s+)?(?:answer|result|case|solution|one))"""
)
_BAD = rf"""(?:(?:wrong|incorrect|false)(?!\s+to\b)|mistaken|eliminated|excluded|ruled\s+out|off\b(?!\s+the) | {_UNTRUE}
    | too\s+(?:high|low|big|small|large|much|many|few|little|long|short)
    | (?:an?|the)\s+(?:\w+\s+){{0,3}}(?:trap|mistake|distractor|error|misconception|bound|wrong\s+\w+))"""
_IS_BAD = rf"""(?:
      ,?\s+(?:is|was|would\s+be|seems|looks|must\s+be)\s+(?:\w+ly\s+|also\s+|just\s+|still\s+)?(?:{_BAD}
        |(?:im|not\s+)possible\b|tempting\b|what\s+(?:one|you|people|most|many|some)\b|not\s*{_END})
    | \s+(?:(?:might|may|could)\s+)?(?:seems?|looks?|appears?|sounds?)\s+\w+(?:\s+\w+)?,?\s+but\b
    | \s+(?:is|was){_UNTRUE}
    | \s+(?:cannot|can['’ ]t|can[ ]not|could\s+not|couldn['’ ]t)\s+be
        (?:\s+(?:right|correct|true|it|the\s+\w+)\b|\s*{_END})
    | \s+(?:(?:does|did)\s+not|(?:does|did|wo)n['’ ]t)\s+
        (?:work|fit|hold|match|follow|make\s+sense|satisfy|apply|add\s+up|do)\b
    | \s+(?:fails\b|makes\s+no\s+sense)
    | \s+(?:can|may|could|must)\s+be\s+(?:exclud|eliminat|ruled\s+out|discard|reject) )"""
_THAT_IS_BAD = rf"""(?:(?:\s+\w+){{0,3}}\s?[.;,\n]|\s*[.,;:(—–-]{{0,3}})\s*
        (?:(?:and|but|hmm+|wait|no|actually|oh|however|yet|sorry|oops)\b[,.]?\s*){{0,3}}
        (?:which|that|this|it|he|she|they|who)(?:['’ ]s|\s+(?:is|was|are|were|would\s+be|seems))
        \s+(?:\w+ly\s+|also\s+|just\s+)?(?:{_BAD}|not\s*{_END})
    | \s*[.,;:(—–-]{{1,3}}\s*(?:but\s+)?(?:(?:which|that|this|it)\s+)?(?:isn|wasn)['’ ]t
        (?:\s+(?:right|correct|true|it)\b|\s*{_END})
    | \s*[,:;(—–-]+\s*(?:but\s+)?(?:wrong|incorrect|wrongly|incorrectly|false|no|nope)\s*{_END}
    | \s+but\s+(?:no|not|wrong)\s*{_END}
    | ,?\s+which\s+(?:i|we|you)\s+(?:have\s+|just\s+)?(?:reject|eliminat|exclud|discard|dismiss|rul)
    | \?\W{{0,3}}(?:no|not|nope|never|wrong|hmm+|wait|but|i\s+(?:doubt|don['’]t)|impossible|(?:certainly|surely)\s+not
        |(?:that|it|this)(?:['’]s|\s+(?:is|was))\s+not|(?:that|it|this)\s+(?:isn|wasn|can)['’]t)\b"""
_BEHIND = re.compile(rf"""(?i)[*_`"'”’$)}}\]\\%]*(?:{_IS_BAD} | {_THAT_IS_BAD})""", re.VERBOSE)

_I_GOT = re.compile(
    rf"(?i)\b(?:i|we)\s+(?:\w+\s+)?(?:had|got|said|wrote|chose|picked|answered)\b{_FILLERS}{_DECORATION}", re.VERBOSE
)
_AT_THE_TIME = re.compile(r"(?i)\W*(?:at\s+first|initially|originally)\b")
_HYPOTHESIS = re.compile(
    r"(?i)\b(?:answer|result|output|it|that|this)\s+would\s+(?:\w+\s+)?(?:be|have\s+been)" + _DECORATION
)
_CONDITION = re.compile(r"(?i)\W*(?:if|unless|had|were)\b")
_IF = re.compile(r"(?i)\b(?:if|unless|(?:had|were)\s+(?:it|he|she|they|we|there|the\s+\w+))\b")
_EARLIER_LINES = re.compile(r"^.*\n(?=.*\w)", re.DOTALL)
"""All lines before the last one that says something."""
_SENTENCE_END = re.compile(r"[.!?;\n]")
_ENDORSED = re.compile(
    r"(?i)[^.\n]{0,20}?,?\s(?:(?:and|so)\s+(?:i|we)\s+agree|(?:and|which)\s+(?:(?:they|it|he|she|that|this)\s+)?(?:is|are)"
    r"\s+(?:right|correct))\b"
)
"""What makes somebody else's value one's own."""


def denied(text: str, start: int, end: int) -> bool:
    """Whether what stands at start:end of the text is no answer, by the words before or behind it."""
    return denied_before(text, start, end) or denied_behind(text, end)


def denied_before(text: str, start: int, end: int | None = None) -> bool:
    """Whether the words that lead to `start` make what stands there no answer. end: where that ends, if known."""
    before = _EARLIER_LINES.sub("", text[max(0, start - REACH) : start])
    behind = "" if end is None else text[end : end + REACH]
    if _ENDORSED.match(behind):
        return False
    if _BEFORE.search(before) or (_I_GOT.search(before) and _AT_THE_TIME.match(behind)):
        return True
    if not _HYPOTHESIS.search(before):
        return False
    return _CONDITION.match(behind) is not None or supposes(before)


def denied_behind(text: str, end: int) -> bool:
    """Whether the words right behind `end` take back what ends there."""
    return _BEHIND.match(text[end : end + REACH]) is not None


def supposes(before: str) -> bool:
    """Whether the sentence at the end of `before` names a condition."""
    return _IF.search(_SENTENCE_END.split(before)[-1]) is not None


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
