"""Recorded generations and grades in one SQLite file: what was generated once is *the* sample from then on.

    with Store(Path("runs.sqlite")) as store:
        recorded = store.put_many(generations)  # rows that were there already come back as they were recorded

Several processes may write at once: the first to record a generation wins, the others are handed its row. A commit
survives kill -9 (power failure may cost the last commits, never the file). Every failure is a StoreError.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ttgbench.errors import StoreError
from ttgbench.evaluate.store import sqlite as sqlite_file
from ttgbench.evaluate.store.generation import COLUMNS, Generation, GenerationId, Graded, name_of, values_of
from ttgbench.tasks.task import STATUSES, Grade

MAX_NAMED = 20
"""At most so many rows are named in one message."""

_CHUNK = 4096

_INSERT = f"""INSERT INTO generations ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})
ON CONFLICT (node_key, universe, question_id) DO NOTHING"""
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM generations"
_INSERT_GRADE = """INSERT INTO grades (node_key, question_id, universe, grader, status, answer)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (node_key, universe, grader, question_id) DO NOTHING"""


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store holds."""

    path: str | None
    bytes: int
    generations: int
    grades: int
    nodes: int
    questions: int
    universes: int
    tokens_in: int
    """Failed attempts included, as in `tokens_out`."""
    tokens_out: int
    models: Mapping[str, int]
    """Generations by model."""
    engines: Mapping[str, int]
    graders: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many rows an import added; the others were there already."""

    generations: int
    grades: int


class Store:
    """path: the file, made if it is not there (with its folders); None keeps everything in memory.

    read_only: the file must exist and is not changed; put_many, put_grades and import_ raise StoreError.
    An existing file is checked whole on opening (about half a second per GB). Raises StoreError, and leaves the file
    as it is, if it is not a store, damaged, or of another schema version. Safe to use from several threads.
    """

    def __init__(self, path: Path | str | None = None, *, read_only: bool = False) -> None:
        self.path = None if path is None else Path(path)
        self.read_only = read_only
        self._lock = threading.RLock()
        self._closed = False
        self._connection = sqlite_file.open_store(self.path, read_only=read_only)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file. May be called twice."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def put_many(self, generations: Sequence[Generation]) -> list[Generation]:
        """Records what is not there yet, all or nothing. Returns the recorded row for each, in order."""
        with self._transaction() as connection:
            if _insert(connection, generations) == len(generations):
                return list(generations)
            recorded = _fetch(connection, (generation.id for generation in generations))
            return [recorded[generation.id] for generation in generations]

    def get_many(self, ids: Iterable[GenerationId]) -> dict[GenerationId, Generation]:
        """The recorded rows among these."""
        with self._session() as connection:
            return _fetch(connection, ids)

    def ids(self) -> list[GenerationId]:
        """Of every recorded row, sorted."""
        query = "SELECT node_key, question_id, universe FROM generations ORDER BY node_key, universe, question_id"
        with self._session() as connection:
            return list(connection.execute(query))

    def usage(self, node_key: str, universe: int) -> dict[str, tuple[int, int]]:
        """(tokens in, tokens out), failed attempts included, by question id: all that this node said there."""
        query = """SELECT question_id, tokens_in + retried_tokens_in, tokens_out + retried_tokens_out
                   FROM generations WHERE node_key = ? AND universe = ?"""
        with self._session() as connection:
            return {row[0]: row[1:] for row in connection.execute(query, (node_key, universe))}

    def put_grades(self, grader: str, grades: Mapping[GenerationId, Grade]) -> None:
        """Records grades; one that is there already stays."""
        rows = [(*identity, grader, grade.status, grade.answer) for identity, grade in grades.items()]
        with self._transaction() as connection:
            connection.executemany(_INSERT_GRADE, rows)

    def grades(self, node_key: str, universe: int, grader: str) -> dict[str, Grade]:
        """Grades by question id."""
        query = "SELECT question_id, status, answer FROM grades WHERE node_key = ? AND universe = ? AND grader = ?"
        with self._session() as connection:
            rows = connection.execute(query, (node_key, universe, grader))
            return {question: Grade(status, answer) for question, status, answer in rows}

    def graders(self, task: str) -> list[str]:
        """The graders under which questions of this task are graded, sorted."""
        query = "SELECT DISTINCT grader FROM grades WHERE question_id >= ? AND question_id < ? ORDER BY grader"
        with self._session() as connection:
            return [row[0] for row in connection.execute(query, (f"{task}@", f"{task}A"))]

    def info(self) -> StoreInfo:
        """Counts over the whole store."""
        totals = """SELECT count(*), count(DISTINCT node_key), count(DISTINCT question_id), count(DISTINCT universe),
                    coalesce(sum(tokens_in + retried_tokens_in), 0), coalesce(sum(tokens_out + retried_tokens_out), 0)
                    FROM generations"""
        with self._session() as connection:

            def count_by(column: str, table: str) -> dict[str, int]:
                where = f"WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY {column}"
                return dict(connection.execute(f"SELECT {column}, count(*) FROM {table} {where}").fetchall())

            generations, nodes, questions, universes, tokens_in, tokens_out = connection.execute(totals).fetchone()
            graders = count_by("grader", "grades")
            pages, page_size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
            )
            return StoreInfo(
                path=None if self.path is None else str(self.path),
                bytes=pages * page_size,
                generations=generations,
                grades=sum(graders.values()),
                nodes=nodes,
                questions=questions,
                universes=universes,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                models=count_by("model", "generations"),
                engines=count_by("engine", "generations"),
                graders=graders,
            )

    def verify(self) -> list[str]:
        """Everything that is wrong with the rows, at most `MAX_NAMED` sentences; empty if nothing is."""
        orphans = """SELECT g.node_key, g.question_id, g.universe FROM grades g LEFT JOIN generations n
                     USING (node_key, universe, question_id) WHERE n.node_key IS NULL LIMIT ?"""
        unknown = f"SELECT node_key, question_id, universe FROM grades WHERE status NOT IN {STATUSES} LIMIT ?"
        with self._session() as connection:
            faults = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            if faults:
                return faults[:MAX_NAMED]
            rows = (Generation(*row) for row in connection.execute(_SELECT))
            faulty = ((row.id, fault) for row in rows if (fault := row.fault()) is not None)
            faults += [f"{name_of(identity)}: {fault}" for identity, fault in itertools.islice(faulty, MAX_NAMED)]
            for query, fault in ((orphans, "graded, but not there"), (unknown, "unknown grade status")):
                faults += [f"{name_of(row)}: {fault}" for row in connection.execute(query, (MAX_NAMED,))]
        return faults[:MAX_NAMED]

    def export(self, path: Path | str) -> StoreInfo:
        """Writes everything to one Parquet file, rows sorted: equal contents give equal bytes.

        An existing Parquet file is replaced; any other existing file is refused.
        """
        from ttgbench.evaluate.store import parquet

        with self._transaction("BEGIN") as connection:
            parquet.write(Path(path), _sorted_chunks(connection))
            return self.info()

    def rows(self) -> Iterator[Graded]:
        """Every generation with its grades, in the order of an export: one state of the store, read as it goes."""
        with self._transaction("BEGIN") as connection:
            for chunk in _sorted_chunks(connection):
                yield from chunk

    def import_(self, path: Path | str) -> ImportReport:
        """Adds the rows of an exported file, all or nothing.

        Raises StoreError if the file is no such export, holds a faulty row, or rows that contradict recorded ones;
        the message names up to `MAX_NAMED` of them.
        """
        from ttgbench.evaluate.store import parquet

        added = graded = 0
        contradictions: list[str] = []
        with self._transaction() as connection:
            for rows in parquet.read(Path(path)):
                generations = [generation for generation, _ in rows]
                added += _insert(connection, generations)
                recorded = _fetch(connection, (generation.id for generation in generations))
                contradictions += [
                    name_of(generation.id)
                    for generation in generations
                    if recorded[generation.id].content != generation.content
                ]
                new, contradicted = _insert_grades(connection, rows)
                graded += new
                contradictions += contradicted
                if len(contradictions) >= MAX_NAMED:
                    break
            if contradictions:
                more = " and more" if len(contradictions) > MAX_NAMED else ""
                raise StoreError(
                    f"{path}: nothing imported, rows contradict recorded ones: "
                    f"{'; '.join(contradictions[:MAX_NAMED])}{more}"
                )
        return ImportReport(added, graded)

    @contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        with self._lock, sqlite_file.errors_of(self.path):
            if self._closed:
                raise StoreError(f"{self.path or 'store in memory'}: is closed")
            yield self._connection

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        if self.read_only and begin != "BEGIN":
            raise StoreError(f"{self.path}: is opened for reading only")
        with self._session() as connection:
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


class Overlay(Store):
    """A store whose additions stay in memory, on top of one that is only read."""

    def __init__(self, below: Store) -> None:
        super().__init__(None)
        self._below = below

    def get_many(self, ids: Iterable[GenerationId]) -> dict[GenerationId, Generation]:
        """The recorded rows among these, from either."""
        wanted = list(ids)
        return super().get_many(wanted) | self._below.get_many(wanted)

    def usage(self, node_key: str, universe: int) -> dict[str, tuple[int, int]]:
        """Tokens by question id, from either."""
        return super().usage(node_key, universe) | self._below.usage(node_key, universe)

    def grades(self, node_key: str, universe: int, grader: str) -> dict[str, Grade]:
        """Grades by question id, from either."""
        return super().grades(node_key, universe, grader) | self._below.grades(node_key, universe, grader)


def _insert(connection: sqlite3.Connection, generations: Sequence[Generation]) -> int:
    before = connection.total_changes
    connection.executemany(_INSERT, map(values_of, generations))
    return connection.total_changes - before


def _fetch(connection: sqlite3.Connection, ids: Iterable[GenerationId]) -> dict[GenerationId, Generation]:
    query = f"{_SELECT} WHERE node_key = ? AND question_id = ? AND universe = ?"
    found = (connection.execute(query, identity).fetchone() for identity in ids)
    return {generation.id: generation for generation in (Generation(*row) for row in found if row is not None)}


def _insert_grades(connection: sqlite3.Connection, rows: Sequence[Graded]) -> tuple[int, list[str]]:
    """How many were new, and what contradicts recorded grades."""
    wanted = [(*generation.id, *grade) for generation, grades in rows for grade in grades]
    before = connection.total_changes
    connection.executemany(_INSERT_GRADE, wanted)
    added = connection.total_changes - before
    query = """SELECT status, answer FROM grades
               WHERE node_key = ? AND question_id = ? AND universe = ? AND grader = ?"""
    contradictions = [
        f"{name_of(row[:3])}, grade of {row[3]}"
        for row in wanted
        if connection.execute(query, row[:4]).fetchone() != row[4:]
    ]
    return added, contradictions


def _sorted_chunks(connection: sqlite3.Connection) -> Iterator[list[Graded]]:
    order = "ORDER BY node_key, universe, question_id"
    cursor = connection.execute(f"{_SELECT} {order}")
    within = """SELECT node_key, question_id, universe, grader, status, answer FROM grades
                WHERE (node_key, universe) >= (?, ?) AND (node_key, universe) <= (?, ?) ORDER BY grader"""
    while rows := [Generation(*row) for row in cursor.fetchmany(_CHUNK)]:
        first, last = rows[0], rows[-1]
        grades: dict[GenerationId, list[tuple[str, str, str | None]]] = {}
        bounds = (first.node_key, first.universe, last.node_key, last.universe)
        for row in connection.execute(within, bounds):
            grades.setdefault(row[:3], []).append(row[3:])
        yield [(row, tuple(grades.get(row.id, ()))) for row in rows]
