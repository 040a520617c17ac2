"""Recording a bank: segments that a killed recording goes on from, and nodes that graphs find again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, UnknownName
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.graph import Graph, Node
from ttgbench.models.pool import load_pool
from ttgbench.publish.recording.bank import load_bank, record_bank, segments
from ttgbench.publish.recording.bank_table import bank_tables
from ttgbench.run.session import Session

PILOT = Path(__file__).parents[2] / "benchmark" / "recording" / "pilot-small-v1"
S, G = "smollm2-135m", "gemma-3-270m"
PLAN = {
    "schema": 1,
    "name": "small",
    "pool": "embedded",
    "tasks": [{"task": "micro_math", "questions": 5}],
    "universes": 2,
    "block": 3,
    "samples": {S: 3, G: 1},
    "second": [{"role": "fuser", "model": G, "inputs": [S, S, G]}, {"role": "assistant", "model": S, "inputs": [S]}],
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    return written(tmp_path, {})


def written(folder: Path, change: dict) -> Path:
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump({**PLAN, **change}))
    return path


def test_segments_cover_every_question_in_every_universe_once(plan):
    planned = list(segments(load_bank(plan)))
    covered = [(s.universe, q) for s in planned for q in range(s.start, s.stop)]
    assert sorted(covered) == [(u, q) for u in range(2) for q in range(5)]
    assert len({s.name for s in planned}) == len(planned) == 4


def test_a_recording_goes_on_where_it_stopped(plan, tmp_path):
    loaded, at_once, in_parts = load_bank(plan), tmp_path / "at_once", tmp_path / "in_parts"
    assert record_bank(loaded, "echo", at_once) == 4
    assert record_bank(loaded, "echo", in_parts, limit=1) == 1
    assert record_bank(loaded, "echo", in_parts) == 3
    assert record_bank(loaded, "echo", in_parts) == 0
    assert sorted(p.name for p in in_parts.iterdir()) == sorted(s.name for s in segments(loaded))
    texts = [
        {row.id: row.content for row in imported(folder).get_many(imported(folder).ids()).values()}
        for folder in (at_once, in_parts)
    ]
    assert texts[0] == texts[1]


def test_graphs_of_recorded_nodes_are_replayed_without_an_engine(plan, tmp_path):
    loaded, out = load_bank(plan), tmp_path / "segments"
    record_bank(loaded, "echo", out)
    imported(out, tmp_path / "all.sqlite").close()
    below = [Node("s1", "assistant", S), Node("s2", "assistant", S), Node("g", "assistant", G)]
    graphs = [
        Graph([*below, Node("v", "vote", None)], [(node.id, "v") for node in below]),
        Graph(
            [*below, Node("f", "fuser", G), Node("v", "vote", None)],
            [*((node.id, "f") for node in below), *((i, "v") for i in ("s1", "s2", "g", "f"))],
        ),
    ]
    with Session(tmp_path / "all.sqlite", None) as session:
        evaluator = session.evaluator(session.task("micro_math"), load_pool("embedded"), loaded.sampling)
        for universe in range(2):
            for evaluation in evaluator.evaluate(graphs, range(5), universe, "test"):
                assert len(evaluation.scores) == 5


def imported(folder: Path, path: Path | None = None) -> Store:
    store = Store(path)
    for segment in sorted(folder.glob("*.parquet")):
        store.import_(segment)
    return store


@pytest.mark.parametrize(
    ("change", "words", "error"),
    [
        ({"samples": {S: 1}}, "more of", InputError),
        ({"samples": {S: 49, G: 1}}, "1 to 48", InputError),
        ({"universes": 0}, "universes", InputError),
        ({"samples": {"smollm": 1}, "second": []}, "smollm2-135m", UnknownName),
    ],
)
def test_a_faulty_plan_is_refused_by_field(change, words, error, tmp_path):
    with pytest.raises(error, match=words):
        load_bank(written(tmp_path, change))


def test_the_command_says_how_much_is_done(plan, tmp_path):
    out = str(tmp_path / "segments")
    arguments = ["bank", str(plan), "--out", out, "--engine", "echo"]
    assert "0 of 4" in CliRunner().invoke(app, [*arguments, "--dry-run"]).output
    assert "1 of 4" in CliRunner().invoke(app, [*arguments, "--segments", "1"]).output


def test_finished_segments_are_tabulated_without_an_engine(plan, tmp_path):
    record_bank(load_bank(plan), "echo", tmp_path / "bank", limit=1)
    shown = CliRunner().invoke(app, ["bank", str(plan), "--out", str(tmp_path / "bank"), "--table", "--json"])
    assert shown.exit_code == 0, shown.output
    [one] = json.loads(shown.stdout)
    assert (one["task"], one["questions"], one["universes"]) == ("micro_math", 3, 1)
    rows = {row["graph"]: row for row in one["rows"]}
    assert {f"{S} alone", f"{S} vote of 3", f"{S} pass@2", f"{G} alone", f"assistant {S} of 1 {S}"} <= set(rows)
    assert rows[f"{S} pass@3"]["accuracy"] >= rows[f"{S} alone"]["accuracy"]
    vote = rows[f"{S} vote of 3"]
    assert vote["minus"]["estimate"] == pytest.approx(vote["accuracy"] - rows[f"{S} alone"]["accuracy"])
    refined = [reading for reading in one["readings"] if reading["node"] == f"assistant {S} of 1 {S}"]
    assert sum(reading["answers"] for reading in refined) == one["questions"] * one["universes"]
    right = sum(reading["answers"] * reading["right"] for reading in refined)
    assert right == pytest.approx(rows[f"assistant {S} of 1 {S}"]["accuracy"] * one["questions"] * one["universes"])
    assert len(one["gates"]) == 5
    assert sum(rate["outputs"] for rate in one["rates"]) == 3 * (3 + 1 + 2)


def test_what_is_shipped_of_the_pilot_says_what_the_docs_say():
    """45 questions of 36 templates: a vote of four answers of the 1.5B model beats one, its fusers are not shown to."""
    (one,) = bank_tables(load_bank(PILOT.with_suffix(".yaml")), PILOT)
    assert (one.task, one.questions, one.universes) == ("gsm_symbolic", 45, 1)
    rows = {row.graph.removeprefix("qwen2.5-coder-1.5b "): row for row in one.rows}
    assert rows["alone"].accuracy == pytest.approx(0.444, abs=5e-4)
    vote = rows["vote of 4"]
    assert vote.accuracy == pytest.approx(0.600, abs=5e-4)
    assert (vote.minus.low, vote.minus.high) == pytest.approx((0.089, 0.217), abs=2e-3)
    fused = rows["fuser qwen2.5-coder-1.5b of 3 qwen2.5-coder-1.5b"]
    assert fused.minus.low < 0 < fused.minus.high
    assert [gate.passed for gate in one.gates] == [True, True, True, False, True]
