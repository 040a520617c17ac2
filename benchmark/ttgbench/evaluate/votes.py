"""What a vote says: the rule for texts; `synthetic/evaluator.py` has the same for arrays of simulated answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def plurality(outputs: Sequence[str], answers: Sequence[str | None]) -> str:
    """The first output with the most frequent answer; ties go to the answer that comes first, None never counts.

    The first output if nothing was answered.
    """
    counts = Counter(answer for answer in answers if answer is not None)
    most = max(counts.values(), default=0)
    winners = (
        text for text, answer in zip(outputs, answers, strict=True) if answer is not None and counts[answer] == most
    )
    return next(winners, outputs[0])
