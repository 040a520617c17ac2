"""All results as one table: `load_results(folder).to_pandas()`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttgbench.problems.suite import Suite
from ttgbench.report.board.entry import Entry, normalised
from ttgbench.run.results import CellResult

if TYPE_CHECKING:
    import pyarrow as pa


def load_results(folder: str | Path) -> pa.Table:
    """One row per run (method x problem x seed): status, value, normalised score, accuracy, costs, search spend.

    folder: a board (`ttgbench board build`), archived results (`results/SUITE/METHOD/RUN/`) or the folder of a run
    (`ttgbench run --out`). Costs are means per query of the final graph, `search_spend` is in full evaluations; what
    has no graph has empty cells, never zeros. Archives that are left out of a board are left out here as well.
    Raises InputError if there is nothing to read.
    """
    import pyarrow as pa

    from ttgbench.report.board.columns import CELLS
    from ttgbench.report.board.files import MANIFEST, read_board

    path = Path(folder)
    if (path / MANIFEST).is_file():
        return read_board(path).tables["cells"]
    return pa.Table.from_pylist(list(_rows(path)), schema=CELLS)


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    from ttgbench.publish.archive import Archive, find_archives
    from ttgbench.run.experiment import MANIFEST, read_manifest
    from ttgbench.run.results import read_results

    if (path / MANIFEST).is_file():
        suite = read_manifest(path).suite
        return [cell_row(result, suite) for result in read_results(path)]
    archives = [found for found in find_archives(path) if isinstance(found, Archive)]
    return [cell_row(cell, archive.suite, Entry(archive)) for archive in archives for cell in archive.cells]


def cell_row(cell: CellResult, suite: Suite, entry: Entry | None = None) -> dict[str, Any]:
    """The row of one cell; entry: the archive it is from, None for a run that is not archived."""
    spec = suite.spec(cell.problem)
    row: dict[str, Any] = {
        "suite": suite.label,
        "suite_hash": suite.hash,
        "run_id": entry.run_id if entry else None,
        "method": cell.method.name,
        "method_version": cell.method.version,
        "kind": cell.method.kind,
        "badge": entry.archive.badge if entry else "self-reported",
        "problem": cell.problem,
        "task": cell.task,
        "budget": spec.budget,
        "objective": spec.objective.kind,
        "seed": cell.seed,
        "status": cell.status,
        "error": cell.error,
        "metric": cell.search.metric,
        "search_limit": cell.search.limit,
        "search_spent": cell.search.spent,
        "full_evaluation": cell.search.full_evaluation,
        "search_spend": cell.search.full_evaluations,
        "search_by_category": json.dumps(cell.search.by_category, sort_keys=True),
    }
    final = cell.final
    if final is None:
        return row
    return {
        **row,
        "graph": final.key,
        "value": final.value,
        "score": normalised(suite, spec.name, final.value),
        "accuracy": final.accuracy,
        "units": final.nominal.units,
        "flops": final.flops,
        "dollars": final.dollars,
        "seconds": final.seconds,
        "tokens_in": final.tokens_in,
        "tokens_out": final.tokens_out,
    }
