"""What nodes said of a question: beside the graph's answer, each node's recorded output, votes without one."""

from __future__ import annotations

from dataclasses import fields

from ttgbench.evaluate.base import Evaluation
from ttgbench.evaluate.trace import trace_outputs
from ttgbench.graphs.graph import Graph, Node
from ttgbench.models.pool import load_pool
from ttgbench.problems.views import QuestionView
from ttgbench.run.evaluate import evaluate_in
from ttgbench.run.session import Session, first_questions
from ttgbench.shapes import self_consistency


def test_a_trace_holds_every_node_of_every_question_that_was_asked_for(tmp_path):
    graph = self_consistency("smollm2-135m", 3)
    with Session(tmp_path / "store.sqlite", "echo") as session:
        settings = {"questions": 4, "split": "search", "universe": 0, "budget": None, "temperature": 0.7}
        evaluation = evaluate_in(session, [graph], "micro_math", load_pool("embedded"), **settings)[0]
        asked = first_questions(session.task("micro_math"), "search", 2)
        traces = trace_outputs(evaluation, session.store, session.task("micro_math"), asked)
    assert [trace["question"] for trace in traces] == list(evaluation.question_ids[:2])
    assert [trace["answer"] for trace in traces] == list(evaluation.answers[:2])
    for trace in traces:
        assert {node["role"] for node in trace["nodes"]} == {"assistant", "vote"}
        assert all((node["tokens_out"] > 0) == (node["model"] is not None) for node in trace["nodes"])
        assert all(node["text"] for node in trace["nodes"] if node["model"] is not None)
        *samples, vote = trace["nodes"]
        assert vote["status"] == trace["status"]
        assert trace["reference"] == {q.id: q.doc["answer"] for q in asked}[trace["question"]]
        assert sorted(vote["reads"]) == sorted(node["node"] for node in samples)
        assert all(node["reads"] == [] for node in samples)
        assert trace["answer"] in {node["answer"] for node in samples}
        assert all(node["status"] in {"correct", "wrong", "unanswered"} for node in samples)


def test_what_a_search_sees_has_no_place_for_a_reference():
    assert {field.name for field in fields(QuestionView)} == {"id", "text"}
    assert "reference" not in {field.name for field in fields(Evaluation)}


def test_what_gives_no_answer_gets_no_grade(tmp_path):
    nodes = [("a", "assistant"), ("c", "critic"), ("f", "fuser")]
    graph = Graph([Node(name, role, "smollm2-135m") for name, role in nodes], [("a", "c"), ("a", "f"), ("c", "f")])
    with Session(tmp_path / "store.sqlite", "echo") as session:
        settings = {"questions": 2, "split": "search", "universe": 0, "budget": None, "temperature": 0.7}
        evaluation = evaluate_in(session, [graph], "micro_qa", load_pool("embedded"), **settings)[0]
        task = session.task("micro_qa")
        traces = trace_outputs(evaluation, session.store, task, first_questions(task, "search", 2))
    for trace in traces:
        graded = {node["role"]: node["status"] for node in trace["nodes"]}
        assert graded["critic"] is None
        assert graded["assistant"] is not None
        assert trace["text"].endswith(trace["asked"])
        assert "Answer:" in trace["text"]
        assert "Answer:" not in trace["asked"]
