"""What a forger does to an archive: anything, with all hashes right afterwards."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ttgbench.evaluate.store.generation import Generation, Graded
from ttgbench.publish.archive import RunRecord, packed


def content(path: Path) -> bytes:
    """What a file holds, unpacked."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def put(path: Path, data: bytes) -> None:
    """The same back again."""
    if path.suffix == ".gz":
        packed.write_lines(path, [data])
    else:
        path.write_bytes(data)


def reseal(path: Path, change: Callable[[dict[str, Any]], Any] = lambda record: None) -> Path:
    """Makes hashes, run id and folder name fit what is in the folder now."""
    record = json.loads((path / "run.json").read_text())
    record["files"] = {
        file.name.removesuffix(".gz"): {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for file, data in ((file, content(file)) for file in path.iterdir())
        if file.name not in ("run.json", "verification.json")
    }
    change(record)
    (path / "run.json").write_text(json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1) + "\n")
    return path.rename(path.parent / RunRecord.model_validate(record).run_id)


def edit(path: Path, name: str, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Changes the first line of cells.jsonl.gz or logs.jsonl.gz, and writes it as the package does."""
    line, *others = content(path / name).splitlines(keepends=True)
    data = json.loads(line)
    change(data)
    text = json.dumps(data, sort_keys=name == "cells.jsonl.gz", ensure_ascii=False, separators=(",", ":"))
    put(path / name, b"".join([text.encode(), b"\n", *others]))
    return path


def edit_store(path: Path, change: Callable[[list[Graded]], list[Graded]]) -> Path:
    """Changes the archived generations and grades."""
    from ttgbench.evaluate.store import parquet

    rows = [row for chunk in parquet.read(path / "store.parquet") for row in chunk]
    parquet.write(path / "store.parquet", [change(rows)])
    return path


def first(rows: list[Graded], change: Callable[[Generation], Generation]) -> list[Graded]:
    """Changes the first generation of a model."""
    index = next(i for i, (row, _) in enumerate(rows) if row.model is not None)
    return [*rows[:index], (change(rows[index][0]), rows[index][1]), *rows[index + 1 :]]
