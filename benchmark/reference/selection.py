"""How much of what a search believes of its best graph is luck: its value on search questions less that on test ones.

    python benchmark/reference/selection.py runs/reference/synthetic-v1

Prints a table: mean over problems and seeds, in points of the objective (0.01 is one right answer in a hundred), of the
graph held after 5, 20 and 80 full evaluations. What the splits themselves differ by is taken off: it is measured with
random graphs that nobody chose. The rest is the price of choosing by 200 questions: "selection"; beside it stands what
the graph is worth on test questions. Where the first grows and the second does not, the search chooses by luck.
Simulated suites only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import numpy as np

from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.run.context import ProblemContext
from ttgbench.run.experiment import read_manifest
from ttgbench.run.results import LOG_NAME, RESULT_NAME, CellResult, read_result
from ttgbench.run.session import Session
from ttgbench.util.lines import lines_of

GRAPHS, UNIVERSES = 200, 8
"""With which the splits are compared, per problem."""


def split_difference(context: ProblemContext) -> float:
    """Search value less test value of random graphs, mean."""
    rng = np.random.default_rng(0)
    graphs = [context.space.sample(rng) for _ in range(GRAPHS)]

    def mean(split: str, count: int, first: int) -> float:
        return fmean(
            context.spec.objective.value(evaluation)
            for universe in range(first, first + UNIVERSES)
            for evaluation in context.evaluator.evaluate(graphs, range(count), universe, split)
        )

    search = mean("search", len(context.search_questions), 0)
    return search - mean("test", len(context.test_questions), TEST_UNIVERSE)


def held(cell: CellResult, log: Path, points: tuple[float, ...]) -> Iterator[tuple[float, float, float]]:
    """(point, search value, test value) of the incumbent at each point, where it was evaluated on all questions."""
    events = [json.loads(line) for line in lines_of(log.read_text("utf-8"))]
    most = max((event["questions"] for event in events if event["event"] == "evaluate"), default=0)
    believed = {e["key"]: e["value"] for e in events if e["event"] == "evaluate" and e["questions"] == most}
    tested = {score.key: score.value for score in cell.test}
    for point in points:
        key = next((each.key for each in reversed(cell.incumbents) if each.at <= point), None)
        if key in believed and key in tested:
            yield point, believed[key], tested[key]


def main() -> None:
    """Command line."""
    folder = Path(sys.argv[1])
    suite = read_manifest(folder).suite
    points = suite.checkpoints
    found: dict[tuple[str, float], list[tuple[float, float]]] = {}
    with Session(None, None) as session:
        for spec in suite.problems:
            difference = split_difference(session.context(suite, spec))
            for path in sorted((folder / spec.name).rglob(RESULT_NAME)):
                cell = read_result(path)
                for point, search, test in held(cell, path.with_name(LOG_NAME), points):
                    found.setdefault((cell.method.name, point), []).append((search - test - difference, test))
    print("| method | " + " | ".join(f"selection, test at {point:g}" for point in points) + " |")
    print("| --- |" + " --- |" * len(points))
    for method in sorted({method for method, _ in found}):
        cells = []
        for point in points:
            pairs = found.get((method, point), [])
            means = [fmean(column) for column in zip(*pairs, strict=True)]
            cells.append(f"{means[0]:+.3f}, {means[1]:.3f}" if pairs else "-")
        print(f"| `{method}` | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
