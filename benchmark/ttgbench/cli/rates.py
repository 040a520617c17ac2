"""How a terminal shows what outputs repeat of their prompts, how many follow the format and how many were cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ttgbench.cli.common import table

if TYPE_CHECKING:
    from rich.table import Table

    from ttgbench.evaluate.rates import Rates


def rates_table(rates: Sequence[Rates], title: str | None = None) -> Table:
    """One row per model, role and whether it reads others' answers."""
    rows = [
        [
            rate.model,
            f"{rate.role}, {'reads answers' if rate.informed else 'alone'}",
            rate.outputs,
            _share(rate.echoed, rate.outputs),
            "" if rate.followed is None else _share(rate.followed, rate.outputs),
            _share(rate.cut, rate.outputs),
        ]
        for rate in rates
    ]
    return table(title, "model", "node", "outputs#", "repeat the prompt#", "in the format#", "cut#", rows=rows)


def _share(count: int, of: int) -> str:
    return f"{count / of:.2f}"
