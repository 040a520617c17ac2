"""Results under git are append-only: what a branch adds is verified, what it changes is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ttgbench.errors import InputError
from ttgbench.publish.archive import Rejection
from ttgbench.publish.verification.added import added


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with one archive on main, and a branch checked out."""
    git(tmp_path, "init", "-q", "-b", "main")
    put(tmp_path / "results" / "s-v1" / "old" / ("0" * 16) / "run.json")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "submission")
    return tmp_path / "results"


def put(path: Path, text: str = "{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "more")


def test_new_archives_are_found_and_old_ones_left_alone(results):
    put(results / "s-v1" / "mine" / ("1" * 16) / "run.json")
    put(results / "s-v1" / "mine" / ("1" * 16) / "cells.jsonl.gz")
    put(results / "s-v1" / "other" / ("2" * 16) / "deep" / "file")
    put(results.parent / "code.py")
    commit(results)
    assert list(added(results, "main")) == [
        results / "s-v1" / "mine" / ("1" * 16),
        results / "s-v1" / "other" / ("2" * 16),
    ]


def test_what_changes_or_removes_is_refused(results):
    old = results / "s-v1" / "old" / ("0" * 16)
    put(old / "run.json", "changed")
    put(results / "s-v1" / "stray")
    commit(results)
    found = {item.path: item.reason for item in added(results, "main") if isinstance(item, Rejection)}
    assert found == {
        f"s-v1/old/{'0' * 16}/run.json": "not-append-only",
        "s-v1/stray": "unexpected-file",
    }
    (old / "run.json").unlink()
    commit(results)
    [removed] = [item for item in added(results, "main") if isinstance(item, Rejection) and "old" in item.path]
    assert removed.message == "was removed"


def test_a_reference_that_is_none(results, tmp_path):
    with pytest.raises(InputError, match="git says"):
        list(added(results, "nowhere"))
    with pytest.raises(InputError, match="no git reference"):
        list(added(results, "--output=/tmp/x"))
