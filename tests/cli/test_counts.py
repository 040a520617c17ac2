"""One of everything: whatever the commonest commands print, one is never followed by a plural."""

from __future__ import annotations

import json
import re

import pytest

from ttgbench.leaderboard.pages.run import _told
from ttgbench.leaderboard.parts.markup import in_units
from ttgbench.report import read_runs
from ttgbench.report.results import Results

NOUNS = (
    "answer cell evaluation generation grade graph group method model node problem query question result row run "
    "sample seed segment task universe"
)
PLURAL = re.compile(rf"(?<![\w.,/])1 (?:\w+ )?(?:{'s|'.join(NOUNS.split())}s)\b")


def said(done) -> str:
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    text = " ".join((done.stdout + done.stderr).split())
    assert not PLURAL.findall(text), text
    return text


@pytest.fixture
def graph(ttgbench, tmp_path):
    path = tmp_path / "graph.json"
    said(ttgbench("graph", "new", "--shape", "single", "--model", "smollm2-135m", "--out", path))
    return path


def test_graphs(ttgbench, graph, tmp_path):
    assert "1 node," in said(ttgbench("graph", "check", graph, "--pool", "embedded"))
    assert "1 node," in said(ttgbench("graph", "show", graph))
    evaluate = ("evaluate", graph, "--store", tmp_path / "store.sqlite", "--task", "micro_math", "--questions")
    said(ttgbench(*evaluate, 1, "--engine", "echo", "--trace", 1))
    assert "lacks 1 generation of" in ttgbench(*evaluate, 2, "--replay").stderr
    written = said(ttgbench("store", "export", tmp_path / "store.sqlite", tmp_path / "one.parquet"))
    assert "1 generation and 1 grade written" in written


def test_a_suite_and_its_run(ttgbench, tmp_path):
    suite, out = tmp_path / "one.yaml", tmp_path / "run"
    new = ("suite", "new", suite, "--task", "micro_math", "--pool", "embedded", "--budget", "2 units", "--seeds", 1)
    assert "1 problem;" in said(ttgbench(*new, "--search-evaluations", 1))
    said(ttgbench("suite", "check", suite))
    shown = said(ttgbench("suite", "show", suite))
    assert "1 full evaluation," in shown
    assert "1 seed" in shown
    said(ttgbench("run", "--suite", suite, "-m", "single_model", "--engine", "echo", "-j", 1, "--out", out))
    said(ttgbench("report", out))
    assert repr(Results(read_runs(out), out, ())).startswith("Results of 1 run:")


def test_a_bank(ttgbench, tmp_path):
    plan = {"schema": 1, "name": "one", "pool": "embedded", "universes": 1, "samples": {"smollm2-135m": 1}}
    plan["tasks"] = [{"task": "micro_math", "questions": 1}]
    (tmp_path / "plan.yaml").write_text(json.dumps(plan))
    bank = ("bank", tmp_path / "plan.yaml", "--out", tmp_path / "one", "--engine", "echo")
    assert "0 of 1 segment recorded" in said(ttgbench(*bank, "--dry-run"))
    said(ttgbench(*bank))
    assert "1 question, 1 universe" in said(ttgbench(*bank, "--table"))


def test_the_page():
    log = ({"event": "start", "limit": 10}, {"event": "evaluate", "questions": 1, "value": 1, "charged": 1})
    told = " ".join(_told({**event, "key": "k", "evaluations before": 1}, 10) for event in log)
    assert not PLURAL.findall(told), told
    assert [in_units(value) for value in (1.0, 1.0001, 0.999, 2, 1234)] == [
        "1 unit",
        "1 unit",
        "0.999 units",
        "2 units",
        "1,230 units",
    ]
