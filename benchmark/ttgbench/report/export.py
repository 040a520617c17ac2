"""Tables as CSV, JSON and LaTeX: of the report one file per table, of the page the rows that are shown."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

from ttgbench.report.build import Report
from ttgbench.report.table import Table
from ttgbench.util.files import write_atomic
from ttgbench.util.latex import latex


def write_csv(report: Report, folder: Path) -> list[Path]:
    """Full precision, an interval in three columns. Returns the files."""
    return _write(report, folder, ".csv", as_csv)


def write_latex(report: Report, folder: Path) -> list[Path]:
    """As printed; each file is a `tabular` that needs the package booktabs. Returns the files."""
    return _write(report, folder, ".tex", as_latex)


def _write(report: Report, folder: Path, ending: str, form: Callable[[Table], str]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table in report.tables:
        path = folder / (re.sub(r"[^A-Za-z0-9._-]", "_", table.name) + ending)
        write_atomic(path, form(table))
        paths.append(path)
    return paths


def as_csv(table: Table) -> str:
    """RFC 4180, full precision. Text that a spreadsheet would take for a formula gets an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    heading, rows = table.flat()
    writer.writerow(heading)
    writer.writerows([[_inert(cell) for cell in row] for row in rows])
    return stream.getvalue()


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def as_json(table: Table) -> str:
    """A list of objects; an interval is {"estimate", "low", "high"}."""
    return json.dumps(table.records(), indent=1, ensure_ascii=False) + "\n"


def as_latex(table: Table) -> str:
    """A `tabular` with the title as a comment."""
    kinds = "".join("r" if table.numeric(i) else "l" for i in range(len(table.columns)))
    lines = [f"% {' '.join(table.title.split())}", rf"\begin{{tabular}}{{{kinds}}}", r"\toprule"]
    lines.append(" & ".join(latex(column.name) for column in table.columns) + r" \\")
    lines.append(r"\midrule")
    lines += [" & ".join(map(latex, row)) + r" \\" for row in table.texts()]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])
