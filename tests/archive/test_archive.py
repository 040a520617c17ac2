"""Archives: written once from a finished run, read back only if every byte is right."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ttgbench.archive import (
    REASONS,
    Archive,
    Rejected,
    Rejection,
    RunRecord,
    check,
    find_archives,
    packed,
    read_archive,
    write_archive,
)
from ttgbench.archive.record import LIMITS
from ttgbench.errors import InputError
from ttgbench.launch import run_suite
from ttgbench.suite import Suite
from ttgbench.workbench import Workbench

TINY = {
    "schema": 1,
    "name": "tiny",
    "version": 1,
    "description": "for tests",
    "seeds": 2,
    "search_evaluations": 3,
    "problems": [
        {
            "name": name,
            "task": "micro_math",
            "pool": "embedded",
            "budget": "4 units",
            "space": {"roles": ["assistant", "fuser", "vote"], "max_nodes": 4},
            "search_questions": 4,
            "test_questions": 5,
        }
        for name in ("b-math", "a-math")
    ],
}
SUITE = Suite.model_validate(TINY)
LOG_FIELDS = ("problem", "seed", "events")
SUITES = {"tiny-v1": SUITE}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished run of two methods, and the results folder with both archives."""
    folder = tmp_path_factory.mktemp("finished")
    with Workbench(folder / "run" / "store.sqlite", "echo") as bench:
        run_suite(folder / "run", SUITE, ["single_model", "random_search"], 2, bench, "echo", lambda *_: None)
    for method in ("single_model", "random_search"):
        write_archive(folder / "run", method, folder / "results")
    return folder / "run", folder / "results"


@pytest.fixture
def results(finished: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the results that a test may spoil."""
    return shutil.copytree(finished[1], tmp_path / "results")


@pytest.fixture
def archive(results: Path) -> Path:
    """One archive in the copy."""
    return next((results / "tiny-v1" / "random_search").iterdir())


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
    """Makes hashes, run id and folder name fit what is in the folder now, as a forger would."""
    record = json.loads((path / "run.json").read_text())
    record["files"] = {
        file.name.removesuffix(".gz"): {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for file, data in ((file, content(file)) for file in path.iterdir())
        if file.name not in ("run.json", "verification.json")
    }
    change(record)
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    (path / "run.json").write_text(text)
    return path.rename(path.parent / RunRecord.model_validate(record).run_id)


def edit_lines(path: Path, change: Callable[[dict[str, Any]], Any], number: int = 0, *, sort_keys: bool = True) -> None:
    """Changes one line of JSON in place, written as the package writes it."""
    lines = content(path).decode().splitlines()
    data = json.loads(lines[number])
    change(data)
    lines[number] = json.dumps(data, sort_keys=sort_keys, ensure_ascii=False, separators=(",", ":"))
    put(path, ("\n".join(lines) + "\n").encode())


def reason(path: Path) -> str:
    """Why the archive is refused. It is also what `find_archives` says about it, beside the good one."""
    with pytest.raises(Rejected) as refused:
        read_archive(path, suites=SUITES)
    found = list(find_archives(path.parents[2], suites=SUITES))
    assert [item.record.method.name for item in found if isinstance(item, Archive)] == ["single_model"]
    rejections = [item for item in found if isinstance(item, Rejection)]
    assert [item.reason for item in rejections] == [refused.value.reason]
    assert rejections[0].path.startswith("tiny-v1/random_search/")
    assert rejections[0].message
    assert refused.value.reason in REASONS
    return refused.value.reason


def test_what_was_written_is_read_back(finished):
    run, results = finished
    found = list(find_archives(results, suites=SUITES))
    assert all(isinstance(item, Archive) for item in found), found
    assert [item.record.method.name for item in found] == ["random_search", "single_model"]
    first = found[0]
    assert [(cell.problem, cell.seed) for cell in first.cells] == [
        ("a-math", 0),
        ("a-math", 1),
        ("b-math", 0),
        ("b-math", 1),
    ]
    assert first.badge == "self-reported"
    assert first.suite == SUITE
    assert first.record.tasks["micro_math"].grader == first.cells[0].grader
    assert first.record.prices_date is not None
    for (problem, seed, events), cell in zip(first.logs(), first.cells, strict=True):
        log = run / problem / "random_search" / f"seed-{seed:03d}" / "log.jsonl"
        assert [json.loads(line) for line in log.read_text().splitlines()] == events
        result = log.with_name("result.json").read_text()
        assert cell.to_json() == result


def test_the_same_run_is_archived_once_and_with_the_same_bytes(finished, tmp_path):
    run, results = finished
    again = write_archive(run, "random_search", results)
    assert len(list(again.parent.iterdir())) == 1
    elsewhere = write_archive(run, "random_search", tmp_path / "other")
    assert elsewhere.name == again.name
    for file in again.iterdir():
        assert file.read_bytes() == (elsewhere / file.name).read_bytes()
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["tiny-v1"]


def test_an_unfinished_run_or_an_unknown_method_is_refused_and_leaves_nothing(finished, tmp_path):
    run = shutil.copytree(finished[0], tmp_path / "run")
    with pytest.raises(InputError, match="has no results of method 'nobody'"):
        write_archive(run, "nobody", tmp_path / "results")
    (run / "a-math" / "single_model" / "seed-001" / "result.json").unlink()
    with pytest.raises(InputError, match=r"seed-001.*cannot be read"):
        write_archive(run, "single_model", tmp_path / "results")
    assert not list((tmp_path / "results").glob("*/*"))


def spoil_cells(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        edit_lines(path / "cells.jsonl.gz", change)
        return reseal(path)

    return spoil


def spoil_logs(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        edit_lines(path / "logs.jsonl.gz", change, sort_keys=False)
        return reseal(path)

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
    "infinity": (spoil_cells(lambda cell: cell["test"][0].update(flops=float("inf"))), "schema"),
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
def test_what_is_spoiled_is_refused_with_the_reason(archive, name):
    spoil, expected = SPOILS[name]
    assert reason(spoil(archive)) == expected


def test_a_bomb_takes_little_memory(archive):
    bomb(archive)
    tracemalloc.start()
    with pytest.raises(Rejected, match="unpacks to more than"):
        read_archive(archive, suites=SUITES)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_who_packs_another_way_has_the_same_run(archive):
    """Versions of zlib pack differently; hash and run id are of what the file holds."""
    log = archive / "logs.jsonl.gz"
    raw = zlib.compressobj(1, zlib.DEFLATED, -15)
    text, before = content(log), log.read_bytes()
    assert before[:10] == packed.HEADER
    log.write_bytes(packed.HEADER + raw.compress(text) + raw.flush() + before[-8:])
    assert log.read_bytes() != before
    found = read_archive(archive, suites=SUITES)
    assert found.record.files["logs.jsonl"].sha256 == hashlib.sha256(text).hexdigest()
    assert b"".join(check.canonical(dict(zip(LOG_FIELDS, log, strict=True))) for log in found.logs()) == text


def test_names_that_lead_elsewhere_or_are_odd_are_refused(results):
    (results / "tiny-v1" / "..\\up").mkdir()
    (results / "tiny-v1" / "random_search" / "not-a-run\n").mkdir()
    (results / "tiny-v1" / os.fsdecode(b"\xff")).mkdir()
    (results / "tiny-v1" / "link").symlink_to("/etc")
    (results / "<b>-v1").mkdir()
    (results / "notes.txt").write_text("?")
    (results / "README.md").write_text("passed over")
    (results / ".git").mkdir()
    found = list(find_archives(results, suites=SUITES))
    assert len([item for item in found if isinstance(item, Archive)]) == 2
    rejections = {item.path: item.reason for item in found if isinstance(item, Rejection)}
    assert rejections == {
        "tiny-v1/..\\up": "bad-name",
        "tiny-v1/random_search/not-a-run\\n": "bad-name",
        "tiny-v1/\\udcff": "bad-name",
        "tiny-v1/link": "symlink",
        "<b>-v1": "bad-name",
        "notes.txt": "unexpected-file",
    }


def test_a_run_counts_once(results, archive):
    """The same content under another method's name: what is hashed is the same, so is the run id."""
    copied = shutil.copytree(archive, results / "tiny-v1" / "gold" / archive.name)
    record = json.loads((copied / "run.json").read_text())
    record["method"]["name"] = "gold"
    (copied / "run.json").write_text(json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1) + "\n")
    with pytest.raises(Rejected) as refused:
        read_archive(copied, suites=SUITES)
    assert refused.value.reason == "cell-mismatch"


