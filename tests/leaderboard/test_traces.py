"""What the board tells of the nodes of its best graphs, and how the page shows it."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest
from conftest import SUITE, SUITES
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.leaderboard.pages.pictures import best_graphs
from ttgbench.leaderboard.parts.traces import traces
from ttgbench.problems.suite import load_suite
from ttgbench.publish.archive import find_archives
from ttgbench.report.board import build, read_board, write_board
from ttgbench.report.board import traces as board_traces
from ttgbench.report.board.schemas import TABLES
from ttgbench.report.board.traces import MAX_SAID, QUESTIONS, _cut, telling, trace_rows
from ttgbench.shapes import chain, self_consistency, single

HOSTILE = "</td></pre></table><script>window.hacked='trace'</script>{{value}} ${value} <img src=x onerror=alert(1)>"
MICRO = load_suite("recorded-micro-v1")
GRAPHS = {spec.name: self_consistency("smollm2-135m", 3) for spec in MICRO.problems}


def graph_row(problem, graph, value=0.5):
    data = json.dumps(graph.canonical().to_dict())
    known = {"suite": MICRO.label, "problem": problem, "key": graph.key, "graph": data}
    return {**known, "value": value, "units": 1.0, "nodes": len(graph.nodes)}


def test_the_best_graph_of_each_problem_is_told_node_by_node():
    rows = [graph_row(problem, graph) for problem, graph in GRAPHS.items()]
    worse = [graph_row(problem, self_consistency("smollm2-135m", 2), 0.4) for problem in GRAPHS]
    told = trace_rows(MICRO, [*worse, *rows])
    assert {(row["problem"], row["key"]) for row in told} == {(row["problem"], row["key"]) for row in rows}
    assert len(told) == 3 * QUESTIONS
    for row in told:
        *samples, vote = row["nodes"]
        assert len({row["question"] for row in told}) == len(told)
        assert "/test/" in row["question"]
        assert [node["role"] for node in row["nodes"]] == ["assistant"] * 3 + ["vote"]
        assert sorted(vote["reads"]) == sorted(node["node"] for node in samples)
        assert all(node["reads"] == [] and node["text"] and node["tokens_out"] > 0 for node in samples)
        assert vote["status"] == row["status"]
        assert row["asked"]
    mixed = [row for row in told if len({node["status"] for node in row["nodes"][:-1]}) > 1]
    assert mixed, "questions on which the nodes differ come first"


def test_of_a_problem_whose_best_graph_is_one_node_the_best_of_several_is_told_as_well():
    one, three, two = single("smollm2-135m"), self_consistency("smollm2-135m", 3), self_consistency("smollm2-135m", 2)
    problem = MICRO.problems[0].name
    told = trace_rows(MICRO, [graph_row(problem, one), graph_row(problem, two, 0.3), graph_row(problem, three, 0.4)])
    assert list(dict.fromkeys(row["key"] for row in told)) == [one.key, three.key]


def test_only_what_is_public_and_at_hand_is_told(monkeypatch, tmp_path):
    (problem, graph), *_ = GRAPHS.items()
    rows = [graph_row(problem, graph)]
    assert trace_rows(SUITE, rows) == []
    assert trace_rows(MICRO.model_copy(update={"margin": 0.5}), rows) == [], "not the shipped definition"
    assert trace_rows(MICRO, [graph_row(problem, chain("smollm2-135m", 9))]) == [], "never recorded"
    monkeypatch.setattr(board_traces.Session, "task", lambda session, name: type("Held", (), {"season": 1}))
    assert trace_rows(MICRO, rows) == [], "a held-out season"

    def gone(spec):
        raise InputError("no recording")

    monkeypatch.setattr(board_traces, "recorded_store", gone)
    assert trace_rows(MICRO, rows) == []


def made(question, status, *nodes):
    return {"question": question, "status": status, "nodes": [{"status": one} for one in (*nodes, status)]}


def test_questions_are_picked_that_show_what_a_graph_is_for():
    plain = [made(number, "correct", "correct", None) for number in range(5)]
    rescued, lost = made("rescued", "correct", "wrong", "correct"), made("lost", "unanswered", "correct")
    told = telling([*plain[:3], lost, made("hopeless", "wrong", "wrong"), rescued, *plain[3:]])
    assert [trace["question"] for trace in told] == ["rescued", "lost", 0]
    assert [trace["question"] for trace in telling(plain)] == [0, 1, 2]
    assert telling([]) == []


@given(st.text(max_size=3 * MAX_SAID))
def test_long_texts_keep_their_ends_and_control_characters_are_written_out(text):
    cut = _cut(text, MAX_SAID)
    assert len(cut) <= MAX_SAID + 40
    assert all(c.isprintable() or c in "\n\t" for c in cut)
    if text.isprintable():
        assert cut.startswith(text[:100])
        assert cut.endswith(text[-100:])


def row(**other):
    node = {"node": "n0", "role": "assistant", "model": "m", "reads": [], "text": "7", "answer": "7"}
    node |= {"status": "wrong", "tokens_in": 1200, "tokens_out": 3}
    vote = {**node, "node": "n1", "role": "vote", "model": None, "reads": ["n0"], "text": None, "status": None}
    base = {"suite": "made-up-v1", "problem": "problem-00", "key": "k", "question": "t@1/test/0001", "asked": "3+4?"}
    return {**base, "answer": "7", "status": "correct", "nodes": [node, vote], **other}


def test_the_page_marks_right_and_wrong_and_escapes_everything():
    assert traces([]) == ""
    shown = traces([row(), row(question="t@1/test/0002")])
    assert shown.count("✓ right") == shown.count("✗ wrong") == 2
    assert shown.count("<details") == 2
    assert shown.count(" open>") == 1
    assert "1,200" in shown
    nasty = row(question=HOSTILE, asked=HOSTILE, answer=HOSTILE, status=HOSTILE)
    nasty["nodes"] = [dict.fromkeys(row()["nodes"][0], HOSTILE) | {"reads": [HOSTILE], "tokens_in": 1, "tokens_out": 1}]
    shown = traces([nasty])
    assert "<script" not in shown
    assert "<img" not in shown
    assert shown.count("&lt;script&gt;") >= 10


def test_a_trace_that_lacks_values_shows_dashes_and_hidden_characters_are_written_out():
    bare = dict.fromkeys(row(), None) | {"nodes": [None, dict.fromkeys(row()["nodes"][0], None)]}
    assert traces([bare]).count("<tr>") == 2
    assert traces([bare | {"nodes": None}]).count("<tr>") == 1
    turned = "a\u202eb\x1b[2Jc"
    nasty = row(question=turned, asked=turned, answer=turned, status=turned)
    nasty["nodes"] = [dict.fromkeys(row()["nodes"][0], turned) | {"reads": [turned, None], "tokens_in": None}]
    nasty["nodes"][0]["tokens_out"] = 1
    shown = traces([nasty])
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    assert shown.count(r"a\u202eb\x1b[2Jc") == 13


def test_boards_without_traces_and_costs_still_show(board, results, tmp_path):
    tables, manifest = build(find_archives(results, suites=SUITES))
    del tables["traces"]
    tables["graphs"] = tables["graphs"].drop_columns(["node_units"])
    write_board(tmp_path, tables, manifest)
    old = read_board(tmp_path)
    assert old.rows("traces", suite="made-up-v1") == []
    assert old.tables["graphs"].schema == TABLES["graphs"]
    assert best_graphs(old, "made-up-v1") == best_graphs(board, "made-up-v1")


def test_a_board_whose_traces_are_gone_is_refused(board, tmp_path):
    copy = shutil.copytree(board.folder, tmp_path / "board")
    assert pq.read_table(copy / "traces.parquet").num_rows == 0
    (copy / "traces.parquet").unlink()
    with pytest.raises(InputError, match=r"traces\.parquet: cannot be read"):
        read_board(copy)


def test_pictures_lead_to_what_the_nodes_said(board, monkeypatch):
    best = max(board.rows("graphs", suite="made-up-v1", problem="problem-00"), key=lambda one: one["value"])
    assert "What its nodes said" not in best_graphs(board, "made-up-v1")
    table = TABLES["traces"].empty_table().from_pylist([row(key=best["key"])], schema=TABLES["traces"])
    monkeypatch.setitem(board.tables, "traces", table)
    shown = best_graphs(board, "made-up-v1")
    assert shown.count("What its nodes said") == 1
    assert f"tab=graphs&amp;suite=made-up-v1&amp;problem=problem-00&amp;key={best['key'][:12]}" in shown
