"""`Results`: what runs gave, as a table, curves, figures and a page. It shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttgbench.errors import UnknownName
from ttgbench.report.build import Report, build
from ttgbench.report.plots import Figure, of_accuracies
from ttgbench.report.runs import Runs, read_runs
from ttgbench.run.results import CellResult
from ttgbench.util.arguments import text
from ttgbench.util.files import write_atomic
from ttgbench.util.tables import as_html, as_text
from ttgbench.util.text import counted, escaped

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from ttgbench.report.table import Table


@dataclass(frozen=True)
class Results:
    """Runs of one suite: every method on its problems, with its seeds. `ttgbench.run` returns them.

    print(results) and a notebook show accuracies with intervals, and what the differences are worth.
    """

    runs: Runs
    folder: Path | None = None
    """Where logs and results lie."""
    missing: tuple[str, ...] = field(default=())
    """Runs that left no result, with the reason; they run when `ttgbench.run` is called again."""

    @classmethod
    def read(cls, folder: str | Path) -> Results:
        """The results below a folder that `ttgbench.run` or `ttgbench run` wrote.

        Raises InputError if it holds none, results of several suites, or a broken file.
        """
        path = Path(folder)
        return cls(read_runs(path), path)

    def __len__(self) -> int:
        return len(self.runs.results)

    def __iter__(self) -> Iterator[CellResult]:
        return iter(self.runs.results)

    @property
    def methods(self) -> list[str]:
        """Names of the methods, the baseline `single_model` first."""
        return self.runs.methods

    @property
    def problems(self) -> list[str]:
        """Names of the problems, in the suite's order."""
        return self.runs.problems

    def to_pandas(self) -> pd.DataFrame:
        """One row per run; the columns are those of `ttgbench.load_results`.

        accuracy, accuracy_low, accuracy_high: share of the test questions that the final graph answers rightly, with
        its 95% interval; score: on the scale of the suite's anchors, capped; flops, dollars, seconds, tokens: means per
        query; search_spend and agent_spend: in full evaluations. What has no graph has empty cells.
        """
        import pyarrow as pa

        from ttgbench.report.board.results import RESULTS, result_rows

        return pa.Table.from_pylist(result_rows(self, self.runs.suite), schema=RESULTS).to_pandas()

    def anytime(self) -> pd.DataFrame:
        """What each search had found by when: one row per problem, method, seed and graph that it recommended.

        Columns: problem, method, seed, spend (full evaluations until then), accuracy (on the test questions), score (on
        the scale of the suite's anchors, or the objective's value). Where the suite scores its checkpoints alone, the
        rows are at those and at the end.
        """
        import pyarrow as pa

        from ttgbench.report.scores import curve, normalised

        suite = self.runs.suite
        rows = [
            {
                "problem": run.problem,
                "method": run.method.name,
                "seed": run.seed,
                "spend": at,
                "accuracy": score.accuracy,
                "score": normalised(suite, run.problem, run.seed, score.value),
            }
            for run in self
            for at, score in curve(run, suite)
        ]
        number = pa.float64()
        kinds = {"problem": pa.string(), "method": pa.string(), "seed": pa.int64()}
        numbers = {"spend": number, "accuracy": number, "score": number}
        return pa.Table.from_pylist(rows, schema=pa.schema({**kinds, **numbers})).to_pandas()

    @cached_property
    def _report(self) -> Report:
        return build(self.runs)

    @cached_property
    def _figures(self) -> dict[str, Figure]:
        own = of_accuracies(self._report.rows)
        return {figure.name: figure for figure in (*self._report.figures, own)}

    @property
    def figures(self) -> list[str]:
        """Names of the figures that these runs allow; most need two seeds of each method on each problem."""
        return list(self._figures)

    def plot(self, figure: str | None = None) -> go.Figure:
        """A figure by name, one of `figures`; default: the anytime curve ("ecdf"), or accuracies where there is none.

        Returns a plotly Figure, which a notebook shows; `.show()` opens it in a browser. Raises UnknownName.
        """
        import plotly.graph_objects as go

        name = "" if figure is None else text(figure, "figure")
        name = name or ("ecdf" if "ecdf" in self._figures else "accuracy")
        if name not in self._figures:
            raise UnknownName("figure", name, self.figures)
        found = self._figures[name]
        return go.Figure(data=list(found.data), layout={"title": {"text": found.title}, **found.layout})

    def report(self, path: str | Path) -> Path:
        """Writes everything as one HTML page that needs nothing from outside; returns its path."""
        from ttgbench.report.page import as_html as as_page

        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, as_page(self._report))
        return target

    def to_dict(self) -> dict[str, Any]:
        """Every table, JSON-ready: what `ttgbench report --json` prints."""
        return self._report.to_dict()

    def __str__(self) -> str:
        parts = [f"{table.title}\n{as_text(table.texts(), table.heading)}\n{table.note}" for table in self._tables]
        return "\n\n".join(filter(None, [*self._first, *map(str.rstrip, parts), self._legend, *self.missing]))

    def __repr__(self) -> str:
        return f"Results of {counted(len(self), 'run')}: {', '.join(self.methods)} on {', '.join(self.problems)}"

    def _repr_html_(self) -> str:
        """How a notebook shows it; every name is escaped."""
        parts = [
            as_html(table.texts(), table.heading, caption=table.title) + _as_notes(table.note) for table in self._tables
        ]
        missing = [as_html([("missing", reason)]) for reason in self.missing]
        return "".join([*map(_as_notes, self._first), *parts, _as_notes(self._legend), *missing])

    @property
    def _first(self) -> list[str]:
        """What is read before the tables."""
        return [self._report.about, *self._report.remarks]

    @property
    def _tables(self) -> list[Table]:
        """The overview, and the problems where there are few."""
        from ttgbench.report.build import MANY_PROBLEMS

        few = len(self._report.problems) <= MANY_PROBLEMS or not self._report.overview
        return [*self._report.overview, *(self._report.problems if few else ())]

    @property
    def _legend(self) -> str:
        """What the columns of the problems' tables are, where those are shown."""
        problem = self._report.problems[0]
        return problem.legend if problem in self._tables else ""


def _as_notes(lines: str) -> str:
    return "".join(f"<p><small>{escaped(line)}</small></p>" for line in lines.splitlines())
