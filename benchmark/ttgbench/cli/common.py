"""What all commands share: consoles, JSON output, common options."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ttgbench.errors import InputError
from ttgbench.graphs.graph import MAX_BYTES
from ttgbench.util.text import visible

WIDE = 200
"""Columns where nobody's terminal sets a limit: a table in a file or a pipe is not cut to 80."""

out = Console(width=None if sys.stdout.isatty() else WIDE)
err = Console(stderr=True)

_BEYOND_ASCII = re.compile("[\x7f-\x9f\ud800-\udfff]")
"""Control characters that JSON need not escape, and half pairs that no stream takes."""

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def print_json(data: Any) -> None:
    """One JSON document on stdout, nothing else; keys in the order given."""
    text = json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)
    print(_BEYOND_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def log(message: str) -> None:
    """A line on stderr."""
    err.print(visible(message), highlight=False, markup=False, soft_wrap=True)


def log_error(message: str) -> None:
    """One clear error on stderr."""
    err.print(Text.assemble(("error: ", "bold red"), visible(message)), soft_wrap=True)


def table(title: str | None, *columns: str, rows: list[list[Any]]) -> Table:
    """A plain table; cells are text, never markup. Columns whose name ends in '#' are right-aligned."""
    result = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        result.add_column(column.rstrip("#"), justify="right" if column.endswith("#") else "left")
    for row in rows:
        result.add_row(*(cell if isinstance(cell, Text) else Text(visible(str(cell))) for cell in row))
    return result


def read_file(path: Path, limit: int = MAX_BYTES) -> bytes:
    """A file's bytes; at most one more than `limit`, so that its reader can refuse it without loading it all.

    Raises InputError if it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(limit + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", source=path) from None


def parse_lengths(text: str) -> tuple[int, int]:
    """ "202,275" -> (202, 275). Raises InputError."""
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() and 0 < int(part) <= 10**7 for part in parts):
        raise InputError(f"must be two positive integers such as 202,275, not {text[:40]!r}", source="--lengths")
    return int(parts[0]), int(parts[1])
