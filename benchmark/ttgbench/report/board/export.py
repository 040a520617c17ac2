"""Rows of the table of methods as CSV, JSON and LaTeX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from ttgbench.report.board.cite import latex

_LATEX_COLUMNS = (("rank", "l"), ("method", "l"), ("score", "r"), ("95\\% interval", "c"), ("ties", "l"))


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Comma-separated. A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if not rows:
        return ""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)
    return stream.getvalue()


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    """A list of objects."""
    return json.dumps(list(rows), indent=1, ensure_ascii=False) + "\n"


def as_latex(rows: Sequence[dict[str, Any]], caption: str) -> str:
    """A table for a paper, with booktabs."""
    head = " & ".join(name for name, _ in _LATEX_COLUMNS)
    lines = [
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{latex(caption)}}}",
        f"\\begin{{tabular}}{{{''.join(side for _, side in _LATEX_COLUMNS)}}}",
        "\\toprule",
        f"{head} \\\\",
        "\\midrule",
        *(_latex_row(row) for row in rows),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_row(row: dict[str, Any]) -> str:
    score = "--" if row["score"] is None else f"${row['score']:.3f}$"
    interval = "--" if row["score_low"] is None else f"$[{row['score_low']:.3f}, {row['score_high']:.3f}]$"
    return (
        " & ".join((rank_text(row) or "--", latex(row["method"]), score, interval, latex(row["ties"] or ""))) + r" \\"
    )


def rank_text(row: dict[str, Any]) -> str:
    """ "1", "2-5", or nothing for an entry without a rank."""
    best, worst = row["rank_best"], row["rank_worst"]
    if best is None:
        return ""
    return str(best) if best == worst else f"{best}–{worst}"
