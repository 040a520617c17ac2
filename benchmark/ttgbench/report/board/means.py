"""How each archived run did on each problem: what a heat map shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ttgbench.report.board.files import Board


def problem_means(board: Board, suite: str, runs: Sequence[str], measure: str) -> list[list[float | None]]:
    """Means of a column of the cells over seeds: a line per run id, a column per problem of the suite, in its order.

    None where a run is missing, or ended without a graph: a mean over the others would flatter it.
    """
    import pyarrow.compute as pc

    cells = board.tables["cells"]
    cells = cells.filter(pc.equal(cells["suite"], suite)).select(["run_id", "problem", measure])
    values: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for row in cells.to_pylist():
        values[row["run_id"], row["problem"]].append(row[measure])
    problems = [problem["name"] for problem in board.manifest["suites"][suite]["problems"]]
    return [[_mean(values.get((run, problem), [])) for problem in problems] for run in runs]


def _mean(values: list[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return sum(told) / len(told) if told and len(told) == len(values) else None
