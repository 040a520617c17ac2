"""Runs on a bank are archived without its texts, and verified by replay on whatever machine has the bank."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from forge import edit, reseal

from ttgbench.errors import InputError
from ttgbench.problems import suite as definition
from ttgbench.problems.bank.plan import load_bank
from ttgbench.problems.suite import Suite, load_suite
from ttgbench.publish.archive import Rejected, find_archives, write_archive
from ttgbench.publish.recording.bank import record_bank
from ttgbench.publish.verification import verify
from ttgbench.report.board.entry import Entry
from ttgbench.report.board.graphs import graph_rows
from ttgbench.report.problems import problem_rows
from ttgbench.report.runs import question_scores, read_runs
from ttgbench.run.check_suite import check_suite
from ttgbench.run.experiment import run_suite
from ttgbench.run.session import Session

S, G = "smollm2-135m", "gemma-3-270m"
PLAN = {
    "name": "made-up",
    "pool": "embedded",
    "tasks": [{"task": "micro_math", "questions": 12}],
    "universes": 2,
    "block": 12,
    "samples": {S: 3, G: 2},
    "second": [{"role": "fuser", "model": G, "inputs": [S, S]}],
}
SUITE = {
    "name": "made-up",
    "version": 1,
    "description": "A bank that nobody needs a model for.",
    "seeds": 3,
    "search_evaluations": 3,
    "recorded": {"plan": "plan.yaml", "folder": "segments"},
    "problems": [
        {"name": "math", "task": "micro_math", "budget": "5 units", "search_questions": 5, "test_questions": 5}
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank, a suite on it, a run of a method and its archive."""
    folder = tmp_path_factory.mktemp("bank")
    (folder / "plan.yaml").write_text(json.dumps(PLAN))
    (folder / "suite.yaml").write_text(json.dumps(SUITE))
    record_bank(load_bank(folder / "plan.yaml"), "echo", folder / "segments")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTGBENCH_CACHE", str(folder / "cache"))
        with Session(None, None) as session:
            suite = load_suite(str(folder / "suite.yaml"))
            run_suite(folder / "run", suite, ["single_model", "random_search"], 3, session, "echo", lambda *_: None)
        write_archive(folder / "run", "random_search", folder / "results")
    return folder


@pytest.fixture(autouse=True)
def _cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTGBENCH_CACHE", str(folder / "cache"))


@pytest.fixture
def suite(folder: Path) -> Suite:
    return load_suite(str(folder / "suite.yaml"))


@pytest.fixture
def archive(folder: Path) -> Path:
    [found] = (folder / "results" / "made-up-v1" / "random_search").iterdir()
    return found


def test_an_archive_holds_no_text_of_the_bank_and_is_verified_by_replay(suite, archive):
    assert not (archive / "store.parquet").exists()
    found = verify(archive, suites={suite.label: suite})
    assert (found.badge, found.cells) == ("replay-verified", 3)
    assert found.renamed is not None
    assert found.renamed.cells == 3


def test_an_edited_score_is_found(suite, archive, tmp_path):
    def better(cell):
        cell["test"][0]["accuracy"] = 0.9876

    copied = shutil.copytree(archive, tmp_path / suite.label / "random_search" / archive.name)
    with pytest.raises(Rejected) as refused:
        verify(reseal(edit(copied, "cells.jsonl.gz", better)), suites={suite.label: suite})
    assert refused.value.reason == "replay-differs"


def test_anchors_that_the_bank_does_not_bear_out_are_refused(suite, monkeypatch):
    with Session(None, None) as session:
        bank = session.bank(suite)
        anchor = bank.table(suite, suite.problems[0]).anchor()
        assert anchor.zero < anchor.one
        monkeypatch.setattr(definition, "load_anchors", lambda *_: {"math": anchor})
        bank.check_anchor(suite, suite.problems[0])
    [good] = check_suite(suite)
    assert good.fault is None
    assert "12 recorded questions" in good.facts
    better = anchor.model_copy(update={"one": anchor.one + 0.01})
    monkeypatch.setattr(definition, "load_anchors", lambda *_: {"math": better})
    [bad] = check_suite(suite)
    assert "its anchors say" in bad.fault
    with Session(None, None) as session, pytest.raises(InputError, match="anchors"):
        session.bank(suite).check_anchor(suite, suite.problems[0])


def test_an_accuracy_counts_what_several_seeds_are_asked_once(folder):
    runs = read_runs(folder / "run")
    cells = runs.cells("math", "random_search")
    assert len({cell.question_ids for cell in cells}) == 3
    scores, labels = question_scores(cells)
    assert scores.shape == (15, 1)
    assert len(set(labels)) <= 12
    rows = {row.method: row for row in problem_rows(runs)}
    mean = sum(cell.final.accuracy for cell in cells) / 3
    assert rows["random_search"].accuracy.estimate == pytest.approx(mean)
    assert "fewer than 5" in rows["random_search"].verdict


def test_the_board_averages_a_graph_over_what_seeds_were_asked_and_compares_no_two(folder, suite):
    entries = [Entry(archive) for archive in find_archives(folder / "results", suites={suite.label: suite})]
    rows = graph_rows(suite.label, entries)
    assert sum(row["runs"] for row in rows) == 3
    assert all(row["scores"].size == 0 and row["accuracy_low"] is None for row in rows)
    cells = [cell for cell in entries[0].archive.cells if cell.final.key == rows[0]["key"]]
    assert rows[0]["accuracy"] == pytest.approx(sum(cell.final.accuracy for cell in cells) / len(cells))
