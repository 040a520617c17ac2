"""The report's tables as CSV and LaTeX files, one per table."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from ttgbench.report.build import Report
from ttgbench.report.table import Table
from ttgbench.util.files import write_atomic

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def write_csv(report: Report, folder: Path) -> list[Path]:
    """Full precision, an interval in three columns. Returns the files."""
    return _write(report, folder, ".csv", as_csv)


def write_latex(report: Report, folder: Path) -> list[Path]:
    """As printed; each file is a `tabular` that needs the package booktabs. Returns the files."""
    return _write(report, folder, ".tex", as_latex)


def _write(report: Report, folder: Path, ending: str, form) -> list[Path]:  # type: ignore[no-untyped-def]
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table in report.tables:
        path = folder / (re.sub(r"[^A-Za-z0-9._-]", "_", table.name) + ending)
        write_atomic(path, form(table))
        paths.append(path)
    return paths


def as_csv(table: Table) -> str:
    """RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    heading, rows = table.flat()
    writer.writerow(heading)
    writer.writerows([[_inert(cell) for cell in row] for row in rows])
    return stream.getvalue()


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell


def as_latex(table: Table) -> str:
    """A `tabular` with the title as a comment."""
    kinds = "".join("r" if table.numeric(i) else "l" for i in range(len(table.columns)))
    lines = [f"% {' '.join(table.title.split())}", rf"\begin{{tabular}}{{{kinds}}}", r"\toprule"]
    lines.append(" & ".join(_latex(column.name) for column in table.columns) + r" \\")
    lines.append(r"\midrule")
    lines += [" & ".join(map(_latex, row)) + r" \\" for row in table.texts()]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in " ".join(text.split()))
