"""What every grader does first to a model's raw output: bound its length and make it printable text."""

from __future__ import annotations

import re

HEAD, TAIL = 20_000, 80_000
"""An output longer than HEAD + TAIL characters is read by its first HEAD and its last TAIL characters."""

MAX_ANSWER = 1_000
"""A longer answer is never computed with; its first MAX_ANSWER characters stand for it."""

MAX_CLAIMS = 256
"""Only the last so many claims of an answer are looked at: the time for an output is bounded."""

_UNENCODABLE = re.compile("[\ud800-\udfff]")
_PLAIN = str.maketrans("−–‐‑\u00a0\u202f\u2009", "----   ")


def readable(output: str) -> str:
    """The output `bounded`, with plain spaces and ASCII minus signs."""
    return bounded(output).translate(_PLAIN)


def bounded(output: str) -> str:
    """The output without NUL and lone surrogates, at most HEAD + TAIL long.

    The cut keeps both ends, as an answer stands at one of them.
    """
    if len(output) > HEAD + TAIL:
        output = output[:HEAD] + "\n" + output[-TAIL:]
    return _UNENCODABLE.sub("\ufffd", output.replace("\0", ""))
