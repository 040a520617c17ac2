"""Where a task's documents come from: its own generator, local files, a PyPI package, or the Hub at a revision."""

from __future__ import annotations

import csv
import gzip
import importlib.metadata
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError, MissingExtra
from ttgbench.tasks.file import HubSource, PyPISource, TaskFile
from ttgbench.tasks.groups import check_groups
from ttgbench.tasks.procedural import Drawn
from ttgbench.util.plugins import load_function

Doc = Mapping[str, Any]
MAX_LOCAL_BYTES = 1 << 30
EXTENSIONS = (".jsonl", ".parquet", ".csv", ".json")
FILE_KINDS = ("json", "csv", "parquet")
"""Values of `dataset_path` that stand for files, as the library `datasets` has them."""
MAX_LINE = 1 << 24
HUB_SECONDS = 5.0
"""A Hub that does not answer within this time counts as unreachable; its own client would try for minutes."""


class Documents:
    """The documents of a task by the data set's own splits; each is loaded when first asked for.

    data_dir: local data, by default $TTGBENCH_DATA. season_seed: the secret that a season's test split is drawn from.
    """

    def __init__(self, file: TaskFile, folder: Path, data_dir: Path | None, season_seed: str | None = None) -> None:
        self._file, self._folder, self._season_seed = file, folder, season_seed
        environment = os.environ.get("TTGBENCH_DATA")
        self._data_dir = data_dir or (Path(environment) if environment else None)
        self._generated: Mapping[str, Any] | None = None
        self._loaded: dict[str, list[Doc]] = {}

    def __call__(self, split: str) -> list[Doc]:
        """All documents of a split, after the task's process_docs. Raises InputError."""
        if split not in self._loaded:
            origin, rows = self._rows(split)
            processed = self._file.process_docs is not None
            docs: list[Doc] = [dict(row) for row in (self._processed(rows) if processed else rows)]
            check_groups(docs, origin, " after process_docs" if processed else "")
            self._loaded[split] = docs
        return self._loaded[split]

    def _rows(self, split: str) -> tuple[object, Iterable[Doc]]:
        """Where a split comes from, as errors name it, and its rows."""
        if self._file.custom_dataset is not None:
            return f"{self._folder}: split {split!r} of {self._file.custom_dataset}", self._generate(split)
        block = self._file.metadata.ttgbench
        name = block.data_name or self._file.task
        if self._file.dataset_path in FILE_KINDS:
            return self._from_data_files(split)
        if self._data_dir is not None and (block.pypi is None or find_local(self._data_dir, name, split)):
            return find_local(self._data_dir, name, split), read_local(self._data_dir, name, split)
        if own := find_own(self._folder, name, split):
            return own, read_rows(own)
        if block.pypi is not None and (path := _installed(block.pypi)):
            return path, _read_jsonl(path)
        if self._file.dataset_path is None:
            looked = ", ".join(str(path.relative_to(self._folder)) for path in _own_paths(self._folder, name, split))
            raise InputError(f"holds no data for split {split!r}; looked for {looked}", source=self._folder)
        return f"{self._file.origin}: split {split!r}", self._from_hub(name, split)

    def _from_data_files(self, split: str) -> tuple[str, list[Doc]]:
        """`dataset_kwargs.data_files` as lm-eval has them: one or several names, or those of each split."""
        files = (self._file.dataset_kwargs or {}).get("data_files")
        files = files if isinstance(files, Mapping) else {"train": files}
        chosen = files.get(split)
        names = [chosen] if isinstance(chosen, str) else chosen
        if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
            has = ", ".join(str(name)[:40] for name in files)
            message = f"must name the files of split {split!r}; it has {has}"
            raise InputError(message, source=self._file.task, field="dataset_kwargs.data_files")
        paths = [inside if (inside := self._folder / name).is_file() else Path(name) for name in names]
        return ", ".join(map(str, paths)), [row for path in paths for row in read_rows(path)]

    def _generate(self, split: str) -> Iterable[Doc]:
        assert self._file.custom_dataset is not None
        if self._generated is None:
            function = load_function(self._folder, self._file.custom_dataset)
            arguments = {**self._file.metadata.model_dump(), **(self._file.dataset_kwargs or {})}
            if self._season_seed is not None:
                arguments["season_seed"] = self._season_seed
            try:
                made = function(**arguments)
            except MissingExtra:
                raise
            except Exception as error:
                message = f"failed: {type(error).__name__}: {str(error)[:300]}"
                raise InputError(message, source=self._folder, field=self._file.custom_dataset) from error
            self._generated = made.rows if isinstance(made, Drawn) else made
        if not isinstance(self._generated, Mapping) or split not in self._generated:
            raise InputError(
                f"must return a mapping with the split {split!r}", source=self._folder, field=self._file.custom_dataset
            )
        return list(self._generated[split])

    def _from_hub(self, name: str, split: str) -> Iterable[Doc]:
        block = self._file.metadata.ttgbench
        source = block.sources.get(split) or HubSource(
            path=self._file.dataset_path or "",
            names=(self._file.dataset_name,) if self._file.dataset_name else (),
            split=split,
            revision=(self._file.dataset_kwargs or {}).get("revision"),
        )
        try:
            return [doc for part in source.names or (None,) for doc in _load_from_hub(source, part)]
        except Exception as error:  # the hub, the network, the disk and the builder each raise their own
            package = f", or `pip install {block.pypi.package}`" if block.pypi else ""
            raise InputError(
                f"{source.path!r} cannot be loaded from the Hub ({type(error).__name__}: {str(error)[:200]}). "
                f"Either allow network access to huggingface.co (HF_HUB_OFFLINE=1 uses the Hub's own cache alone), "
                f"or put {name}_{split}.jsonl (same columns) into a folder and name it with --data-dir or "
                f"TTGBENCH_DATA{package}",
                source=self._file.task,
            ) from None

    def _processed(self, rows: Iterable[Doc]) -> Iterable[Doc]:
        import datasets

        assert self._file.process_docs is not None
        function = load_function(self._folder, self._file.process_docs)
        try:
            return list(function(datasets.Dataset.from_list([dict(row) for row in rows])))
        except Exception as error:
            message = f"fails: {type(error).__name__}: {str(error)[:200]}"
            raise InputError(message, source=self._folder, field=self._file.process_docs) from None


