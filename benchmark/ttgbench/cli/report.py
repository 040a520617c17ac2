"""`ttgbench report`: what finished runs mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.cells import cell_len

from ttgbench.cli.common import JsonFlag, out, print_json, table
from ttgbench.util.text import visible

WRAPPED = 32
"""Widest cell that a terminal too narrow for a table leaves on one line."""

if TYPE_CHECKING:
    from ttgbench.report import Report
    from ttgbench.report.table import Table


def report(
    folder: Annotated[Path, typer.Argument(help="A run folder, or any folder of results of one suite.")],
    html: Annotated[Path | None, typer.Option("--html", help="Also write one self-contained page.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Also write every table into this folder.")] = None,
    latex: Annotated[Path | None, typer.Option("--latex", help="The same for LaTeX (booktabs).")] = None,
    rope: Annotated[
        float | None, typer.Option("--rope", min=1e-9, help="Half-width of a region of practical equivalence.")
    ] = None,
    problems: Annotated[bool, typer.Option("--problems", help="Print the table of every problem.")] = False,
    json: JsonFlag = False,
) -> None:
    """Accuracy with intervals, differences and their worth, ranks, anytime curves, costs, best graphs."""
    from ttgbench.report import build, read_runs

    built = build(read_runs(folder), rope=rope)
    _write(built, html, csv, latex)
    if json:
        print_json(built.to_dict())
    else:
        _print(built, problems)


def show(folder: Path, html: Path | None) -> None:
    """Prints the report of a folder and writes its page."""
    from ttgbench.report import build, read_runs

    built = build(read_runs(folder))
    _write(built, html, None, None)
    _print(built, False)


def write_page(built: Report, path: Path) -> None:
    """Writes a report as one self-contained page."""
    _write(built, path, None, None)


def _write(built: Report, html: Path | None, csv: Path | None, latex: Path | None) -> None:
    from ttgbench.report.export import write_csv, write_latex
    from ttgbench.report.page import as_html
    from ttgbench.util.files import write_atomic

    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(html, as_html(built))
    if csv is not None:
        write_csv(built, csv)
    if latex is not None:
        write_latex(built, latex)


def _print(built: Report, every_problem: bool) -> None:
    from ttgbench.report.build import MANY_PROBLEMS

    print_first(built.about, *built.remarks)
    for one in built.overview:
        print_table(one)
    if every_problem or len(built.problems) <= MANY_PROBLEMS:
        for one in built.problems:
            print_table(one)
            _print_best(built, one.name.removeprefix("problem-"))
        out.print(f"\n{built.problems[0].legend}", style="dim", highlight=False, markup=False)
    else:
        out.print("\nPer problem: --problems, --html, --csv or --json.", highlight=False)


def print_first(*lines: str) -> None:
    """What is read before a table: lines, of which some may be empty."""
    for line in filter(None, lines):
        out.print(f"\n{visible(line)}", highlight=False, markup=False)


def print_table(one: Table) -> None:
    """One table with its note, in the terminal: of its columns those that there is room for."""
    rows = one.texts()
    kept = fitting([column.minor for column in one.columns], [one.heading, *rows], out.width)
    names = [one.columns[i].name + ("#" if one.numeric(i) else "") for i in kept]
    shown = table(f"\n{one.title}", *names, rows=[[row[i] for i in kept] for row in rows])
    for i, column in zip(kept, shown.columns, strict=True):
        column.no_wrap = _widest(one.heading[i], *(row[i] for row in rows)) <= WRAPPED  # sentences wrap, figures do not
    out.print(shown)
    left = [column.name for i, column in enumerate(one.columns) if i not in kept]
    notes = [one.note, f"A wider terminal and files also show: {', '.join(left)}." if left else ""]
    for note in filter(None, notes):
        out.print(note, style="dim", highlight=False, markup=False)


def _widest(*cells: str) -> int:
    return max(map(cell_len, cells))


def fitting(minor: Sequence[int], lines: Sequence[Sequence[str]], width: int) -> list[int]:
    """Numbers of the columns that stay: those with the highest `minor` go until the rest fits, those with 0 never.

    A cell counts at most WRAPPED wide, as longer ones are sentences, which may wrap.
    """
    wide = [min(_widest(*column), WRAPPED) + 2 for column in zip(*lines, strict=True)]
    kept = list(range(len(wide)))
    while sum(wide[i] for i in kept) - 2 > width and any(minor[i] for i in kept):
        kept.remove(max(kept, key=lambda i: minor[i]))
    return kept


def _print_best(built: Report, problem: str) -> None:
    from ttgbench.graphs.draw import text as draw
    from ttgbench.graphs.graph import Graph
    from ttgbench.report.problems import best_row

    best = best_row([row for row in built.rows if row.problem == problem])
    if best is not None and best.graph is not None:
        prices = [] if best.nominal_units is None else [f"{best.nominal_units:.2f} units a query"]
        prices += [] if best.dollars is None else [f"{1000 * best.dollars:.2g} dollars a thousand"]
        mean = "" if best.runs == 1 else "mean over its runs "
        price = f"; {mean}{', '.join(prices)}" if prices else ""
        out.print(f"\nbest mean accuracy: {best.ended_with}{price}:", highlight=False, markup=False)
        print(draw.as_text(Graph.from_dict(best.graph)))
