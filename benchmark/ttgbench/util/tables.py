"""Rows of text as a table: for a terminal, and as HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

Row = Sequence[str]


def as_text(rows: Sequence[Row], heading: Row = ()) -> str:
    """Columns side by side, two blanks between."""
    lines = [heading, *rows] if heading else rows
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def as_html(rows: Sequence[Row], heading: Row = (), caption: str = "") -> str:
    """A `<table>`; every cell is escaped. Without a heading the first cell of a row names it."""
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    head = f"<thead>{_line(map(_head, heading))}</thead>" if heading else ""
    lines = [_line(map(_cell, row) if heading else [_head(row[0]), *map(_cell, row[1:])]) for row in rows]
    return f"<table>{title}{head}<tbody>{''.join(lines)}</tbody></table>"


def _line(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _head(text: str) -> str:
    return f'<th style="text-align:left">{escape(text)}</th>'


def _cell(text: str) -> str:
    return f'<td style="text-align:left">{escape(text)}</td>'
