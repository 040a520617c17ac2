"""What is to be known of methods before their figures: runs that failed with a graph, and runs that tried nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ttgbench.report.runs import Runs
from ttgbench.run.results import CellResult
from ttgbench.util.text import counted, one_line

AS_THEY_SHOULD = ("finished", "exhausted")


def remarks(runs: Runs) -> tuple[str, ...]:
    """A sentence each, by method."""
    found = []
    for method in runs.methods:
        cells = [cell for cell in runs.results if cell.method.name == method]
        found += [f"{method}: {said}" for said in (_failed(cells), _idle(cells)) if said]
    return tuple(found)


def _failed(cells: Sequence[CellResult]) -> str:
    """Of runs that count although they failed: the graph that they had recommended is scored."""
    failed = [cell for cell in cells if cell.final is not None and cell.status not in AS_THEY_SHOULD]
    if not failed:
        return ""
    ended = ", ".join(f"{count} {status}" for status, count in sorted(Counter(cell.status for cell in failed).items()))
    return f"of {counted(len(cells), 'run')}, {ended}{_reason(failed)}; the graph that each recommended last is scored."


def _idle(cells: Sequence[CellResult]) -> str:
    """Of runs that evaluated no graph and asked no agent."""
    idle = [cell for cell in cells if cell.search.spent == 0]
    if not idle:
        return ""
    refused = [cell for cell in idle if cell.status == "exhausted"]
    return f"{len(idle)} of {counted(len(cells), 'run')} spent nothing and evaluated no graph{_reason(refused)}."


def _reason(cells: Sequence[CellResult]) -> str:
    """The first line of the first reason that is known, in brackets."""
    error = next((cell.error for cell in cells if cell.error), "")
    return f" ({one_line(error.partition(chr(10))[0])})" if error else ""
