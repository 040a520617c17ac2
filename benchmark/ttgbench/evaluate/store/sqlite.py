"""The SQLite file behind a store: made, checked and opened, without ever touching a file that is not ours."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ttgbench.errors import StoreError
from ttgbench.evaluate.store.generation import STORED

SCHEMA_VERSION = 1
APPLICATION_ID = 0x54544742  # "TTGB"

_BUSY_SECONDS = 60.0


def _column(name: str, kind: str, nullable: bool = False) -> str:
    bound = f" AND {name} >= 0" if kind == "integer" else ""
    allowed = f"typeof({name}) = '{kind}'{bound}"
    return (
        f"{name} {kind.upper()} CHECK ({name} IS NULL OR {allowed})"
        if nullable
        else (f"{name} {kind.upper()} NOT NULL CHECK ({allowed})")
    )


_ID = [_column("node_key", "text"), _column("question_id", "text"), _column("universe", "integer")]
_GENERATIONS = [
    *(_column(column.name, column.kind, column.nullable) for column in STORED),
    "PRIMARY KEY (node_key, universe, question_id)",
]
_GRADES = [
    *_ID,
    _column("grader", "text"),
    _column("status", "text"),
    _column("answer", "text", nullable=True),
    "PRIMARY KEY (node_key, universe, grader, question_id)",
]
_TABLES = {
    name: f"CREATE TABLE {name} ({', '.join(columns)}) WITHOUT ROWID"
    for name, columns in {"generations": _GENERATIONS, "grades": _GRADES}.items()
}


def open_store(path: Path | None, *, read_only: bool) -> sqlite3.Connection:
    """A connection to the store, made if need be. Raises StoreError; a file that is no sound store stays as it is."""
    with errors_of(path):
        if path is None:
            connection = _connect(":memory:")
            _fill(connection)
            return connection
        if not read_only and not path.exists():
            _create(path)
        _check_header(path)
        # Looked through before it is opened for writing: closing a writable connection may write.
        with closing(_connect_for_reading(path)) as connection:
            _check_content(connection, path)
        return _connect_for_reading(path) if read_only else _connect(f"{path.absolute().as_uri()}?mode=rw")


@contextmanager
def errors_of(path: Path | None) -> Iterator[None]:
    """Maps what SQLite, the file system and unstorable values raise to StoreError."""
    name = path or "store in memory"
    try:
        yield
    except sqlite3.OperationalError as error:
        locked = "locked" in str(error)
        hint = f"; another process has kept it locked for {_BUSY_SECONDS:.0f} s" if locked else ""
        raise StoreError(f"{name}: {error}{hint}") from error
    except sqlite3.IntegrityError as error:
        raise StoreError(f"{name}: refuses a row: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{name}: is damaged: {error}") from error
    except OSError as error:
        raise StoreError(f"{name}: {error.strerror or error}") from error
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise StoreError(f"{name}: {error}") from error


def _connect(target: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        target, uri=target.startswith("file:"), timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    # With WAL, NORMAL never corrupts; only power failure, not kill -9, can lose the last commits.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _connect_for_reading(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri()
    connection = _connect(f"{uri}?mode=ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if os.access(path.parent, os.W_OK) or path.with_name(path.name + "-wal").exists():
            raise
        # A folder that cannot be written has no room for SQLite's lock files, and nobody who could write the store.
        return _connect(f"{uri}?mode=ro&immutable=1")
    return connection


def _fill(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _create(path: Path) -> None:
    """Makes the file under another name, then links it: what stands at `path` is always a whole store."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with closing(_connect(str(part))) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            _fill(connection)
        try:
            os.link(part, path)
        except FileExistsError:
            pass  # another process was faster
        except OSError:  # a file system without hard links
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def _check_header(path: Path) -> None:
    """Reads the file's first bytes only; layout: sqlite.org/fileformat2.html, section 1.3."""
    with path.open("rb") as file:
        header = file.read(100)
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise StoreError(f"{path}: is not a ttgbench store (not an SQLite file); name another file")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StoreError(f"{path}: is not a ttgbench store (an SQLite file of another program); name another file")
    version = int.from_bytes(header[60:64], "big")
    if version != SCHEMA_VERSION:
        raise StoreError(f"{path}: has store schema {version}, this version of ttgbench reads {SCHEMA_VERSION}")


def _check_content(connection: sqlite3.Connection, path: Path) -> None:
    tables = dict(connection.execute("SELECT name, sql FROM sqlite_master").fetchall())
    if tables != _TABLES:
        raise StoreError(f"{path}: is damaged: its tables are not those of a ttgbench store")
    result = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if result != "ok":
        raise StoreError(f"{path}: is damaged: {' '.join(result.split())}")
