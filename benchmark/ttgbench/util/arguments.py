"""Arguments of the Python functions, checked: they may be of any type."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from ttgbench.errors import InputError


def shown(value: Any) -> str:
    """The start of what was given, as errors say it."""
    try:
        return repr(value)[:60]
    except Exception:  # a number of thousands of digits, or a foreign __repr__
        return type(value).__name__


def whole(value: Any, field: str, least: int | None = None, most: int | None = None) -> int:
    """The value as an int, whatever integer type it has. Raises InputError for truth values, and out of range."""
    try:
        number = None if isinstance(value, bool | np.bool_) else int(operator.index(value))
    except TypeError:
        number = None
    if number is None or (least is not None and number < least) or (most is not None and number > most):
        wanted = "" if least is None else f" of {least} or more" if most is None else f" from {least} to {most}"
        raise InputError(f"must be a whole number{wanted}, not {shown(value)}", field=field)
    return number


def positive(value: Any, field: str, what: str = "number") -> float:
    """Raises InputError for anything but a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InputError(f"must be a {what} above 0, not {shown(value)}", field=field)
    return value


def text(value: Any, field: str) -> str:
    """Raises InputError for anything but text."""
    if not isinstance(value, str):
        raise InputError(f"must be text, not {shown(value)}", field=field)
    return value


def one_of(value: Any, field: str, known: Collection[str]) -> str:
    """Raises InputError for anything but one of these."""
    if not isinstance(value, str) or value not in known:
        raise InputError(f"must be one of {', '.join(known)}, not {shown(value)}", field=field)
    return value


def file_path(value: Any, field: str) -> Path:
    """Raises InputError for what no file can be called."""
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise InputError(f"must be a path, not {shown(value)}", field=field)
    return Path(value)
