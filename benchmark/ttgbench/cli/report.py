"""`ttgbench report`: what finished runs mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ttgbench.cli.common import JsonFlag, out, print_json, table


def report(
    folder: Annotated[Path, typer.Argument(help="A run folder, or any folder of results.")],
    html: Annotated[Path | None, typer.Option("--html", help="Also write one self-contained page.")] = None,
    json: JsonFlag = False,
) -> None:
    """Accuracy with intervals, differences to the best single model, budgets, best graphs."""
    if json:
        from ttgbench.report import summarise
        from ttgbench.results import read_results

        print_json([row.to_dict() for row in summarise(read_results(folder))])
        return
    show(folder, html)


def show(folder: Path, html: Path | None) -> None:
    """Prints the report of a folder and writes its page."""
    from ttgbench import draw
    from ttgbench.graph import Graph
    from ttgbench.report import as_html, summarise
    from ttgbench.results import read_results, write_atomic

    rows = summarise(read_results(folder))
    for problem in dict.fromkeys(row.problem for row in rows):
        chosen = [row for row in rows if row.problem == problem]
        out.print(
            table(
                f"\n{problem}",
                "method",
                "test accuracy (95%)",
                "vs best single model (95%)",
                "units/query#",
                "search spend#",
                "",
                rows=[
                    [
                        row.method,
                        f"{row.accuracy:.3f} [{row.interval[0]:.3f}, {row.interval[1]:.3f}]"
                        if row.graph
                        else "no graph",
                        row.difference_text,
                        f"{row.nominal_units:.2f}",
                        f"{row.search_evaluations:.2f}",
                        row.verdict,
                    ]
                    for row in chosen
                ],
            )
        )
        best = max((row for row in chosen if row.graph), key=lambda row: row.accuracy, default=None)
        if best is not None and best.graph is not None:
            out.print(f"\nbest graph, by {best.method}:", highlight=False)
            print(draw.as_text(Graph.from_dict(best.graph)))
    if html is not None:
        write_atomic(html, as_html(rows))
