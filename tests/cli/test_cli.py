"""The command line as users meet it: JSON on stdout, one clear error, exit codes 0, 1, 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from ttgbench.cli.runs import EngineSpec
from ttgbench.engines import engine_names

SINGLE = {"schema": 1, "nodes": [{"id": "a", "role": "assistant", "model": "llama-3.2-1b"}], "edges": []}


def process(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs the command in a process of its own."""
    command = [sys.executable, "-m", "ttgbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)


@pytest.fixture
def graph_file(tmp_path: Path) -> Path:
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(SINGLE))
    return path


def test_graphs_of_known_shapes_are_made(ttgbench, tmp_path):
    path = tmp_path / "graph.json"
    made = ["graph", "new", "--shape", "mixture_of_agents", "--model", "smollm2-135m", "--aggregator", "gemma-3-270m"]
    assert ttgbench(*made, "--width", 4, "--out", path).stdout == ""
    checked = ttgbench("graph", "check", path, "--pool", "embedded")
    assert checked.stdout.startswith("valid: 5 nodes, width 4, depth 2")
    printed = ttgbench("graph", "new", "--shape", "single", "--model", "llama-3.2-1b")
    assert [node["role"] for node in json.loads(printed.stdout)["nodes"]] == ["assistant"]
    wrong = ttgbench("graph", "new", "--shape", "mixture", "--model", "m")
    assert wrong.returncode == 2
    assert "mixture_of_agents" in wrong.stderr


@pytest.mark.parametrize(
    ("lengths", "flops"),
    [("202,275", 968_942_601_216), ("213,215", 868_033_196_032), ("180,115", 595_722_603_520)],
)
def test_graph_cost_is_exact(ttgbench, graph_file, lengths, flops):
    done = ttgbench("graph", "cost", graph_file, "--pool", "paper", "--lengths", lengths, "--json")
    facts = json.loads(done.stdout)
    assert facts["flops"] == facts["nodes"]["a"]["flops"] == flops
    assert facts["units"] == 1
    assert facts["dollars"] > 0
    assert facts["seconds"] > 0


def test_a_graph_of_a_model_without_a_price_is_unpriced(ttgbench, graph_file, tmp_path):
    pool = tmp_path / "mine.yaml"
    model = "  - {name: llama-3.2-1b, parameters: 1_000_000_000, context_length: 4096}"
    pool.write_text(f"schema: 1\nname: mine\nmodels:\n{model}\n")
    arguments = ["graph", "cost", graph_file, "--pool", pool, "--lengths", "100,100"]
    assert json.loads(ttgbench(*arguments, "--json").stdout)["dollars"] is None
    assert "unpriced" in ttgbench(*arguments).stdout


def test_graph_check_tells_facts_of_a_valid_graph(ttgbench, graph_file):
    done = ttgbench("graph", "check", graph_file, "--pool", "paper", "--json")
    facts = json.loads(done.stdout)
    assert done.returncode == 0
    assert facts["valid"] is True
    assert (facts["width"], facts["depth"], facts["errors"]) == (1, 1, [])


