"""The phrases that name, doubt and deny a lettered option; choice.py says how they are weighed."""

from __future__ import annotations

import re

CLAIM = re.compile(
    r"""(?i)(?:
        \b(?:answer(?!\s+(?:choice|option)s|s?\s+choices) | (?:correct|right|best)\s+(?:choice|option|letter)
          | respuesta | réponse | antwort | risposta | resposta | ответ)\b
        (?:[^.\n:=]{0,60}?\b(?:is|be|are|was|es|est|ist|è|é)\b | [^.\n:=]{0,60}?[:=] | \s*(?:->|=>|[→⇒—])
          | (?=\s+[(\[]{0,2}[A-J]\b))
      | (?:答案|正确选项)(?:\s*(?:是|为|:))?
      | (?:^|(?<=[.;{,]))\s?["']?(?:(?:my|the)\s)?(?:final|conclusion|result|choice|option|letter|solution|pick
          |selection|correct|right)["']?\s?:
      )
      (?:\s*(?:\b(?:is|clearly|probably|likely|most|indeed|definitely|therefore|thus|the|correct|option|choice|letter
        |answer)\b|[:=]|->|=>|[→⇒])){0,6}""",
    re.VERBOSE | re.MULTILINE,
)
"""What follows is said to be the answer: a letter or the text of a choice."""

CONCLUSION = re.compile(
    r"""(?i)(?:
        \b(?:so|therefore|thus|hence|consequently|finally|ergo|leav(?:es|ing)(?:\s+us)?(?:\s+with)?)\b
        (?:[,:]?\s | (?:(?!\b(?-i:[A-HJ])\b)[^.\n:;?]){0,60}[,:]\s)
        (?:(?:it\s+is|it's|only|must\s+be|option|choice|answer|letter|the)\s+){0,3}
      | (?:\b(?:not|cannot)|n't)\b(?!\s+only\b)[^.\n;]{0,40}?\bbut\s+(?:(?:rather|option|choice|letter)\s+){0,2}
      | \b(?:choose|chose|pick(?:ed)?|select(?:ed)?|opt(?:ed)?\s+for|settled?\s+on|go(?:ing)?\s+(?:with|for)|it's
        |it\s+is|it\s+(?:must|should|has\s+to|can\s+only)\s+be|i'd\s+say|i\s+think|guess)\s+
        (?:(?:it's|it\s+is|is|the|option|choice|answer|letter)\s+){0,3}
      | \b(?:(?:just\s+kidding|wait|actually|scratch\s+that|correction|oops|sorry|i\s+mean)[,.!:]|no,)[ ]
      )(?=[(\[]{0,2}\s?[A-J]\b)""",
    re.VERBOSE,
)
"""A letter that follows, and with which the clause ends, is what the output concludes."""

VERDICT = re.compile(
    r"""[(\[]?\b(?P<letter>[A-J])\b[)\].]?\s+(?:
          (?:is|must\sbe|would\sbe|seems|looks)\s+(?:(?:the|most|likely|probably|clearly|indeed|only)\s+){0,3}
          (?:correct|right|best|answer|true|appropriate|accurate)\b
          (?=\s*(?:$|[.,;:!)]|(?:answer|choice|option|one|letter|fit|match|statement|description|explanation|response
            |because|since|as|here|for|in|and|so)\b))
        | (?:remains|fits|works|is\s+left)(?=\s*(?:$|[.,;!])))
      | (?i:\bonly)\s(?:(?:option|choice|answer|letter)\s[(\[]?|[(\[])(?P<sole>[A-J])\b[)\]]?\s
        (?!(?:is|was|can|does|seems|has)\s(?:not|wrong|incorrect|false|no)\b|cannot|[a-z]+n't|fails|lacks|contradicts)
        [a-z]""",
    re.VERBOSE | re.MULTILINE,
)
"""A letter and the word that settles on it: "B is correct", "only (B) fits"."""

LINE = re.compile(
    r"""^[ ]?(?:[^\w\s(\[{"']{1,6}[ ])?(?:(?i:option|choice|letter)\s)?[\[({"']{0,2}([A-Ja-j])
        (?: [\])}"']{0,2}[.:,;!]?[ ]?$            # the letter alone
          | (?:[)\]}]{1,2}|[.:](?=\s))(?=.*\w)    # "B) foo", "B. foo" or "B: foo"
          | (?=,?[ ](?:because|since)\b|,[ ]not\b) )
    """,
    re.MULTILINE | re.VERBOSE,
)
"""A line that is an option's letter, or starts with it."""

