"""The one shape in which the report holds figures: a table that explains its columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttgbench.models.cost import UNPRICED
from ttgbench.stats.interval import Interval

Value = str | float | int | Interval | None
"""A cell: text, a number, an estimate with its bounds, or nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, what it says in full, and how its numbers are written."""

    name: str
    help: str = ""
    digits: int = 3
    signed: bool = False
    exponent: bool = False
    """Written as 1.2e+12, `digits` significant ones."""
    key: str = ""
    """What programs call it; default: its name."""
    interval: bool = False
    """Whether files hold bounds beside it, as KEY_low and KEY_high."""
    anchored: bool = False
    """Whether only suites with anchors have it."""
    high: bool = False
    """Whether larger is better."""
    factor: float = 1.0
    """What a stored number is multiplied with before people read it."""
    least: float = 0.0
    """What is smaller, but not negative, is written as less than this: no p is ever zero."""
    minor: int = 0
    """Where a terminal is too narrow, columns with the highest figure are left out first; those with 0 never."""

    @property
    def id(self) -> str:
        """What programs call it."""
        return self.key or self.name

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of what files hold of it."""
        return (self.id, f"{self.id}_low", f"{self.id}_high") if self.interval else (self.id,)


@dataclass(frozen=True, slots=True)
class Table:
    """Named rows of values, one per column."""

    name: str
    """For file names and JSON."""
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Value, ...]]
    note: str = ""

    @property
    def heading(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    def texts(self) -> list[list[str]]:
        """All cells as people read them."""
        return [[text(value, column) for value, column in zip(row, self.columns, strict=True)] for row in self.rows]

    @property
    def legend(self) -> str:
        """What the columns are, a line each; of those that say it."""
        return "\n".join(f"{column.name}: {column.help}" for column in self.columns if column.help)

    def numeric(self, index: int) -> bool:
        """Whether a column holds numbers and should stand to the right."""
        return any(isinstance(row[index], float | int | Interval) for row in self.rows)

    def records(self) -> list[dict[str, Any]]:
        """JSON-ready rows. An interval is {"estimate", "low", "high"}; infinite is null."""
        names = [column.id for column in self.columns]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in self.rows]

    def flat(self) -> tuple[list[str], list[list[Any]]]:
        """Heading and rows for CSV: an interval takes three columns."""
        wide = [any(isinstance(row[i], Interval) for row in self.rows) for i in range(len(self.columns))]
        heading: list[str] = []
        for column, is_wide in zip(self.columns, wide, strict=True):
            heading += [column.id, f"{column.id}_low", f"{column.id}_high"] if is_wide else [column.id]
        rows = []
        for row in self.rows:
            cells: list[Any] = []
            for value, is_wide in zip(row, wide, strict=True):
                if isinstance(value, Interval):
                    cells += [value.estimate, value.low, value.high]
                else:
                    value = None if value == UNPRICED else value
                    cells += [value, None, None] if is_wide else [value]
            rows.append(cells)
        return heading, rows


def text(value: Value, column: Column) -> str:
    """One cell as people read it."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, Interval):
        if math.isnan(value.low) or value.estimate == value.low == value.high == math.inf:
            return text(value.estimate, column)
        return f"{text(value.estimate, column)} [{text(value.low, column)}, {text(value.high, column)}]"
    if math.isinf(value):
        return "never" if value > 0 else "-"
    if math.isnan(value):
        return "-"
    value *= column.factor
    if isinstance(value, int):
        return f"{value:,}"
    if 0 <= value < column.least:
        return f"< {column.least:g}"
    sign = "+" if column.signed else ""
    return f"{value:{sign}.{column.digits - 1}e}" if column.exponent else f"{value:{sign},.{column.digits}f}"


LEAST_P = 1e-4
"""No p below it is told apart from another."""


def p_text(p: float) -> str:
    """A p-value in a sentence: "= 0.012", "< 0.0001"."""
    return f"< {LEAST_P:g}" if p < LEAST_P else f"= {p:.2g}"


def _plain(value: Value) -> Any:
    if value == UNPRICED:
        return None
    if isinstance(value, Interval):
        return {"estimate": _plain(value.estimate), "low": _plain(value.low), "high": _plain(value.high)}
    return None if isinstance(value, float) and not math.isfinite(value) else value
