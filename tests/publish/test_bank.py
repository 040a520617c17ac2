"""Recording a bank: segments that a killed recording goes on from, and nodes that graphs find again."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, TTGBenchError, UnknownName
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.graph import Graph, Node
from ttgbench.models.pool import load_pool
from ttgbench.problems.bank.folder import look
from ttgbench.problems.bank.plan import BankTask, load_bank, segments
from ttgbench.publish.recording.bank import record_bank
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


def test_what_another_plan_recorded_is_taken_over_and_only_the_rest_is_generated(plan, tmp_path):
    record_bank(load_bank(plan), "echo", tmp_path / "first")
    (tmp_path / "more").mkdir()
    judge = {"role": "judge", "model": S, "inputs": [S, S, S]}
    more = load_bank(written(tmp_path / "more", {"name": "more", "second": [judge]}))
    record_bank(more, "echo", tmp_path / "second", reuse=tmp_path / "first")
    assert not look(more, tmp_path / "second").missing
    recorded, taken = imported(tmp_path / "first"), imported(tmp_path / "second")
    assert set(recorded.ids()) < set(taken.ids())
    assert len(taken.ids()) - len(recorded.ids()) == 2 * 5, "one judge on each question in each universe"
    fewer = load_bank(written(tmp_path / "more", {"name": "fewer", "second": []}))
    record_bank(fewer, "http://127.0.0.1:9/v1", tmp_path / "third", reuse=tmp_path / "first")  # asks no server
    refused(["bank", str(plan), "--out", str(tmp_path / "new"), "--reuse", str(plan), "--engine", "echo"], "--reuse")


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
        ({"tasks": [{"task": "micro_math", "questions": n} for n in (2, 3)]}, "stands there twice", InputError),
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


def test_the_command_that_goes_on_has_the_options_that_were_given(plan, tmp_path):
    given = ["--out", str(tmp_path / "my segments"), "--engine", "echo", "--slots", "32", "--segments", "1"]
    shown = CliRunner().invoke(app, ["bank", str(plan), *given, "--data-dir", str(tmp_path), "--dry-run"]).output
    command = shlex.split(shown.splitlines()[-1])
    assert command[:3] == ["ttgbench", "bank", str(plan)]
    assert sorted(command[3:]) == sorted([*given, "--data-dir", str(tmp_path)])


def test_segments_have_names_of_their_own(plan):
    planned = load_bank(plan).model_copy(
        update={"tasks": (BankTask(task="micro_math", questions=12_000),), "universes": 12}
    )
    names = [segment.name for segment in segments(planned)]
    assert len(set(names)) == len(names) == 12 * 4_000


def refused(arguments: list[str], *words: str) -> None:
    """By one error of our own, which the command line prints as one line with exit code 2."""
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, TTGBenchError), result.output
    assert "\n" not in str(result.exception)
    for word in words:
        assert word in str(result.exception)


def test_a_folder_without_segments_is_said_and_no_file_is_taken_for_one(plan, tmp_path):
    refused(["bank", str(plan), "--out", str(tmp_path / "none"), "--table"], "no finished segment of small in", "none")
    for asked in (["--table"], ["--dry-run"], []):
        refused(["bank", str(plan), "--out", str(plan), "--engine", "echo", *asked], "plan.yaml: --out: is a file")


def test_what_only_says_something_is_asked_for_alone(plan, tmp_path):
    refused(["bank", str(plan), "--out", str(tmp_path), "--table", "--dry-run"], "--table and --dry-run")


def test_a_broken_segment_is_named_and_recorded_again(plan, tmp_path):
    loaded, out = load_bank(plan), tmp_path / "segments"
    record_bank(loaded, "echo", out, limit=2)
    first = next(segments(loaded)).name
    whole = (out / first).read_bytes()
    (out / first).write_bytes(whole[: len(whole) // 2])
    arguments = ["bank", str(plan), "--out", str(out), "--engine", "echo"]
    shown = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert f"{first} is broken" in shown.output
    assert "1 of 4" in shown.output
    assert f"next: {first}" in shown.output
    assert f"ttgbench bank {plan} --out {out} --engine echo" in shown.output
    assert record_bank(loaded, "echo", out, limit=1) == 1
    assert len(look(loaded, out).done) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"block": 2}, ["block (2, not 3)"]),
        ({"samples": {S: 3, G: 2}}, [f"samples ({G} 2, {S} 3, not {G} 1, {S} 3)"]),
        ({"sampling": {"temperature": 0.2}}, ["temperature 0.2", "not temperature 0.7"]),
        ({"tasks": [{"task": "micro_math", "questions": 5, "split": "search"}]}, ["5 search questions of micro_math"]),
    ],
)
def test_segments_of_another_plan_are_refused_with_its_name_and_where_the_two_differ(plan, change, words, tmp_path):
    out, other = tmp_path / "segments", tmp_path / "elsewhere"
    record_bank(load_bank(plan), "echo", out, limit=1)
    other.mkdir()
    unlike = written(other, {"name": "unlike", **change})
    for asked in (["--table"], ["--dry-run"], []):
        refused(["bank", str(unlike), "--out", str(out), "--engine", "echo", *asked], "the plan small (", *words)
    plan.unlink()
    refused(["bank", str(unlike), "--out", str(out), "--dry-run"], "is of another plan", "a folder of its own")


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
    """45 questions of 36 templates: a vote of four answers of the 1.5B model beats one, its fusers are not shown to.

    15 questions of geography show nothing: no difference leaves out zero.
    """
    pilot = load_bank(PILOT.with_suffix(".yaml"))
    one, geography = bank_tables(pilot, PILOT, look(pilot, PILOT).done)
    assert (one.task, one.questions, one.groups, one.universes) == ("gsm_symbolic", 45, 36, 1)
    rows = {row.graph.removeprefix("qwen2.5-coder-1.5b "): row for row in one.rows}
    assert rows["alone"].accuracy == pytest.approx(0.444, abs=5e-4)
    vote = rows["vote of 4"]
    assert vote.accuracy == pytest.approx(0.600, abs=5e-4)
    assert (vote.minus.low, vote.minus.high) == pytest.approx((0.089, 0.217), abs=2e-3)
    fused = rows["fuser qwen2.5-coder-1.5b of 3 qwen2.5-coder-1.5b"]
    assert fused.minus.low < 0 < fused.minus.high
    assert [gate.passed for gate in one.gates] == [True, True, False, False, True]
    vote_alone = "vote of 4 qwen2.5-coder-1.5b"
    chosen = {half.graph for half in one.best.halves}
    assert chosen == {vote_alone, f"{vote_alone} and fuser qwen2.5-coder-1.5b of 3 qwen2.5-coder-1.5b"}
    assert one.best.same.graph == vote_alone
    assert (one.best.minus.low, one.best.minus.high) == pytest.approx((0.071, 0.200), abs=2e-3)
    assert (geography.task, geography.questions, geography.groups) == ("geography", 15, 14)
    readers = {row.graph.split()[0]: row for row in geography.rows if " of " in row.graph and "vote" not in row.graph}
    assert readers["fuser"].accuracy == pytest.approx(0.667, abs=5e-4)
    assert all(row.minus.low < 0 < row.minus.high for row in readers.values())


def test_thirty_questions_of_the_pilot_do_not_tell_which_graph_is_best(tmp_path):
    for segment in sorted(PILOT.glob("gsm_symbolic-*"))[:2]:
        shutil.copy(segment, tmp_path)
    pilot = load_bank(PILOT.with_suffix(".yaml"))
    (one,) = bank_tables(pilot, tmp_path, look(pilot, tmp_path).done)
    assert (one.questions, one.groups) == (30, 26)
    assert [gate.passed for gate in one.gates] == [True, False, False, False, True]
    assert one.best.minus.low < 0 < one.best.minus.high < one.best.same.minus
