"""Archives that were spoiled in every way that one could think of: each is refused with the right reason."""

from __future__ import annotations

import gzip
import io
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forge import content, edit, put, reseal

from ttgbench.publish.archive import Rejected, packed, read_archive


def spoil_cells(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        return reseal(edit(path, "cells.jsonl.gz", change))

    return spoil


def spoil_logs(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        return reseal(edit(path, "logs.jsonl.gz", change))

    return spoil


def rewrite(name: str, change: Callable[[bytes], bytes], *, sealed: bool = True) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        put(path / name, change(content(path / name)))
        return reseal(path) if sealed else path

    return spoil


def repacked(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """Changes the bytes of the packed log itself; what run.json says of it stays."""

    def spoil(path: Path) -> Path:
        (path / "logs.jsonl.gz").write_bytes(change((path / "logs.jsonl.gz").read_bytes()))
        return path

    return spoil


def bomb(path: Path) -> Path:
    """A small file that holds more than is allowed."""
    packed.write_lines(path / "logs.jsonl.gz", (b"\0" * (1 << 20) for _ in range(300)))
    assert (path / "logs.jsonl.gz").stat().st_size < 1 << 20
    return path


def swap_first_lines(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join([lines[1], lines[0], *lines[2:]])


def links_to(target: str) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        (path / "store.parquet").unlink()
        (path / "store.parquet").symlink_to(target)
        return path

    return spoil


def sparse(name: str, size: int) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        os.truncate(path / name, size)
        return path

    return spoil


def renamed(path: Path) -> Path:
    return path.rename(path.with_name("0123456789abcdef"))


def with_file(name: str) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        (path / name).write_text("{}")
        return path

    return spoil


def in_two_members(data: bytes) -> bytes:
    text = gzip.decompress(data)
    return gzip.compress(text[:100], mtime=0) + gzip.compress(text[100:], mtime=0)


def with_a_name(data: bytes) -> bytes:
    stream = io.BytesIO()
    with gzip.GzipFile("secret.txt", "wb", 9, stream, mtime=0) as named:
        named.write(gzip.decompress(data))
    return stream.getvalue()


SPOILS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "an edited log": (
        rewrite("logs.jsonl.gz", lambda data: data.replace(b"1", b"2", 1), sealed=False),
        "hash-mismatch",
    ),
    "a renamed folder": (renamed, "run-id-mismatch"),
    "a link to a secret": (links_to("/etc/passwd"), "symlink"),
    "a log of 1 GB": (sparse("logs.jsonl.gz", 1 << 30), "too-large"),
    "a log that unpacks to 300 MB": (bomb, "too-large"),
    "a log that is not packed": (repacked(gzip.decompress), "bad-gzip"),
    "an empty file for a log": (repacked(lambda data: b""), "bad-gzip"),
    "half a log": (repacked(lambda data: data[: len(data) // 2]), "bad-gzip"),
    "a log without its checksum": (repacked(lambda data: data[:-8]), "bad-gzip"),
    "a log with another checksum": (repacked(lambda data: data[:-8] + b"\0" * 8), "bad-gzip"),
    "a log with damaged blocks": (repacked(lambda data: data[:10] + b"\xff" * 20 + data[30:]), "bad-gzip"),
    "zeros behind a log": (repacked(lambda data: data + b"\0" * 512), "bad-gzip"),
    "a log twice": (repacked(lambda data: data + data), "bad-gzip"),
    "a log in two gzip members": (repacked(in_two_members), "bad-gzip"),
    "a log packed with its name": (repacked(with_a_name), "bad-gzip"),
    "a record of 1 GB": (sparse("run.json", 1 << 30), "too-large"),
    "a stowaway": (with_file("run.sh"), "unexpected-file"),
    "an unlisted store": (
        lambda path: reseal(path, lambda record: record["files"].pop("store.parquet")),
        "hash-mismatch",
    ),
    "no cells": (lambda path: (path / "cells.jsonl.gz").unlink() or path, "missing-file"),
    "no JSON": (rewrite("cells.jsonl.gz", lambda data: b"[" * 100_000 + b"\n"), "schema"),
    "a log that is no JSON": (rewrite("logs.jsonl.gz", lambda data: b"[" * 100_000 + b"\n"), "schema"),
    "a line without end": (rewrite("cells.jsonl.gz", lambda data: data[:-1]), "not-canonical"),
    "another spelling": (rewrite("cells.jsonl.gz", lambda data: data.replace(b":", b": ", 1)), "not-canonical"),
    "a field twice": (
        rewrite("cells.jsonl.gz", lambda data: data.replace(b"{", b'{"error":null,', 1)),
        "not-canonical",
    ),
    "infinity": (spoil_cells(lambda cell: cell["test"][0].update(flops=float("inf"))), "not-canonical"),
    "not a number in a log": (spoil_logs(lambda log: log["events"][1].update(value=float("nan"))), "schema"),
    "a score as text": (spoil_cells(lambda cell: cell.update(seed="0")), "not-canonical"),
    "an unknown field": (spoil_cells(lambda cell: cell.update(rank=1)), "schema"),
    "other order": (rewrite("cells.jsonl.gz", swap_first_lines), "not-sorted"),
    "one cell twice": (
        rewrite("cells.jsonl.gz", lambda data: data.splitlines(keepends=True)[0] + data),
        "duplicate-cell",
    ),
    "a bad seed left out": (
        rewrite("cells.jsonl.gz", lambda data: b"".join(data.splitlines(keepends=True)[1:])),
        "incomplete",
    ),
    "more seeds than the suite": (lambda path: reseal(path, lambda record: record.update(seeds=3)), "incomplete"),
    "another suite": (
        lambda path: reseal(path, lambda record: record["suite"].update(hash="0" * 64)),
        "suite-mismatch",
    ),
    "a version of the future": (
        lambda path: reseal(path, lambda record: record.update(package_version="9.9.0")),
        "suite-mismatch",
    ),
    "a version that is none": (
        lambda path: reseal(path, lambda record: record.update(package_version="<script>")),
        "suite-mismatch",
    ),
    "another suite's label": (
        lambda path: reseal(path, lambda record: record["suite"].update(version=2)),
        "name-mismatch",
    ),
    "somebody else's name": (
        lambda path: reseal(path, lambda record: record["method"].update(name="gold")),
        "name-mismatch",
    ),
    "a cell of another grader": (spoil_cells(lambda cell: cell.update(grader="kind/9")), "cell-mismatch"),
    "a cell of another suite": (spoil_cells(lambda cell: cell.update(suite_hash="0" * 64)), "cell-mismatch"),
    "a cell of another method": (spoil_cells(lambda cell: cell["method"].update(version="7")), "cell-mismatch"),
    "spent more than allowed": (
        spoil_cells(lambda cell: cell["search"].update(spent=cell["search"]["limit"] + 1)),
        "cell-mismatch",
    ),
    "spent less than it says": (spoil_cells(lambda cell: cell["search"].update(spent=1)), "cell-mismatch"),
    "another graph under a key": (spoil_cells(lambda cell: cell["test"][0].update(key="0" * 64)), "cell-mismatch"),
    "no graph": (spoil_cells(lambda cell: cell["test"][0].update(graph={"schema": 1})), "cell-mismatch"),
    "a log of another seed": (spoil_logs(lambda log: log["events"][0].update(seed=1)), "log-mismatch"),
    "a log that ends otherwise": (spoil_logs(lambda log: log["events"][-1].update(status="crashed")), "log-mismatch"),
    "a log that spent nothing": (spoil_logs(lambda log: log["events"][-1].update(spent=0)), "log-mismatch"),
    "a log that earns": (spoil_logs(lambda log: log["events"][1].update(spent=10**30)), "log-mismatch"),
    "too few logs": (
        rewrite("logs.jsonl.gz", lambda data: b"".join(data.splitlines(keepends=True)[:-1])),
        "log-mismatch",
    ),
    "too many logs": (
        rewrite("logs.jsonl.gz", lambda data: data + data.splitlines(keepends=True)[-1]),
        "log-mismatch",
    ),
    "a log of another shape": (rewrite("logs.jsonl.gz", lambda data: b"[]\n" + data), "schema"),
}


@pytest.mark.parametrize("name", SPOILS)
def test_what_is_spoiled_is_refused_with_the_reason(archive, reason, name):
    spoil, expected = SPOILS[name]
    assert reason(spoil(archive)) == expected


def test_a_bomb_takes_little_memory(archive, suites):
    bomb(archive)
    tracemalloc.start()
    with pytest.raises(Rejected, match="unpacks to more than"):
        read_archive(archive, suites=suites)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()
