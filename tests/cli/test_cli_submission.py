"""From an empty folder to a verified archive, as a newcomer types it; and what the commands say when it goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
import yaml

from ttgbench.cli import main

SUITE = tiny.suite("math", search=3, test=5, **tiny.REAL)
SINGLE = {"schema": 1, "nodes": [{"id": "a", "role": "assistant", "model": "smollm2-135m"}], "edges": []}


@pytest.fixture
def ttgbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs the command as `main` does, in this process; what it printed on stdout, and where it fails on stderr."""

    def run(*arguments: object, code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["ttgbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert (ended.value.code or 0) == code, printed.out + printed.err
        return printed.err if code == 2 else printed.out

    return run


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a suite in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(SUITE))
    return tmp_path


def test_from_nothing_to_a_verified_graph_submission(work, hub, ttgbench):
    ttgbench("submission", "new", "graphs_of_mine", "--graphs")
    folder = work / "graphs_of_mine"
    said = ttgbench("submission", "check", folder, "--suite", "tiny.yaml", code=1)
    assert "FAIL  math: in its space: " in said  # the template names a model that no pool has
    (folder / "graphs" / "default.json").write_text(json.dumps(SINGLE))
    ttgbench("submission", "check", folder, "--suite", "tiny.yaml")
    ttgbench("submit", folder, "--suite", "tiny.yaml", "--engine", "echo", "--results", "results")
    [archive] = (work / "results" / "tiny-v1" / "graphs_of_mine").iterdir()
    assert json.loads((archive / "run.json").read_text())["kind"] == "graph"
    found = json.loads(ttgbench("verify", "results", "--suite", "tiny.yaml", "--write", "--json"))
    assert found["verified"] is True
    assert [one["badge"] for one in found["archives"]] == ["replay-verified"]
    assert json.loads((archive / "verification.json").read_text())["badge"] == "replay-verified"

    hub.create("session/results")
    run = ("--run", "runs/submit-graphs_of_mine", "--repo", "session/results", "--json")
    sent = json.loads(ttgbench("submit", folder, *run))
    assert sent["pull_request"] == f"{hub.url}/datasets/session/results/discussions/1"
    assert f"results/tiny-v1/graphs_of_mine/{archive.name}/run.json" in hub.files("session/results", "refs/pr/1")


def test_submitting_fewer_seeds_than_a_ranking_takes_is_said_at_once(work, monkeypatch, capsys):
    (work / "tiny.yaml").write_text(yaml.safe_dump({**SUITE, "seeds": 3}))
    given = ["submit", "single_model", "--suite", "tiny.yaml", "--engine", "echo", "--results", "results"]
    for arguments, said in (([*given, "--seeds", "2"], True), (given, False)):
        monkeypatch.setattr("sys.argv", ["ttgbench", *arguments])
        with pytest.raises(SystemExit):
            main()
        assert ("2 of the 3 seeds of tiny-v1" in " ".join(capsys.readouterr().err.split())) == said


def test_a_method_in_isolation_writes_the_same_archive(work, ttgbench):
    for out, isolate in (("one", []), ("two", ["--isolate"])):
        run = ("run", "--suite", "tiny.yaml", "--method", "single_model", "--engine", "echo", "--out", out, *isolate)
        ttgbench(*run, "--json")
        ttgbench("submit", "single_model", "--run", out, "--results", f"{out}-results")
    [one], [two] = (list((work / f"{out}-results" / "tiny-v1" / "single_model").iterdir()) for out in ("one", "two"))
    for name in ("cells.jsonl.gz", "logs.jsonl.gz", "submission.zip"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_verify_names_what_is_wrong_and_goes_on(work, ttgbench):
    ttgbench("submit", "single_model", "--suite", "tiny.yaml", "--engine", "echo", "--results", "results")
    (work / "results" / "tiny-v1" / "<b>").mkdir()
    said = ttgbench("verify", "results", "--suite", "tiny.yaml", "--json", code=1)
    found = json.loads(said)
    assert found["verified"] is False
    by_badge = {one.get("badge", one.get("reason")) for one in found["archives"]}
    assert by_badge == {"replay-verified", "bad-name"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("submission", "new", "My Method"), "a method's name has small letters"),
        (("submission", "check", "nothing"), "no such submission folder"),
        (("submission", "pack", "."), "holds no submission.yaml"),
        (("submit", "single_model", "--results", "x"), "give either --suite"),
        (("submit", "single_model", "--run", "x"), "give either --results FOLDER or --repo"),
        (("submit", "single_model", "--run", "x", "--results", "y"), "it is not a run folder"),
        (("verify", "nothing"), "cannot name a"),
        (("verify", "."), "no archived results there"),
    ],
)
def test_wrong_input_is_one_clear_line(work, ttgbench, arguments, text):
    (work / "tiny.yaml").unlink()
    assert text in ttgbench(*arguments, code=1 if arguments == ("verify", "nothing") else 2).replace("\n", " ")
