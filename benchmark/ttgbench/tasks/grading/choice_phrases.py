"""The phrases that name, doubt and deny a lettered option; choice.py says how they are weighed."""

from __future__ import annotations

import re

from ttgbench.tasks.grading.clean import MAX_CLAIMS
from ttgbench.tasks.grading.denials import counterfactual, denied_before, denied_behind

CLAIM = re.compile(
    r"""(?i)(?:
        \b(?:answer(?!\s+(?:choice|option)s|s?\s+choices) | (?:correct|right|best)\s+(?:choice|option|letter)
          | respuesta | réponse | antwort | risposta | resposta | ответ)\b
        (?:[^.\n:=]{0,60}?\b(?:is|be|are|was|es|est|ist|è|é)\b | [^.\n:=]{0,60}?[:=] | \s*(?:->|=>|[→⇒—])
          | (?=\s+[(\[]{0,2}[A-J]\b))
      | \b(?:so|therefore|thus|hence),?\s+it(?:\s+is|['’]s|\s+must\s+be)\b
      | \bans\.?(?=\s+[(\[]{0,2}[A-J]\b)
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
      | \b(?:just\s+kidding|wait|actually|scratch\s+that
        |on\s+reflection|on\s+second\s+thoughts?|correction|oops|sorry|i\s+mean|no)[,.!:][ ]
      )(?=[(\[]{0,2}\s?[A-J]\b)""",
    re.VERBOSE,
)
"""A letter that follows, and with which the clause ends, is what the output concludes."""

VERDICT = re.compile(
    r"""[(\[]?\b(?P<letter>[A-J])\b[)\].]?\s+(?:
          (?:is|must\sbe|would\sbe|seems|looks)\s+(?:(?:the|my|our|final|most|likely|probably|clearly|indeed|only)\s+){0,3}
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
FIRM = re.compile(
    r"""[)\]"'”]?\s*(?:$|[-.,:;!)—]|(?:because|since|as|due|which|for|here|in|not|and\s+not|rather|instead|over|it\s+is)\b)"""
)
"""What may stand behind a letter that ends its clause."""

AFTER_ARTICLE = re.compile(r"\s+(?!(?:because|since|as|due|is|was|and|which|for|with|given|by)\b)[A-Za-z0-9]")

_DENIED = re.compile(
    r"""["')\]]{0,2}\s*(?: \?\s*\S | (?:is|was|does|did|can|could|would|seems)(?:\s+not|n['’]t)\b
        | (?:cannot|can['’]t)\b | ,?\s*which\s+(?:I|we|you)\s+(?:have\s+|just\s+)?(?:reject|eliminat|exclud|rul) )""",
    re.VERBOSE,
)
"""What takes back the letter before it, and would say something else behind a number."""
UNTRUE = re.compile(r"(?i)(?:^|[-–—:(])\s*(?:wrong|incorrect|false|no|not (?:right|correct|true))\W*$")
"""A verdict that ends the line of an option."""

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
_MENTION = re.compile(r"(?<![\w'’])[(\[]{0,2}([A-J])(?![\w'’])[)\]]{0,2}")
_ASKED = re.compile(r"(?i)^\W*(?:is|was|could|can|would|might|may)\s+(?:it\s+be\s+)?(?:that\s+)?(?:the\s*)?$")
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
    return joined is not None and not taken_back(after[joined.end() :])


def taken_back(after: str) -> bool:
    """Whether what follows a letter denies it."""
    return _DENIED.match(after) is not None or denied_behind(after, 0)


def dismissed(text: str, cue: re.Match[str]) -> bool:
    """Whether a cue is denied, supposed, asked, or somebody else's opinion, as the words before its letter say."""
    clause = re.split(r"[.!?\n;,]|\b(?:but|however)\b", text[max(0, cue.start() - 200) : cue.start()])[-1]
    letter = cue.start() if cue.re is VERDICT else cue.start("letter") if "letter" in cue.re.groupindex else cue.end()
    return bool(
        denied_before(text, letter, option=True)
        or (cue.re is CLAIM and (_NEGATED.search(cue[0]) or counterfactual(text, letter)))
        or _ASKED.search(clause)
    )


def denied_letters(text: str) -> set[str]:
    """The letters that are denied somewhere."""
    mentions = list(_MENTION.finditer(text))[-MAX_CLAIMS:]
    return {m[1] for m in mentions if denied_before(text, m.start(), option=True) or denied_behind(text, m.end())}
