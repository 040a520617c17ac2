"""Groups of questions, such as those about one text: which one a document is in, and which go to a split, whole."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from ttgbench.errors import InputError

COLUMN = "cluster"
EXACT = 128
"""Groups among which the best choice is found; where there are more, those drawn long before are simply taken."""
_BITS = 1 << 28
"""Sums that are looked at, of all groups together; where groups are huge, the choice is among fewer of them."""


def group_of(doc: Mapping[str, Any]) -> str | None:
    """The label in the document's field `cluster`, None where it is in no group. Whole numbers are labels: 3, 3.0 and
    "3" are one. Raises ValueError that says what a label must be."""
    value = doc.get(COLUMN)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole:
        shown = f"{value!r:.40}" if isinstance(value, bool | float) else type(value).__name__
        raise ValueError(f"must be text or a whole number (missing or empty: in no group), not {shown}")
    return str(int(value))


def check_groups(docs: Iterable[Mapping[str, Any]], source: object, place: str = "") -> None:
    """Raises InputError naming source, row (from 1) and column of the first label that is none.

    place: what rows are counted in, where it is not the source as it stands.
    """
    for number, doc in enumerate(docs, 1):
        try:
            group_of(doc)
        except ValueError as error:
            raise InputError(str(error), source=source, field=f"row {number}{place}, column {COLUMN!r}") from None


def choose(sizes: Sequence[int], wanted: int, spare: int) -> list[int]:
    """Places of the groups of these sizes that together hold as nearly `wanted` questions as any choice of them does.

    At least one is chosen and `spare` are left. Of equally near choices: the smaller, then the one with the earliest
    groups. Exact among EXACT groups around the place where the first ones are enough, fewer where they hold millions.
    Raises ValueError unless there are more than `spare` groups and every group holds a question.
    """
    if len(sizes) <= spare or min(sizes) < 1:
        raise ValueError(f"{len(sizes)} groups; it takes more than the {spare} to be left, none of them empty")
    ends = [0, *accumulate(sizes)]
    window = _window(ends, wanted, EXACT)
    first = window.start
    lacking = max(0, spare - (len(sizes) - window.stop))
    # sums[place][k]: bit s is set where some of the window's groups from `place` on hold s, with k or more left out.
    sums = {window.stop: [1] + [0] * lacking}
    for place in reversed(window):
        after = sums[place + 1]
        sums[place] = [after[k] << sizes[place] | after[max(0, k - 1)] for k in range(lacking + 1)]
    left = _nearest(sums[first][lacking], wanted - ends[first], 0 if first else 1)
    chosen = list(range(first))
    for place in window:
        if left >= sizes[place] and sums[place + 1][lacking] >> (left - sizes[place]) & 1:
            chosen.append(place)
            left -= sizes[place]
        else:
            lacking = max(0, lacking - 1)
    return chosen


def _window(ends: Sequence[int], wanted: int, most: int) -> range:
    """At most so many groups around the place where the first ones are enough, and fewer where sums exceed _BITS."""
    first = max(0, bisect_right(ends, wanted) - 1 - most // 2)
    window = range(first, min(len(ends) - 1, first + most))
    if most > 1 and len(window) * (ends[window.stop] - ends[first]) > _BITS:
        return _window(ends, wanted, most // 2)
    return window


def _nearest(bits: int, wanted: int, least: int) -> int:
    """The set bit from `least` on that is nearest to `wanted`, of two the lower."""
    digits = f"{bits:b}"[::-1]
    below, above = digits.rfind("1", least, wanted + 1), digits.find("1", max(least, wanted))
    return min((bit for bit in (below, above) if bit >= 0), key=lambda bit: abs(bit - wanted))