ENDING = re.compile(
    r"""(?:(?:(?i:\b(?:option|choice|letter|answer|is|are|be))|[:=→]|->|=>)\s+[(\[]{0,2}|[(\[]{1,2}\s?)
        (?P<letter>[A-J])[)\]]{0,2}["'”]?[.!]*$""",
    re.VERBOSE,
)
"""How a sentence ends with a letter."""

LETTERED = re.compile(r"(?:\((?=[A-J]\))|(?i:option|choice|letter|answer)\s\(?)([A-J])\b")
BRACKETED = re.compile(r"\((?P<letter>[A-J])\)")

LETTER = re.compile(
    r"""[\s"'“‘]{0,20}(?:\(\s?(?P<round>[A-Ja-j])\s?\) | \[{1,2}\s?(?P<square>[A-Ja-j])\s?\]{1,2}
        | \{?(?P<bare>[A-Ja-j]))""",
    re.VERBOSE,
)
ENDS = re.compile(r"\s*(?:[)\].,:;}\"'”]|$)")
FIRM = re.compile(r"""[)\]"'”]?\s*(?:$|[-.,:;!)—]|(?:because|since|as|due|which|for|here|in)\b)""")
"""What may stand behind a letter that ends its clause."""

AFTER_ARTICLE = re.compile(r"\s+(?!(?:because|since|as|due|is|was|and|which|for|with|given|by)\b)[A-Za-z0-9]")

DENIED = re.compile(
    r"""["')\]]{0,2}\s*(?:
        (?:is|was|are|can|could|would|does|did|seems|looks)\b[^.,;\n]{0,20}?
          \b(?:not|wrong|incorrect|false|impossible|eliminated)\b
      | (?:cannot|[a-z]{2,6}n't)\b
      | [.,;:(—-]{0,2}\s*(?:(?i:and|but|hmm+|wait|no|actually)\b[,.]?\s*){0,2}(?i:which|that|this|it)\s+
          (?:is|was|would\s+be|seems)\s+(?:[a-z]+\s+)?
          (?:wrong|incorrect|false|mistaken|impossible|not\s+(?:right|correct|true|possible|it|the\s+(?:answer|case))
          |a\s+(?:trap|mistake|distractor))\b
      | [,:(—-]{0,2}\s*(?:wrong|incorrect|wrongly|incorrectly|no)\s*(?:$|[.,;!)\n])
      | ,?\s*which\s+(?:I|we|you)\s+(?:have\s+|just\s+)?(?:reject|eliminat|exclud|discard|dismiss|rul)[a-z]*
      | \?\s*\S )""",
    re.VERBOSE,
)
"""What takes back the letter before it."""