def test_an_unknown_suite_needs_its_definition(archive):
    with pytest.raises(Rejected) as refused:
        read_archive(archive)
    assert refused.value.reason == "suite-unknown"


def test_a_shipped_suite_cannot_be_replaced(archive):
    from ttgbench.archive.read import shipped_suites

    assert shipped_suites()["demo-v1"].hash != SUITE.hash
    record = json.loads((archive / "run.json").read_text())
    record["suite"].update(name="demo")
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    (archive / "run.json").write_text(text)
    moved = archive.parents[2] / "demo-v1" / "random_search"
    moved.mkdir(parents=True)
    forged = archive.rename(moved / archive.name)
    with pytest.raises(Rejected) as refused:
        read_archive(forged, suites={"demo-v1": SUITE})
    assert refused.value.reason == "suite-mismatch"


def test_a_verification_of_another_run_is_refused(archive):
    note = {"schema": 1, "run_id": "0" * 16, "badge": "re-run", "package_version": "0.1.0", "cells": 4, "grades": 9}
    note |= {"rerun": 1}
    (archive / "verification.json").write_text(json.dumps(note, sort_keys=True, indent=1) + "\n")
    assert reason(archive) == "name-mismatch"
    note["run_id"] = archive.name
    (archive / "verification.json").write_text(json.dumps(note, sort_keys=True, indent=1) + "\n")
    assert read_archive(archive, suites=SUITES).badge == "re-run"


def test_every_limit_is_for_a_file_that_can_be_there():
    assert set(LIMITS) == {
        "run.json",
        "cells.jsonl.gz",
        "logs.jsonl.gz",
        "store.parquet",
        "submission.zip",
        "verification.json",
    }
