"""One string for all sympy objects that mean the same answer, for voting and for display. Best effort, never slow.

1/2, 0.5 and \\frac12 give "1/2"; (x+1)^2 and x^2+2x+1 give "x**2 + 2*x + 1"; {2, 1} gives "{1, 2}"; x = 5 gives "5".
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

MAX_OPERATIONS = 60
"""Larger expressions are printed as they stand: expanding them could take for ever."""

MAX_EXPONENT = 200
"""Powers beyond this stay powers."""


def canonical(value: Any) -> str:
    """`value`: what `math_verify.parse` returns first: a sympy expression, relation, set, tuple or matrix."""
    import sympy
    from latex2sympy2_extended.logic import And

    if isinstance(value, And):
        if all(isinstance(part, sympy.Eq) for part in value._unsorted_args):
            return canonical(value._unsorted_args[-1].rhs)  # 2(3 + 4) = 2*7 = 14
        return ", ".join(canonical(part) for part in value._unsorted_args)
    if isinstance(value, sympy.core.relational.Relational):
        return _relation(value)
    if isinstance(value, sympy.FiniteSet):
        parts = sorted({canonical(part) for part in value.args}, key=_by_value)
        return parts[0] if len(parts) == 1 else "{" + ", ".join(parts) + "}"
    if isinstance(value, sympy.Interval):
        left, right = "(" if value.left_open else "[", ")" if value.right_open else "]"
        return f"{left}{canonical(value.start)}, {canonical(value.end)}{right}"
    if isinstance(value, sympy.Union):
        return " U ".join(sorted({text for part in value.args for text in canonical(part).split(" U ")}))
    if isinstance(value, sympy.Tuple):
        return "(" + ", ".join(canonical(part) for part in value) + ")"
    if isinstance(value, sympy.MatrixBase):
        return "[" + ", ".join("[" + ", ".join(map(canonical, row)) + "]" for row in value.tolist()) + "]"
    return _text(evaluated(value))


def _by_value(text: str) -> tuple[int, Fraction, str]:
    """Sorts numbers by size and before all else."""
    try:
        return 0, Fraction(text), text
    except ValueError:
        return 1, Fraction(0), text


def _relation(value: Any) -> str:
    """`x = ...` and `1 + 2 = ...`: the right side; other equations: "left minus right = 0"; inequalities: < or <=."""
    import sympy
    from latex2sympy2_extended import is_expr_of_only_symbols

    if isinstance(value, sympy.Eq):
        if is_expr_of_only_symbols(value.lhs) or not value.lhs.free_symbols:
            return canonical(value.rhs)
        difference = evaluated(value.lhs - value.rhs)
        if difference == 0:
            return canonical(value.rhs)
        if difference.free_symbols and difference.is_polynomial(*difference.free_symbols):
            _, difference = difference.primitive()
            if difference.as_ordered_terms()[0].as_coeff_Mul()[0].is_negative:
                difference = -difference
        return f"{_text(difference)} = 0"
    small, large = (value.rhs, value.lhs) if value.rel_op in (">", ">=") else (value.lhs, value.rhs)
    return f"{canonical(small)} {value.rel_op.replace('>', '<')} {canonical(large)}"


def evaluated(value: Any) -> Any:
    """Evaluated, decimals as fractions, expanded and with a rational denominator."""
    import sympy

    percent = sympy.UnevaluatedExpr(sympy.Rational(1, 100))
    if isinstance(value, sympy.Mul) and len(value.args) == 2 and value.args[1] == percent:
        return evaluated(value.args[0])  # MATH does not tell 44\% from 44
    if not isinstance(value, sympy.Expr) or not _is_tame(value):
        return value
    value = value.replace(lambda part: part.is_Float, lambda part: sympy.Rational(str(part))).doit()
    if value.is_number:
        return sympy.radsimp(sympy.expand(value))
    return sympy.cancel(value) if value.is_rational_function() else sympy.expand(value)


def _is_tame(value: Any) -> bool:
    import sympy

    endless = (sympy.Integral, sympy.Derivative, sympy.Limit, sympy.Sum, sympy.Product)
    if value.count_ops() > MAX_OPERATIONS or value.has(*endless):
        return False
    sizes = [power.exp for power in value.atoms(sympy.Pow)]
    sizes += [call.args[0] for call in value.atoms(sympy.factorial, sympy.binomial)]
    numbers = [number for size in sizes for number in size.atoms(sympy.Number)]
    return not any(size.has(sympy.Pow) for size in sizes) and all(abs(number) <= MAX_EXPONENT for number in numbers)


def _text(value: Any) -> str:
    import sympy

    return str(value) if value.count_ops() <= 10 * MAX_OPERATIONS else sympy.srepr(value)[:1_000]
