"""Whether two parsed answers are the same: math-verify's word, and ours where that is too kind or too strict.

Times and ratios (12:00, 2:3) are never quotients. Rational values are compared exactly, and very small ones by their
ratio: math-verify's rounding makes all quotients below 1e-18 equal. A column vector is the point with its coordinates,
and an inequality in one variable is the interval of its solutions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttgbench.tasks.grading.canonical_math import canonical, evaluated

SMALL = 1e-6
"""Below this math-verify's comparison, which rounds at that place, is not to be believed."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Numbers with colons between them: a time of day if every later one is written with two digits, else a ratio."""

    parts: tuple[int, ...]
    is_time: bool
    half: str
    """"am", "pm" or nothing."""

    @classmethod
    def read(cls, text: str) -> Clock | None:
        """From an answer without blanks and wrappers; None if it is no such thing."""
        match = re.fullmatch(r"(?i)([0-9]{1,9}(?::[0-9]{1,9}){1,3})([ap]\.?m\.?)?", text)
        if match is None:
            return None
        parts = match[1].split(":")
        is_time = len(parts) < 4 and all(len(part) == 2 and int(part) < 60 for part in parts[1:])
        return cls(tuple(map(int, parts)), is_time, (match[2] or "").lower().replace(".", ""))

    def answers(self, expected: Clock) -> bool:
        """The same time (the half of the day only where it is expected), or an equal ratio."""
        if expected.is_time:
            return self.parts == expected.parts and self.half in (expected.half, *(["am", "pm"] * (not expected.half)))
        return self._reduced() == expected._reduced()

    def _reduced(self) -> tuple[int, ...]:
        divisor = math.gcd(*self.parts) or 1
        return tuple(part // divisor for part in self.parts)

    def __str__(self) -> str:
        if self.is_time:
            return ":".join([str(self.parts[0]), *(f"{part:02}" for part in self.parts[1:])]) + self.half
        return ("/" if len(self.parts) == 2 and self.parts[1] else ":").join(map(str, self._reduced()))


def same(gold: Sequence[Any], target: Sequence[Any]) -> bool:
    """`gold`, `target`: what `math_verify.parse` returns for the reference and for the answer, not empty.

    Raises what math-verify raises.
    """
    from math_verify import verify

    ours = _ours(gold[0], target[0])
    if ours is not None:
        return ours
    return bool(verify(list(gold), list(target), timeout_seconds=None, raise_on_error=True))


def _ours(gold: Any, target: Any) -> bool | None:
    """Our verdict on two sympy objects; None: math-verify decides."""
    import sympy

    matrices = [side for side in (gold, target) if isinstance(side, sympy.MatrixBase)]
    if len(matrices) == 1:
        other = target if matrices[0] is gold else gold
        point = matrices[0].cols == 1 and isinstance(other, sympy.Tuple | sympy.Interval)
        return canonical(sympy.Tuple(*matrices[0])) == canonical(other) if point else None
    if _is_region(gold) != _is_region(target):
        regions = [_region(gold), _region(target)]
        return bool(regions[0] == regions[1]) if None not in regions else None
    if isinstance(gold, sympy.FiniteSet) and isinstance(target, sympy.FiniteSet):
        values = [{_number(part) for part in side.args} for side in (gold, target)]
        rational = all(value is not None and value.is_Rational for side in values for value in side)
        return values[0] == values[1] if rational else None
    pairs = list(zip(_parts(gold), _parts(target), strict=False))
    if pairs:
        return False if any(_equal(*pair) is False for pair in pairs) else None
    return _equal(gold, target)


def _parts(value: Any) -> tuple[Any, ...]:
    """What stands in a matrix, a tuple or an interval, in order; of anything else nothing."""
    import sympy

    if isinstance(value, sympy.MatrixBase | sympy.Tuple):
        return tuple(value)
    return (value.start, value.end) if isinstance(value, sympy.Interval) else ()


def _equal(gold: Any, target: Any) -> bool | None:
    """Whether two real numbers are equal, where that can be said exactly or they are very small; else None."""
    mine, theirs = _number(target), _number(gold)
    if mine is None or theirs is None:
        return None
    if mine.is_Rational and theirs.is_Rational:
        return bool(mine == theirs)
    sizes = [abs(value.evalf(30)) for value in (mine, theirs)]
    if min(sizes) >= SMALL:
        return None
    return bool(abs(sizes[0] - sizes[1]) <= 1e-12 * max(sizes) and bool(mine > 0) == bool(theirs > 0))


def _number(value: Any) -> Any:
    """A real number with its fractions evaluated; None for anything else and for percentages (44\\% is 44 and 0.44)."""
    import sympy

    if not isinstance(value, sympy.Expr) or value.has(sympy.UnevaluatedExpr) or not value.is_number:
        return None
    number = evaluated(value)
    return number if number.is_real and number.is_finite else None


def _is_region(value: Any) -> bool:
    """Whether it is an inequality, or several."""
    import sympy
    from latex2sympy2_extended.logic import And

    if isinstance(value, And | sympy.FiniteSet):
        return bool(value.args) and all(map(_is_region, value.args))
    return isinstance(value, sympy.core.relational.Relational) and not isinstance(value, sympy.Eq | sympy.Ne)


def _region(value: Any) -> Any:
    """The real numbers that an inequality admits (any one of several in a set, all of a chain), or the set as it is;
    None where there is more than one unknown, and for what is no set."""
    import sympy

    if not _is_region(value):
        return value if isinstance(value, sympy.Interval | sympy.Union) else None
    if len(value.free_symbols) != 1:
        return None
    if isinstance(value, sympy.FiniteSet):
        parts = [_region(part) for part in value.args]
        return None if None in parts else sympy.Union(*parts)
    if isinstance(value, sympy.core.relational.Relational):
        try:
            return value.as_set()
        except NotImplementedError:
            return None
    parts = [_region(part) for part in value.args]
    return None if None in parts else sympy.Intersection(*parts)