def test_graph_check_names_node_and_rule(ttgbench, tmp_path):
    path = tmp_path / "bad.json"
    node = {"id": "a", "role": "asistant", "model": "llama-3.2-1b"}
    path.write_text(json.dumps({"schema": 1, "nodes": [node], "edges": [["a", "a"]]}))
    done = ttgbench("graph", "check", path, "--pool", "paper", "--json")
    errors = json.loads(done.stdout)["errors"]
    assert done.returncode == 1
    assert {(error["node"], error["rule"]) for error in errors} >= {("a", "unknown-role"), ("a", "self-loop")}
    assert any("did you mean 'assistant'" in error["message"] for error in errors)
    said = ttgbench("graph", "check", path, "--pool", "paper").stderr
    assert "self-loop" not in said
    assert said.count("cannot be its own predecessor") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["graph", "check", "nowhere.json"],
        ["graph", "show", "nowhere.json"],
        ["graph", "cost", "{graph}", "--pool", "papr", "--lengths", "1,2"],
        ["graph", "cost", "{graph}", "--pool", "paper", "--lengths", "1"],
        ["graph", "cost", "{graph}", "--pool", "paper", "--lengths", "-1,99999999999"],
        ["graph", "cost", "{graph}", "--pool", "paper"],
        ["graph", "cost", "{graph}", "--pool", "paper", "--task", "micro_maths"],
        ["evaluate", "{graph}", "--task", "micro_math", "--pool", "embedded", "--engine", "echo"],
        ["run", "--suite", "dmeo"],
        ["run", "--suite", "demo", "--method", "random_serch", "--engine", "echo"],
        ["run", "--suite", "demo", "--engine", "lama_cpp"],
        ["replay", "nowhere"],
        ["report", "nowhere"],
        ["report", "."],
        ["compare", "a", "b"],
        ["compare", "{graph}", "{graph}"],
        ["run", "--suite", "demo", "--methods", "single_model,nosuch", "--engine", "echo", "--jobs", "2"],
        ["store", "info", "nowhere.sqlite"],
        ["store", "info", "{graph}"],
        ["models", "fetch", "gpt-9"],
        ["run", "--suite", "demo", "--engine", "echo", "--out", "{graph}"],
        ["run", "--suite", "demo", "--engine", "echo", "--out", "{graph}/deeper"],
        ["run", "--suite", "demo", "--methods", "nosuch", "--engine", "echo", "--out", "new"],
    ],
)
def test_wrong_input_gets_one_error_and_exit_code_2(ttgbench, graph_file, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = ttgbench(*[argument.format(graph=graph_file) for argument in arguments])
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error:") == 1
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_a_process_of_its_own_says_and_returns_the_same(ttgbench, graph_file, tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text(graph_file.read_text().replace("assistant", "asistant"))
    for arguments, code in (
        (["graph", "check", graph_file, "--pool", "paper", "--json"], 0),
        (["graph", "check", bad, "--pool", "paper"], 1),
        (["compare", "a", "b"], 2),
    ):
        here, there = ttgbench(*arguments), process(*arguments, cwd=tmp_path)
        assert (here.returncode, here.stdout, here.stderr) == (there.returncode, there.stdout, there.stderr)
        assert here.returncode == code


@pytest.mark.parametrize("what", ["tasks", "models", "pools", "roles", "engines", "methods", "suites"])
def test_lists_are_json(ttgbench, what):
    rows = json.loads(ttgbench("list", what, "--json").stdout)
    assert rows
    assert all(isinstance(row, dict) for row in rows)


def test_all_methods_are_those_that_can_run_here():
    from ttgbench.cli.runs import _method_names
    from ttgbench.problems.method import find_method

    here, with_agent = _method_names(None, "all", False), _method_names(None, "all", True)
    assert set(with_agent) - set(here) == {name for name in with_agent if find_method(name).metadata.needs_agent}
    assert "agent_reinforce" in with_agent
    assert "agent_reinforce_rules" in here
    assert _method_names(["a"], "b, c", False) == ["a", "b", "c"]


def test_doctor_says_what_is_usable_and_why_not(ttgbench):
    rows = json.loads(ttgbench("doctor", "--json").stdout)
    assert {row["kind"] for row in rows} >= {"engine", "model", "sandbox", "gpu"}
    assert all(row["detail"] for row in rows if not row["usable"])


def test_run_report_and_replay(ttgbench, tiny_suite_file, tmp_path):
    out = tmp_path / "run"
    done = ttgbench("run", "--suite", tiny_suite_file, "--engine", "echo", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in json.loads(done.stdout)] == ["finished", "finished"]
    rows = json.loads(ttgbench("report", out, "--json").stdout)["rows"]
    assert [row["method"] for row in rows] == ["single_model", "random_search"]
    page = tmp_path / "page.html"
    shown = ttgbench("report", out, "--html", page)
    assert shown.returncode == 0, shown.stderr
    assert "random_search" in shown.stdout
    assert "<svg" in page.read_text()
    assert "http" not in page.read_text().replace("http://www.w3.org/2000/svg", "")
    assert ttgbench("replay", out).returncode == 0


def test_evaluate_traces_what_every_node_said(ttgbench, tmp_path):
    path = tmp_path / "graph.json"
    nodes = [{"id": i, "role": "assistant", "model": "smollm2-135m"} for i in "ab"] + [{"id": "v", "role": "vote"}]
    path.write_text(json.dumps({"schema": 1, "nodes": nodes, "edges": [["a", "v"], ["b", "v"]]}))
    store = tmp_path / "s.sqlite"
    common = ["evaluate", path, "--task", "micro_math", "--questions", "5", "--store", store, "--trace", "2", "--json"]
    live = json.loads(ttgbench(*common, "--engine", "echo").stdout)
    assert live["questions"] == 5
    assert len(live["trace"]) == 2
    assert len(live["trace"][0]["nodes"]) == 3
    assert json.loads(ttgbench(*common, "--replay").stdout) == live
    shown = ttgbench(*common[:-1], "--replay").stdout
    assert f"reference: {live['trace'][0]['reference']}" in shown
    low, high = live["interval95"]
    assert f"{low:.3f} to {high:.3f}" in shown
    assert ", ".join(f"{live['statuses'][s]} {s}" for s in ("correct", "wrong") if s in live["statuses"]) in shown
    refused = ttgbench(*common, "--engine", "echo", "--budget", "1 units")
    assert refused.returncode == 2
    assert "budget" in refused.stderr


def test_import_is_light():
    heavy = ("torch", "vllm", "gradio", "lm_eval", "pandas", "networkx", "openai", "scipy", "pyarrow", "datasets")
    for module in ("ttgbench", "ttgbench.cli"):
        code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == "[]"


def test_help_names_every_engine_that_the_docs_name(ttgbench):
    for command in ("run", "evaluate", "bank"):
        shown = " ".join(ttgbench(command, "--help").stdout.split())
        assert "(a toy without a model)" in shown.replace("│ ", "").replace(" │", ""), command
    option = get_args(EngineSpec)[1]
    assert all(name in option.help for name in engine_names())
