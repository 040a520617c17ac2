"""Where a task's documents come from: its own generator, a local folder, or the Hub at a pinned revision."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.plugins import load_function
from ttgbench.task_file import TaskFile

Doc = Mapping[str, Any]
MANIFEST = "manifest.csv"
"""Which documents make up each split: columns split, source, row, sha256, stratum."""
MAX_LOCAL_BYTES = 1 << 30


def content_hash(doc: Doc) -> str:
    """sha256 of a document: its JSON with sorted keys."""
    text = json.dumps(dict(doc), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Documents:
    """The documents of a task by the data set's own splits; each is loaded when first asked for."""

    def __init__(self, file: TaskFile, folder: Path, data_dir: Path | None) -> None:
        self._file, self._folder = file, folder
        environment = os.environ.get("TTGBENCH_DATA")
        self._data_dir = data_dir or (Path(environment) if environment else None)
        self._generated: Mapping[str, Any] | None = None
        self._loaded: dict[str, list[Doc]] = {}

    def __getitem__(self, split: str) -> list[Doc]:
        """All documents of a split, after the task's process_docs. Raises InputError."""
        if split not in self._loaded:
            rows = self._rows(split)
            if self._file.process_docs is not None:
                rows = self._processed(rows)
            self._loaded[split] = [dict(row) for row in rows]
        return self._loaded[split]

    def _rows(self, split: str) -> Iterable[Doc]:
        if self._file.custom_dataset is not None:
            return self._generate(split)
        if self._data_dir is not None:
            return read_local(self._data_dir, self._file.metadata.ttgbench.data_name or self._file.task, split)
        return self._from_hub(split)

    def _generate(self, split: str) -> Iterable[Doc]:
        assert self._file.custom_dataset is not None
        if self._generated is None:
            function = load_function(self._folder, self._file.custom_dataset)
            arguments = {**self._file.metadata.model_dump(), **(self._file.dataset_kwargs or {})}
            try:
                self._generated = function(**arguments)
            except Exception as error:
                message = f"failed: {type(error).__name__}: {str(error)[:300]}"
                raise InputError(message, source=self._folder, field=self._file.custom_dataset) from error
        if not isinstance(self._generated, Mapping) or split not in self._generated:
            raise InputError(
                f"must return a mapping with the split {split!r}", source=self._folder, field=self._file.custom_dataset
            )
        return list(self._generated[split])

    def _from_hub(self, split: str) -> Iterable[Doc]:
        import datasets

        name = self._file.metadata.ttgbench.data_name or self._file.task
        try:
            return datasets.load_dataset(
                self._file.dataset_path, self._file.dataset_name, split=split, **(self._file.dataset_kwargs or {})
            )
        except Exception as error:  # the hub, the network, the disk and the builder each raise their own
            raise InputError(
                f"{self._file.dataset_path!r} cannot be loaded from the Hub ({type(error).__name__}: "
                f"{str(error)[:200]}). Either allow network access to huggingface.co, or put {name}_{split}.jsonl "
                "(same columns) into a folder and name it with --data-dir or TTGBENCH_DATA",
                source=self._file.task,
            ) from None

    def _processed(self, rows: Iterable[Doc]) -> Iterable[Doc]:
        import datasets

        assert self._file.process_docs is not None
        table = rows if isinstance(rows, datasets.Dataset) else datasets.Dataset.from_list([dict(r) for r in rows])
        return load_function(self._folder, self._file.process_docs)(table)


def read_local(folder: Path, name: str, split: str) -> list[Doc]:
    """DIR/NAME/SPLIT or DIR/NAME_SPLIT, as .jsonl or .parquet. Raises InputError that lists what was looked for."""
    stems = (folder / name / split, folder / f"{name}_{split}")
    paths = [stem.with_name(stem.name + extension) for stem in stems for extension in (".jsonl", ".parquet")]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        looked = ", ".join(str(path.relative_to(folder)) for path in paths)
        raise InputError(f"holds no data for {name}, split {split!r}; looked for {looked}", source=folder)
    if path.stat().st_size > MAX_LOCAL_BYTES:
        raise InputError(f"is larger than {MAX_LOCAL_BYTES} bytes", source=path)
    return _read_parquet(path) if path.suffix == ".parquet" else _read_jsonl(path)


def _read_jsonl(path: Path) -> list[Doc]:
    rows: list[Doc] = []
    with path.open(encoding="utf-8", errors="strict") as stream:
        try:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise InputError("must be a JSON object", source=path, field=f"line {number}")
                    rows.append(row)
        except UnicodeDecodeError:
            raise InputError("is not UTF-8 text", source=path) from None
        except (ValueError, RecursionError) as error:
            raise InputError(f"is not JSON: {error}", source=path, field=f"line {number}") from None
    return rows


def _read_parquet(path: Path) -> list[Doc]:
    import pyarrow
    import pyarrow.parquet

    try:
        return list(pyarrow.parquet.read_table(path).to_pylist())
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"is not a readable Parquet file: {error}", source=path) from None


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One question of a split, by where its document stands in the data set and what it must be."""

    split: str
    source: str
    row: int
    sha256: str
    stratum: str | None


def read_manifest(folder: Path) -> list[ManifestRow] | None:
    """The rows of `manifest.csv`, None if the task has none. Raises InputError naming the line."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    rows = []
    with path.open(encoding="utf-8", newline="") as stream:
        for number, entry in enumerate(csv.DictReader(stream), 2):
            try:
                row = ManifestRow(
                    entry["split"], entry["source"], int(entry["row"]), entry["sha256"], entry.get("stratum") or None
                )
            except (KeyError, TypeError, ValueError):
                message = "must have the columns split, source, row (a number), sha256 and stratum"
                raise InputError(message, source=path, field=f"line {number}") from None
            rows.append(row)
    return rows


def pick(documents: Documents, rows: Sequence[ManifestRow], task: str) -> list[tuple[ManifestRow, Doc]]:
    """The manifest's documents. Raises InputError with both hashes where a document is not what it was."""
    picked = []
    for row in rows:
        source = documents[row.source]
        if not 0 <= row.row < len(source):
            message = f"has {len(source)} rows; the manifest names row {row.row}"
            raise InputError(message, source=task, field=row.source)
        found = content_hash(source[row.row])
        if found != row.sha256:
            raise InputError(
                f"the data set changed: the manifest says sha256 {row.sha256}, the document found has {found}",
                source=task,
                field=f"{row.source}, row {row.row}",
            )
        picked.append((row, source[row.row]))
    return picked
