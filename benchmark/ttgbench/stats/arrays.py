"""The array types of this folder and their one gatekeeper: finite numbers on the axes that a function expects."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def checked(name: str, values: ArrayLike, axes: tuple[str, ...], *, allow_inf: bool = False) -> Floats:
    """`values` as floats with exactly these axes, none of them empty.

    Raises ValueError naming the array and the axes it should have. NaN is refused: what could not be scored must be
    left out or scored on purpose by the caller, because an average that skips it compares different questions.
    """
    array = np.asarray(values, dtype=np.float64)
    wanted = f"({', '.join(axes)})"
    if array.ndim != len(axes):
        raise ValueError(f"{name} has shape {array.shape}; it must have the axes {wanted}")
    if array.size == 0:
        raise ValueError(f"{name} is empty: shape {array.shape} for the axes {wanted}")
    bad = int(np.isnan(array).sum() if allow_inf else (~np.isfinite(array)).sum())
    if bad:
        kind = "numbers" if allow_inf else "finite"
        raise ValueError(
            f"{name} holds {bad} values that are not {kind}; leave those rows out, or score them on purpose"
        )
    return array


def checked_count(name: str, count: int) -> int:
    """A whole number of at least 1. Raises ValueError."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"{name} is {count!r}; it must be a whole number of at least 1")
    return int(count)


def checked_level(name: str, level: float) -> float:
    """A probability strictly between 0 and 1. Raises ValueError."""
    if not 0 < level < 1:
        raise ValueError(f"{name} is {level}; it must lie strictly between 0 and 1, such as 0.95")
    return float(level)
