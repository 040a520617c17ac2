"""What shares a table: problems of one suite with one budget or all, and one objective or all.

Flat problems (`Suite.flat`) are in none, unless the suite has no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ttgbench.problems.suite import Suite

ALL = "all"


@dataclass(frozen=True, slots=True)
class Slice:
    """A choice of a suite's problems; `rows` are their indices in the suite."""

    budget: str
    objective: str
    rows: tuple[int, ...]


def slices(suite: Suite) -> list[Slice]:
    """Everything together first, then each budget, each objective and each pair of both, where there are several.

    A choice that would select all problems is made once, under "all".
    """
    flat = suite.flat
    counted = [row for row, spec in enumerate(suite.problems) if spec.name not in flat] or range(len(suite.problems))
    specs = {row: suite.problems[row] for row in counted}
    budgets = [ALL, *_several(spec.budget for spec in specs.values())]
    objectives = [ALL, *_several(spec.objective.kind for spec in specs.values())]
    found = []
    for budget in budgets:
        for objective in objectives:
            rows = tuple(
                row
                for row, spec in specs.items()
                if budget in (ALL, spec.budget) and objective in (ALL, spec.objective.kind)
            )
            if rows:
                found.append(Slice(budget, objective, rows))
    return found


def _several(values: Iterable[str]) -> list[str]:
    """Distinct values in order of appearance; none if there is only one."""
    distinct = list(dict.fromkeys(values))
    return distinct if len(distinct) > 1 else []
