"""The leaderboard as a Space: pushed to a Hub on this machine, and started from nothing but what was pushed."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ttgbench
from ttgbench.cli import app
from ttgbench.errors import TTGBenchError

ROOT = Path(__file__).parents[3]
REPO = "session/board"
WHEEL = f"ttgbench-{ttgbench.__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this checkout, laid out as hatch_build.py does."""
    path = tmp_path_factory.mktemp("wheel") / WHEEL
    folders = [ROOT / name for name in ("tasks", "submissions", "leaderboard", "benchmark/recording")]
    bundled = {folder: f"ttgbench/_bundled/{folder.name}" for folder in folders}
    with zipfile.ZipFile(path, "w") as archive:
        for folder, name in {ROOT / "benchmark" / "ttgbench": "ttgbench", **bundled}.items():
            for file in folder.rglob("*"):
                if file.is_file() and file.suffix != ".pyc":
                    archive.write(file, f"{name}/{file.relative_to(folder)}")
        metadata = importlib.metadata.distribution("ttgbench").read_text("METADATA")
        archive.writestr(f"ttgbench-{ttgbench.__version__}.dist-info/METADATA", metadata)
    return path


def push(*arguments: object) -> str:
    """What the command prints. Raises what it raises."""
    done = CliRunner().invoke(app, ["leaderboard", "push", *map(str, arguments)])
    if done.exception is not None:
        raise done.exception
    return done.stdout.strip()


def test_what_was_pushed_is_a_page_by_itself(hub, wheel, tmp_path):
    url = push(REPO, "--wheel", wheel)
    assert url == f"{hub.url}/spaces/{REPO}"
    files = hub.files(REPO)
    assert {"app.py", "README.md", "requirements.txt", "board/board.json", WHEEL} <= set(files)
    stated = files["requirements.txt"].decode().splitlines()
    assert any(line.startswith("gradio") for line in stated)
    assert not any(line.startswith(("ttgbench", "mypy")) or ";" in line for line in stated)
    for name, content in files.items():
        (tmp_path / "space" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "space" / name).write_bytes(content)
    script = (
        "import app, json, os, ttgbench\n"
        "from ttgbench.leaderboard.parts.health import health\n"
        "from ttgbench.leaderboard.parts.source import Source\n"
        "print(json.dumps([ttgbench.__file__, os.environ['TTGBENCH_RESULTS_DIR'],"
        " health(Source.from_environment().state)]))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path / "space", env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    package, results, found = json.loads(done.stdout)
    assert not Path(package).is_relative_to(ROOT)
    assert results == str(tmp_path / "space" / "board")
    assert (found["status"], found["problem"]) == ("ok", None)
    assert found["runs"] > 0


def test_pushing_again_changes_nothing_and_a_new_push_leaves_nothing_old(hub, wheel):
    push(REPO, "--wheel", wheel)
    first = hub.repos[REPO].refs["main"]
    push(REPO, "--wheel", wheel)
    assert hub.repos[REPO].refs["main"] == first
    hub.put(REPO, {"ttgbench-0.0.1-py3-none-any.whl": b"old", "board/gone.parquet": b"old", "mine.txt": b"mine"})
    push(REPO, "--released")
    files = hub.files(REPO)
    assert not {name for name in files if name.endswith(".whl")}
    assert "board/gone.parquet" not in files
    assert files["mine.txt"] == b"mine"
    assert files["requirements.txt"].startswith(b"ttgbench[leaderboard]")


def test_what_cannot_be_pushed_is_said_before_anything_is_asked(hub, wheel, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / WHEEL).write_bytes(b"no zip")
    for arguments, why in (
        (["board"], "no name of a Space; it must be owner/name"),
        (["a/b/c"], "no name of a Space; it must be owner/name"),
        (["session/bad..name", "--wheel", wheel], "no name of a Space; it must be owner/name"),
        ([REPO, "--results", tmp_path / "none"], "is not a folder of results"),
        ([REPO, "--results", tmp_path / "empty"], "holds no results"),
        ([REPO, "--wheel", tmp_path / "none.whl"], "is no wheel of ttgbench"),
        ([REPO, "--wheel", tmp_path / WHEEL], "is no wheel of ttgbench"),
    ):
        with pytest.raises(TTGBenchError, match=why):
            push(*arguments)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(TTGBenchError, match="log in with `hf auth login`"):
        push(REPO, "--wheel", wheel)
    assert hub.requests == []


def test_who_may_not_write_is_told_so(hub, wheel):
    hub.create(REPO)
    hub.repos[REPO].may_write = False
    with pytest.raises(TTGBenchError, match=f"may not write to {REPO}"):
        push(REPO, "--wheel", wheel)