def _load_from_hub(source: HubSource, name: str | None) -> Iterable[Doc]:
    if not os.environ.get("HF_HUB_OFFLINE"):
        _reach_hub()
    import datasets

    rows: Iterable[Doc] = datasets.load_dataset(source.path, name, split=source.split, revision=source.revision)
    return rows


@cache
def _reach_hub() -> None:
    """Raises at once where the Hub cannot be reached."""
    import httpx2

    httpx2.head(os.environ.get("HF_ENDPOINT") or "https://huggingface.co", timeout=HUB_SECONDS)


def _installed(source: PyPISource) -> Path | None:
    """The file of an installed distribution, None where it is not installed. Nothing is imported."""
    try:
        path = Path(str(importlib.metadata.distribution(source.package).locate_file(source.file)))
    except importlib.metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def find_local(folder: Path, name: str, split: str) -> Path | None:
    """The file of a split in a data folder, None where there is none."""
    return next((path for path in _local_paths(folder, name, split) if path.is_file()), None)


def _local_paths(folder: Path, name: str, split: str) -> list[Path]:
    stems = (folder / name / split, folder / f"{name}_{split}")
    return _with_extensions(stems)


def find_own(folder: Path, name: str, split: str) -> Path | None:
    """The file of a split in the task's own folder, None where there is none."""
    return next((path for path in _own_paths(folder, name, split) if path.is_file()), None)


def _own_paths(folder: Path, name: str, split: str) -> list[Path]:
    return _with_extensions((folder / split, folder / "data" / split, folder / f"{name}_{split}"))


def _with_extensions(stems: Iterable[Path]) -> list[Path]:
    return [stem.with_name(stem.name + extension) for stem in stems for extension in EXTENSIONS]


def read_local(folder: Path, name: str, split: str) -> list[Doc]:
    """DIR/NAME/SPLIT or DIR/NAME_SPLIT with one of EXTENSIONS. Raises InputError that lists what was looked for."""
    path = find_local(folder, name, split)
    if path is None:
        looked = ", ".join(str(path.relative_to(folder)) for path in _local_paths(folder, name, split))
        raise InputError(f"holds no data for {name}, split {split!r}; looked for {looked}", source=folder)
    return read_rows(path)


def read_rows(path: Path) -> list[Doc]:
    """Rows of a file of JSON Lines, a JSON list, CSV with a header, or Parquet, by its name.

    Raises InputError for one that is not there, too large, none of these, or without rows.
    """
    try:
        if path.stat().st_size > MAX_LOCAL_BYTES:
            raise InputError(f"is larger than {MAX_LOCAL_BYTES} bytes", source=path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", source=path) from None
    readers = {".parquet": _read_parquet, ".csv": _read_csv, ".json": _read_json}
    rows = readers.get(path.suffix, _read_jsonl)(path)
    if not rows:
        raise InputError("holds no rows", source=path)
    return rows


def _read_jsonl(path: Path) -> list[Doc]:
    return [row for _, row in read_json_lines(path)]


def _read_json(path: Path) -> list[Doc]:
    """A list of objects, or JSON Lines under this name too."""
    with path.open("rb") as stream:
        if stream.read(1 << 10).lstrip()[:1] != b"[":
            return _read_jsonl(path)
    try:
        rows = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", source=path) from None
    if not all(isinstance(row, dict) for row in rows):
        raise InputError("must be a list of JSON objects", source=path)
    return list(rows)


def _read_csv(path: Path) -> list[Doc]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            twice = [name for name, times in Counter(reader.fieldnames or ()).items() if times > 1]
            if twice:
                raise InputError(f"names column {twice[0]!r} twice", source=path, field="line 1")
            rows: list[Doc] = []
            for row in reader:
                if None in row or None in row.values():
                    message = "has more or fewer cells than the header"
                    raise InputError(message, source=path, field=f"line {reader.line_num}")
                rows.append(dict(row))
            return rows
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", source=path) from None
    except csv.Error as error:
        raise InputError(f"is not CSV: {error}", source=path) from None


def read_json_lines(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    """(line number, object) of a JSON Lines file, gzipped if its name says so; blank lines are skipped.

    Raises InputError naming the line that is not UTF-8, not JSON, no object, or longer than MAX_LINE.
    """
    number = 0
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise InputError(f"is longer than {MAX_LINE} bytes", source=path, field=f"line {number}")
                if line.strip():
                    row = json.loads(line.decode())
                    if not isinstance(row, dict):
                        raise InputError("must be a JSON object", source=path, field=f"line {number}")
                    yield number, row
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", source=path, field=f"line {number}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", source=path, field=f"line {number}") from None
    except (OSError, EOFError) as error:
        raise InputError(f"cannot be read: {error}", source=path) from None


def _read_parquet(path: Path) -> list[Doc]:
    import pyarrow
    import pyarrow.parquet

    try:
        return list(pyarrow.parquet.read_table(path).to_pylist())
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"is not a readable Parquet file: {error}", source=path) from None
