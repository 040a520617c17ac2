"""All results as one table: `load_results(folder).to_pandas()`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ttgbench.problems.suite import Suite
from ttgbench.report.board.entry import Entry
from ttgbench.report.board.schemas import CELLS
from ttgbench.report.problems import accuracy_of
from ttgbench.report.scores import POINTS, capped, curve, normalised
from ttgbench.run.results import CellResult
from ttgbench.util.arguments import file_path

if TYPE_CHECKING:
    from ttgbench.report.board.files import Board

RESULTS = pa.schema(
    [
        *CELLS,
        ("accuracy_low", pa.float64()),
        ("accuracy_high", pa.float64()),
        ("anytime", pa.list_(pa.struct({"spend": pa.float64(), "score": pa.float64()}))),
    ]
)
"""The columns of `load_results`: those of a board's cells, and what a board has in tables of its own."""


def load_results(folder: str | Path) -> pa.Table:
    """One row per run (method x problem x seed), as a pyarrow Table; `.to_pandas()` makes it a DataFrame.

    folder: a board (`ttgbench board build`), archived results (`results/SUITE/METHOD/RUN/`) or the folder of a run
    (`ttgbench run --out`). accuracy with accuracy_low and accuracy_high: share of the test questions that the final
    graph answers rightly, with its 95% interval over questions; value: the problem's objective; regret: points of
    it that are lost to the best graph known; score: 0 at the best single model and 1 at the best graph known,
    capped to [-1, 1]; without anchors there is neither. units, flops, dollars, seconds and tokens are means per
    query of the final graph; search_spend and agent_spend (the part that the search agent cost) are in full
    evaluations; search_dollars is empty where a price is not known; anytime: list of {spend, score}, what the
    search had found by when, which a board does not hold per run. What has no graph has empty cells, never zeros.
    Archives that are left out of a board are left out here as well.

    >>> import ttgbench
    >>> def first(problem, rng):
    ...     return problem.space.sample(rng)
    >>> results = ttgbench.run([first], "recorded-micro-v1", seeds=2, out="results/mine", progress=False)
    >>> frame = ttgbench.load_results("results/mine").to_pandas()
    >>> len(frame), frame.accuracy.between(frame.accuracy_low, frame.accuracy_high).all().item()
    (6, True)

    Raises InputError if there is nothing to read.
    """
    from ttgbench.report.board.files import MANIFEST, read_board

    path = file_path(folder, "folder")
    rows = _board_rows(read_board(path)) if (path / MANIFEST).is_file() else _rows(path)
    return pa.Table.from_pylist(list(rows), schema=RESULTS)


def _board_rows(board: Board) -> Iterable[dict[str, Any]]:
    """Cells of a board; the intervals are those of the graphs that they ended with."""
    bounds = {(row["suite"], row["problem"], row["key"]): row for row in board.tables["graphs"].to_pylist()}
    for row in board.tables["cells"].to_pylist():
        graph = bounds.get((row["suite"], row["problem"], row["graph"]), {})
        interval = {name: graph.get(name) for name in ("accuracy_low", "accuracy_high")}
        yield {**row, **interval, "anytime": None}


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    from ttgbench.publish.archive import Archive, find_archives
    from ttgbench.run.experiment import MANIFEST, read_manifest
    from ttgbench.run.results import read_results

    if (path / MANIFEST).is_file():
        suite = read_manifest(path).suite
        return result_rows(read_results(path), suite)
    archives = [found for found in find_archives(path) if isinstance(found, Archive)]
    return [_result_row(cell, archive.suite, Entry(archive)) for archive in archives for cell in archive.cells]


def result_rows(results: Iterable[CellResult], suite: Suite | None) -> list[dict[str, Any]]:
    """Rows of runs that are not archived, as RESULTS; suite: None where its definition is not known."""
    return [_result_row(result, suite) for result in results]


def _result_row(cell: CellResult, suite: Suite | None, entry: Entry | None = None) -> dict[str, Any]:
    """As RESULTS."""
    row = cell_row(cell, suite, entry)
    row["anytime"] = [
        {"spend": at, "score": normalised(suite, cell.problem, cell.seed, score.value)}
        for at, score in curve(cell, suite)
    ]
    if cell.final is not None:
        interval = accuracy_of([cell])
        row |= {"accuracy_low": interval.low, "accuracy_high": interval.high}
    return row


def cell_row(cell: CellResult, suite: Suite | None, entry: Entry | None = None) -> dict[str, Any]:
    """The row of one cell, as CELLS; suite: None where its definition is not known; entry: the archive it is from, None
    for a run that is not archived."""
    spec = suite.spec(cell.problem) if suite else None
    row: dict[str, Any] = {
        "suite": f"{cell.suite}-v{cell.suite_version}",
        "suite_hash": cell.suite_hash,
        "run_id": entry.run_id if entry else None,
        "method": cell.method.name,
        "method_version": cell.method.version,
        "kind": cell.method.kind,
        "badge": entry.archive.badge if entry else "self-reported",
        "problem": cell.problem,
        "task": cell.task,
        "budget": spec.budget if spec else None,
        "objective": spec.objective.kind if spec else None,
        "seed": cell.seed,
        "status": cell.status,
        "error": cell.error,
        "metric": cell.search.metric,
        "search_limit": cell.search.limit,
        "search_spent": cell.search.spent,
        "full_evaluation": cell.search.full_evaluation,
        "search_spend": cell.search.full_evaluations,
        "agent_spend": cell.search.agent_evaluations,
        "search_dollars": cell.search.dollars,
        "search_by_category": json.dumps(cell.search.by_category, sort_keys=True),
    }
    final = cell.final
    if final is None:
        return row
    anchor = suite.anchor(cell.problem, cell.seed) if suite else None
    if anchor is not None:
        row["regret"] = POINTS * (anchor.one - final.value)
        row["score"] = capped(anchor.normalised(final.value))
    return {
        **row,
        "graph": final.key,
        "value": final.value,
        "accuracy": final.accuracy,
        "units": final.nominal.units,
        "flops": final.flops,
        "dollars": final.dollars,
        "seconds": final.seconds,
        "tokens_in": final.tokens_in,
        "tokens_out": final.tokens_out,
    }
