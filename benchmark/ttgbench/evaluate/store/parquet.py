"""A store's rows as one Parquet file, and back. The file's layout has a version; rows are sorted by their key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttgbench.errors import StoreError
from ttgbench.evaluate.store.generation import COLUMNS, STORED, Generation, GenerationId, Graded, name_of
from ttgbench.tasks.task import STATUSES
from ttgbench.util.files import replacing

if TYPE_CHECKING:
    import pyarrow

SCHEMA_VERSION = 1

_VERSION_KEY = b"ttgbench.store.schema"
_READ_ROWS = 4096
_READ_BYTES = 256 << 20
_MAX_GROUP_BYTES = 1 << 30
_MAX_RATIO, _MIN_BYTES = 100, 256 << 20
"""A file may unpack to so many times its own size, and to _MIN_BYTES in any case: 50 kB can hold gigabytes. The shipped
recording, 52,434 short answers in 0.7 MB, unpacks to 18 times its size."""
_MAGIC = b"PAR1"


def write(path: Path, chunks: Iterable[list[Graded]]) -> None:
    """Writes rows in the order they come. Raises StoreError; an existing file is replaced only if it is Parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema()
    with _errors_of(path):
        if path.exists() and _magic(path) != _MAGIC:
            raise StoreError(f"{path}: exists and is not a Parquet file; name another file")
        with replacing(path) as part, parquet.ParquetWriter(part, schema, compression="zstd") as writer:
            for chunk in chunks:
                writer.write_batch(pa.RecordBatch.from_arrays(_arrays(schema, chunk), schema=schema))


def read(path: Path) -> Iterator[list[Graded]]:
    """Rows, at most some thousand at a time, each checked. Raises StoreError, which names the first faulty row.

    Memory is bounded as far as the file's footer tells the sizes of its row groups truly; what is unpacked in any case.
    """
    for rows in _batches(path):
        yield [_checked(row, path) for row in rows]


def identities(path: Path) -> set[GenerationId]:
    """Of every row, from the columns of the key alone: quick, and nothing is checked of what is said in the others.

    Raises StoreError if the file is cut, damaged in what is read, or no export.
    """
    return {
        (row["node_key"], row["question_id"], row["universe"])
        for rows in _batches(path, ["node_key", "question_id", "universe"])
        for row in rows
    }


def _batches(path: Path, columns: list[str] | None = None) -> Iterator[list[dict[str, Any]]]:
    from pyarrow import parquet

    with _errors_of(path), parquet.ParquetFile(path) as file:
        version = (file.schema_arrow.metadata or {}).get(_VERSION_KEY)
        if version != str(SCHEMA_VERSION).encode():
            raise StoreError(f"{path}: is not an export of a ttgbench store with schema {SCHEMA_VERSION}")
        if not file.schema_arrow.equals(_schema(), check_metadata=False):
            raise StoreError(f"{path}: its columns are not those of a ttgbench store, schema {SCHEMA_VERSION}")
        groups = range(file.metadata.num_row_groups)
        sizes = [file.metadata.row_group(group).total_byte_size for group in groups]
        largest = max(sizes, default=0)
        if largest > _MAX_GROUP_BYTES:
            raise StoreError(f"{path}: a row group is larger than {_MAX_GROUP_BYTES >> 20} MiB")
        packed = path.stat().st_size
        left = max(_MIN_BYTES, _MAX_RATIO * packed)
        if sum(sizes) > left:
            raise _too_much(path, packed)
        # A value is stored once and may stand in every row: no batch may hold the largest group too many times.
        rows = min(_READ_ROWS, max(1, _READ_BYTES // max(largest, 1)))
        for batch in file.iter_batches(batch_size=rows, columns=columns):
            left -= batch.nbytes
            if left < 0:
                raise _too_much(path, packed)
            yield batch.to_pylist()


def _too_much(path: Path, packed: int) -> StoreError:
    return StoreError(f"{path}: unpacks to more than {_MAX_RATIO} times its {packed} bytes")


def _schema() -> pyarrow.Schema:
    import pyarrow as pa

    kinds = {"text": pa.string(), "integer": pa.int64(), "real": pa.float64()}
    grade = pa.struct(
        [
            pa.field("grader", pa.string(), nullable=False),
            pa.field("status", pa.string(), nullable=False),
            pa.field("answer", pa.string()),
        ]
    )
    columns = [pa.field(column.name, kinds[column.kind], nullable=column.nullable) for column in STORED]
    grades = pa.field("grades", pa.list_(pa.field("element", grade, nullable=False)), nullable=False)
    return pa.schema([*columns, grades], metadata={_VERSION_KEY: str(SCHEMA_VERSION).encode()})


def _arrays(schema: pyarrow.Schema, chunk: list[Graded]) -> list[pyarrow.Array]:
    import pyarrow as pa

    names = ("grader", "status", "answer")
    columns: list[list[Any]] = [list(map(attrgetter(name), (row for row, _ in chunk))) for name in COLUMNS]
    columns.append([[dict(zip(names, grade, strict=True)) for grade in grades] for _, grades in chunk])
    return [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)]


def _checked(row: dict[str, Any], path: Path) -> Graded:
    grades = tuple((grade["grader"], grade["status"], grade["answer"]) for grade in row.pop("grades"))
    generation = Generation(**row)
    fault = generation.fault()
    if len({grader for grader, _, _ in grades}) < len(grades):
        fault = "graded twice by one grader"
    if any(status not in STATUSES for _, status, _ in grades):
        fault = f"its grade status is none of {', '.join(STATUSES)}"
    if fault is not None:
        raise StoreError(f"{path}: {name_of(generation.id)}: {fault}")
    return generation, grades


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_MAGIC))


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Maps what pyarrow and the file system raise to StoreError."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise StoreError(f"{path}: cannot be read or written as Parquet: {reason}") from error
