"""The board's files: Parquet tables and `board.json`, which is written last and holds their hashes."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttgbench.errors import InputError
from ttgbench.util.files import write_atomic
from ttgbench.util.versions import series

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "board.json"
SCHEMA = 2
"""Of the manifest."""
MAX_MANIFEST_BYTES = 64 << 20
LAZY = frozenset({"logs", "graph_scores"})
"""Tables that are large and of which a page needs a row at a time."""
_ROWS = 256
"""Rows of a lazy table that are read together."""


def write_board(folder: Path, tables: dict[str, pa.Table], manifest: dict[str, Any]) -> None:
    """Writes every table beside its old version and renames it; the manifest last, so that a kill leaves a board that
    is either whole or refused by its hashes."""
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, table in tables.items():
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd", row_group_size=_ROWS if name in LAZY else 1 << 20)
        data = buffer.getvalue()
        write_atomic(folder / f"{name}.parquet", data)
        files[f"{name}.parquet"] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    write_atomic(
        folder / MANIFEST, json.dumps({**manifest, "files": files}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )


@dataclass(frozen=True, eq=False)
class Board:
    """A board that has been read: its manifest and tables; `rows` fetches what is too large to hold.

    It never changes and is equal to itself alone, so what is made of it can be kept.
    """

    folder: Path
    manifest: dict[str, Any]
    tables: dict[str, pa.Table]

    @property
    def hash(self) -> str:
        """sha256 of the manifest, which holds the hashes of all tables: names this state of the board."""
        return hashlib.sha256(json.dumps(self.manifest, sort_keys=True).encode()).hexdigest()

    def rows(self, table: str, **equal: Any) -> list[dict[str, Any]]:
        """Rows of any table in which these columns have these values."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        if table not in self.tables:
            filters = [(column, "=", value) for column, value in equal.items()]
            found: list[dict[str, Any]] = pq.read_table(
                self.folder / f"{table}.parquet", filters=filters or None
            ).to_pylist()
            return found
        chosen = self.tables[table]
        for column, value in equal.items():
            chosen = chosen.filter(pc.equal(chosen[column], value))
        rows: list[dict[str, Any]] = chosen.to_pylist()
        return rows


def read_board(folder: Path) -> Board:
    """Reads and checks a board. Raises InputError naming the file that is missing, changed or of another version."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ttgbench._version import __version__
    from ttgbench.report.board.schemas import LATER_TABLES, TABLES

    manifest = _manifest(folder / MANIFEST)
    if series(str(manifest["package_version"])) != series(__version__):
        raise InputError(
            f"was built by ttgbench {manifest['package_version']}; this is {__version__}. Build it again",
            source=folder / MANIFEST,
            field="package_version",
        )
    tables = {}
    for name, schema in TABLES.items():
        path = folder / f"{name}.parquet"
        if name in LATER_TABLES and path.name not in manifest["files"]:
            tables[name] = schema.empty_table()
            continue
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest != manifest["files"].get(path.name, {}).get("sha256"):
                raise InputError("is not the file that board.json lists; build the board again", source=path)
            if name in LAZY:
                found = pq.read_schema(path)
            else:
                tables[name] = _with_later(name, pq.read_table(path))
                found = tables[name].schema
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"cannot be read: {error}", source=path) from None
        if found.remove_metadata() != schema:
            raise InputError("has other columns than this version writes; build the board again", source=path)
    return Board(folder, manifest, tables)


def _with_later(name: str, table: pa.Table) -> pa.Table:
    """A table with the columns that came later, empty, where its file lacks them."""
    import pyarrow as pa

    from ttgbench.report.board.schemas import LATER, TABLES

    for column in LATER.get(name, ()):
        if column not in table.schema.names:
            kind = TABLES[name].field(column)
            table = table.add_column(TABLES[name].get_field_index(column), kind, pa.nulls(len(table), kind.type))
    return table


def _manifest(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            manifest: dict[str, Any] = json.loads(stream.read(MAX_MANIFEST_BYTES))
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror}); make it with `ttgbench board build`", source=path
        ) from None
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", source=path) from None
    shape = {"package_version": str, "suites": dict, "left_out": list, "files": dict}
    for field, kind in shape.items():
        if not isinstance(manifest, dict) or not isinstance(manifest.get(field), kind):
            raise InputError(f"must hold a {kind.__name__}", source=path, field=field)
    if manifest.get("schema") != SCHEMA:
        raise InputError(f"must be {SCHEMA}; build the board again", source=path, field="schema")
    return manifest