_JOINED = re.compile(
    r"""["')\].]?\s*(?:,?\s*\b(?i:or|and)\b(?:\s+(?:possibly|maybe|perhaps|also|probably|even|option|choice)\b)*|[/&+])\s*
        (?:[(\[]\s?[A-Ja-j]\s?[)\]]|[A-HJ]\b|I\b(?!\s+[a-z]))
      | ["')\]]?\s?[-|~]\s?[(\[]?[A-J]\b(?=[)\]]?\s*(?:$|[-|~.,;\n]))
      | ["')\]]{0,2}[ ]?[,;]?[ ]?
        (?:[(\[]\s?[A-J]\s?[)\]] | (?<=[ ,;])[A-J](?=\s*(?:[,.;)\n]|$|&|(?:and|or|[A-J])\b)))""",
    re.VERBOSE,
)
_NEGATED = re.compile(
    r"(?i)(?:\b(?:not|cannot|never|hardly|unlikely\s+to|neither)|n't)\s+(?:\w+\s+)?(?:be|is|are|was)\b"
    r"|\b(?:no\s+es|n['’]est|n[ãa]o\s+[ée]|non\s+[èe])$"
)
_WRONG_ONE = re.compile(
    r"(?i)\b(?:wrong|incorrect|false|bad|worst|other|tempting|eliminated|neither|nor)\s+(?:\w+\s+)?$"
)
_ASKED = re.compile(r"(?i)^\W*(?:is|was|could|can|would|might|may)\s+(?:it\s+be\s+)?(?:that\s+)?(?:the\s*)?$")
_SUPPOSED = re.compile(r"(?i)\b(?:if|suppos(?:e|ing)|(?<!\bi\s)assum(?:e|ing)|whether|unless)\b")
_SECOND_HAND = re.compile(
    r"""(?i)\b(?:many|some|most|people|students?|users?|authors?|others|everyone|someone|beginners|one|you|they)\b[^,.;]{0,40}?
        \b(?:think|thinks|believe|believes|say|says|assume|guess|choose|chose|pick|select|claim|argue|expect|might|may)\b
      | (?<!\bi\s)\b(?:might|may|could|would)\s+(?:be\s+tempted|think|say|assume|guess|suggest)\b
      | \b(?:tempting|tempted|mistaken(?:ly)?|(?<!no\s)doubt|misconception)\b
      | (?:\b(?:not|never)|n't)\s+(?:(?:think|believe|say|mean|agree)\b|(?:\w+\s+){0,2}that\b)""",
    re.VERBOSE,
)
_AT_FIRST = re.compile(r"(?i)\b(?:at\s+first|initially|originally|first\s+(?:thought|guess|glance)|i\s+thought)\b")
_REJECTS = re.compile(
    r"(?i)\b(?:eliminat\w+|rul(?:e[sd]?|ing)\s+out|exclud\w+|discard\w*|reject\w*|(?:wrong|incorrect)\s+(?:answer|option|choice|one))\b"
)
_REJECTED = re.compile(
    r"""(?i)(?:\b(?:not|cannot|never|neither|nor|than|unlike|except|instead\s+of|eliminat\w+|exclud\w+|discard\w*|reject\w*
        |rul(?:e[sd]?|ing)\s+out|(?:anything|all)\s+but)|n't)(?:\s+(?:\w+\s+){0,2})?[(\[]{0,2}$""",
    re.VERBOSE,
)

DENIES_TEXT = re.compile(
    r" (?:not|cannot|never|neither|nor|unlike|except|without|instead of|rather than|\w+n t)"
    r"(?: (?:be|the|a|an|in|really|always)){0,2}$"
)
TEXT_DENIED = re.compile(
    r"(?:is|was|are|seems|would be|cannot be|which is|that is) (?:not|wrong|incorrect|false)\b"
    r"|(?:isn|wasn|aren|can) t\b"
)
"""Before and behind the comparable text of a choice that is denied."""
_CONDITION = re.compile(r"\W*(?:if|unless|had)\b")
_LISTED = re.compile(r"\W*[A-J]\W*(?:\b(?:or|and)\b\W*(?:The )?)?")
"""What stands between the claims of a list: a letter alone, or one joined to the next."""


def hypothetical(cue: re.Match[str], after: str) -> bool:
    """Whether the claim is one of what would be the answer under a condition. after: what follows its letter."""
    return re.search(r"(?i)\b(?:would|could|might)\b", cue[0]) is not None and _CONDITION.match(after) is not None


def listed(text: str, cue: re.Match[str], following: re.Match[str]) -> bool:
    """Whether nothing but a letter stands between two claims, so that they are entries of one list."""
    return _LISTED.fullmatch(text, cue.end(), following.start()) is not None


def hedged(after: str) -> bool:
    """Whether another letter, undenied, is joined to the one before `after`."""
    joined = _JOINED.match(after)
    return joined is not None and not DENIED.match(after[joined.end() :])


def rejected(text: str, at: int) -> bool:
    """Whether the words right before position `at` reject what stands there."""
    return _REJECTED.search(text[max(0, at - 60) : at]) is not None


def dismissed(text: str, cue: re.Match[str]) -> bool:
    """Whether a cue is negated, supposed, asked, or somebody else's opinion, as the words before it say."""
    sentence = re.split(r"[.!?\n;]|\b(?:but|however)\b", text[max(0, cue.start() - 200) : cue.start()])[-1]
    clause = sentence.rsplit(",", 1)[-1]
    return bool(
        (cue.re is CLAIM and _NEGATED.search(cue[0]))
        or _WRONG_ONE.search(clause)
        or _ASKED.search(clause)
        or _SUPPOSED.search(clause)
        or _SECOND_HAND.search(clause + cue[0])
        or _AT_FIRST.search(sentence)
        or _REJECTS.search(clause + cue[0])
    )
