"""Archives: written once from a finished run, read back only if every byte is right."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib

import pytest
from forge import content

from ttgbench.errors import InputError
from ttgbench.publish.archive import (
    Archive,
    Rejected,
    Rejection,
    check,
    find_archives,
    packed,
    read_archive,
    write_archive,
)
from ttgbench.publish.archive.layout import LIMITS

LOG_FIELDS = ("problem", "seed", "events")


def test_what_was_written_is_read_back(finished, suites):
    run, results = finished
    found = list(find_archives(results, suites=suites))
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
    assert first.suite == suites["tiny-v1"]
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


def test_who_packs_another_way_has_the_same_run(archive, suites):
    """Versions of zlib pack differently; hash and run id are of what the file holds."""
    log = archive / "logs.jsonl.gz"
    raw = zlib.compressobj(1, zlib.DEFLATED, -15)
    text, before = content(log), log.read_bytes()
    assert before[:10] == packed.HEADER
    log.write_bytes(packed.HEADER + raw.compress(text) + raw.flush() + before[-8:])
    assert log.read_bytes() != before
    found = read_archive(archive, suites=suites)
    assert found.record.files["logs.jsonl"].sha256 == hashlib.sha256(text).hexdigest()
    assert b"".join(check.canonical(dict(zip(LOG_FIELDS, log, strict=True))) for log in found.logs()) == text


def test_names_that_lead_elsewhere_or_are_odd_are_refused(results, suites):
    (results / "tiny-v1" / "..\\up").mkdir()
    (results / "tiny-v1" / "random_search" / "not-a-run\n").mkdir()
    (results / "tiny-v1" / os.fsdecode(b"\xff")).mkdir()
    (results / "tiny-v1" / "link").symlink_to("/etc")
    (results / "<b>-v1").mkdir()
    (results / "notes.txt").write_text("?")
    (results / "README.md").write_text("passed over")
    (results / ".git").mkdir()
    found = list(find_archives(results, suites=suites))
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


def test_a_run_counts_once(results, archive, suites):
    """The same content under another method's name: what is hashed is the same, so is the run id."""
    copied = shutil.copytree(archive, results / "tiny-v1" / "gold" / archive.name)
    record = json.loads((copied / "run.json").read_text())
    record["method"]["name"] = "gold"
    (copied / "run.json").write_text(json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1) + "\n")
    with pytest.raises(Rejected) as refused:
        read_archive(copied, suites=suites)
    assert refused.value.reason == "cell-mismatch"


def test_an_unknown_suite_needs_its_definition(archive):
    with pytest.raises(Rejected) as refused:
        read_archive(archive)
    assert refused.value.reason == "suite-unknown"


def test_a_shipped_suite_cannot_be_replaced(archive, suites):
    from ttgbench.publish.archive.read import shipped_suites

    assert shipped_suites()["demo-v2"].hash != suites["tiny-v1"].hash
    record = json.loads((archive / "run.json").read_text())
    record["suite"].update(name="demo", version=2)
    text = json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    (archive / "run.json").write_text(text)
    moved = archive.parents[2] / "demo-v2" / "random_search"
    moved.mkdir(parents=True)
    forged = archive.rename(moved / archive.name)
    with pytest.raises(Rejected) as refused:
        read_archive(forged, suites={"demo-v2": suites["tiny-v1"]})
    assert refused.value.reason == "suite-mismatch"


def test_a_verification_of_another_run_is_refused(archive, suites, reason):
    note = {"schema": 1, "run_id": "0" * 16, "badge": "re-run", "package_version": "0.1.0", "cells": 4, "grades": 9}
    note |= {"rerun": 1}
    (archive / "verification.json").write_text(json.dumps(note, sort_keys=True, indent=1) + "\n")
    assert reason(archive) == "name-mismatch"
    note["run_id"] = archive.name
    (archive / "verification.json").write_text(json.dumps(note, sort_keys=True, indent=1) + "\n")
    assert read_archive(archive, suites=suites).badge == "re-run"


def test_every_limit_is_for_a_file_that_can_be_there():
    assert set(LIMITS) == {
        "run.json",
        "cells.jsonl.gz",
        "logs.jsonl.gz",
        "store.parquet",
        "submission.zip",
        "verification.json",
    }
