"""From questions, a server and budgets of one's own to a suite that can be run: each command as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, TTGBenchError
from ttgbench.problems.suite import load_suite

CARDS = [{"name": "a", "parameters": 10**9, "context_length": 8192}, {"name": "b", "parameters": 3 * 10**9}]
CARDS[1]["context_length"] = 4096


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, TTGBenchError):
        raise result.exception
    return result


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with ten questions and a pool."""
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = "".join(f"What is {n} + 1?,{n + 1}\n" for n in range(10))
    (folder / "questions.csv").write_text(f"question,answer\n{rows}")
    (folder / "pool.yaml").write_text(yaml.safe_dump({"name": "mine", "models": CARDS}))
    monkeypatch.chdir(folder)
    return folder


def test_a_suite_of_ones_own_runs_from_any_folder(own, tmp_path, monkeypatch):
    run("task", "new", "sums", "--from", "questions.csv")
    run("suite", "new", "mine.yaml", "--task", "./sums", "--pool", "pool.yaml", "--budget", "3 units", "--seeds", 1)
    written = yaml.safe_load((own / "mine.yaml").read_text())
    assert written["problems"] == [{"name": "sums-3-units", "task": "./sums", "pool": "pool.yaml", "budget": "3 units"}]
    said = run("suite", "check", "mine.yaml")
    assert said.exit_code == 0
    assert "sums version 1, number/" in said.stdout
    assert "4 search, 6 test questions; 2 models" in said.stdout
    label = load_suite("mine.yaml").hash
    monkeypatch.chdir(tmp_path)
    assert load_suite("mine/mine.yaml").hash == label
    moved = own.rename(tmp_path / "elsewhere")
    assert load_suite(str(moved / "mine.yaml")).hash == label
    engine = ["--engine", "echo", "--methods", "single_model", "--out", tmp_path / "runs"]
    done = run("run", "--suite", moved / "mine.yaml", *engine)
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "runs").rglob("result.json"))) == 1
    with pytest.raises(InputError, match="is there already"):
        run("suite", "new", moved / "mine.yaml", "--task", "a", "--pool", "b", "--budget", "3 units")


def test_what_is_wrong_with_a_suite_is_said_of_each_problem(own):
    run("task", "new", "sums", "--from", "questions.csv")
    names = ["--task", "./sums", "--task", "./gone", "--pool", "pool.yaml"]
    run("suite", "new", "mine.yaml", *names, "--budget", "3 units", "--budget", "0.1 units")
    found = CliRunner().invoke(app, ["suite", "check", "mine.yaml", "--json"])
    assert found.exit_code == 1
    faults = {each["problem"]: each["fault"] for each in json.loads(found.stdout)["problems"]}
    assert faults["sums-3-units"] is None
    assert "fits no graph" in faults["sums-0.1-units"]
    assert "no such task folder" in faults["gone-3-units"]


@pytest.mark.parametrize("budget", ["$0.01", "", "3", "3 apples", "0 units", "nan units"])
def test_a_suite_with_a_budget_that_is_none_is_not_written(own, budget):
    with pytest.raises(InputError, match="budget"):
        run("suite", "new", "mine.yaml", "--task", "micro_math", "--pool", "embedded", "--budget", budget)
    assert not Path("mine.yaml").exists()


def test_dollars_need_prices(own):
    run("task", "new", "sums", "--from", "questions.csv")
    run("suite", "new", "mine.yaml", "--task", "./sums", "--pool", "pool.yaml", "--budget", "0.1 dollars")
    found = CliRunner().invoke(app, ["suite", "check", "mine.yaml", "--json"])
    assert "dollars cannot be counted: no price_in, price_out and price_date for a, b" in found.stdout


def test_a_suite_has_the_name_of_its_file(own):
    with pytest.raises(InputError, match=r"must end in \.yaml"):
        run("suite", "new", "mine.txt", "--task", "a", "--pool", "b", "--budget", "1 units")
