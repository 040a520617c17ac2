"""`ttgbench.evaluate` from Python: the same numbers as the command line, refusals before anything runs, and tables."""

import json
import subprocess
import sys

import pytest
import yaml

import ttgbench
from ttgbench.errors import EngineError, InputError, MissingGeneration, UnknownName
from ttgbench.run import session as session_module
from ttgbench.run.evaluate import evaluate_in
from ttgbench.shapes import chain, parallel, single

SIMULATED = {"task": "synthetic_math", "pool": "synthetic", "progress": False}
TOY = {"task": "micro_math", "engine": "echo", "questions": 5, "progress": False}
THREE = parallel("smollm2-135m", 3)


def test_a_simulated_task_needs_no_engine():
    evaluation = ttgbench.evaluate(parallel("sim-b-1b", 3), **SIMULATED, questions=50)
    assert len(evaluation.scores) == 50
    assert evaluation.question_ids[0].startswith("synthetic_math@")
    again = ttgbench.evaluate(parallel("sim-b-1b", 3), **SIMULATED, questions=50)
    assert again.scores.tolist() == evaluation.scores.tolist()
    other = ttgbench.evaluate(parallel("sim-b-1b", 3), **SIMULATED, questions=50, universe=1)
    assert other.scores.tolist() != evaluation.scores.tolist()


def test_a_store_keeps_what_was_generated(tmp_path):
    store = tmp_path / "new" / "store.sqlite"
    live = ttgbench.evaluate(THREE, **TOY, store=store)
    replayed = ttgbench.evaluate(THREE, **{**TOY, "engine": None}, store=store)
    assert replayed.answers == live.answers
    with pytest.raises(MissingGeneration):
        ttgbench.evaluate(chain("smollm2-135m", 2), **{**TOY, "engine": None}, store=store)


def test_many_graphs_are_one_batch_in_order():
    graphs = [single("smollm2-135m"), THREE, chain("smollm2-135m", 2)]
    evaluations = ttgbench.evaluate_many(graphs, **TOY)
    assert [evaluation.graph for evaluation in evaluations] == graphs
    assert ttgbench.evaluate_many([], **TOY) == []


def test_a_graph_over_budget_is_refused_before_an_engine_starts(monkeypatch):
    monkeypatch.setattr(session_module, "launch", lambda *_, **__: pytest.fail("an engine was started"))
    with pytest.raises(InputError, match=r"costs 3\.193 units per query, the limit is 2 units") as refused:
        ttgbench.evaluate_many([single("smollm2-135m"), THREE], **TOY, budget="2 units")
    assert refused.value.field == "budget"
    assert THREE.key[:12] in str(refused.value)


def test_the_limit_may_be_a_budget():
    limit = ttgbench.Budget("units", 4)
    assert ttgbench.evaluate(THREE, **TOY, budget=limit).graph == THREE


def test_dollars_that_cannot_be_counted_are_refused(tmp_path):
    cards = [{"name": name, "parameters": 10**9, "context_length": 4096} for name in ("a", "b", "priced")]
    cards[2] |= {"price_in": 0.1, "price_out": 0.2, "price_date": "2026-11-29"}
    pool = tmp_path / "pool.yaml"
    pool.write_text(yaml.safe_dump({"name": "mine", "models": cards}))
    settings = {**TOY, "pool": pool, "budget": "0.1 dollars"}
    said = "mine: budget: dollars cannot be counted: no price_in, price_out and price_date for b"
    with pytest.raises(InputError, match=f"^{said}$"):
        ttgbench.evaluate(parallel("b", 3), **settings)
    assert len(ttgbench.evaluate(single("priced"), **settings).scores) == 5
    with pytest.raises(InputError, match="the limit is 1e-09 dollars"):
        ttgbench.evaluate(single("priced"), **{**settings, "budget": "1e-9 dollars"})


@pytest.mark.parametrize("questions", [1, 2])
def test_few_questions_give_figures(questions):
    for graph, settings in ((THREE, TOY), (parallel("sim-b-1b", 3), SIMULATED)):
        evaluation = ttgbench.evaluate(graph, **{**settings, "questions": questions})
        assert "nan" not in (json.dumps(evaluation.summary()) + str(evaluation)).lower()
        low, high = evaluation.summary()["interval95"]
        assert 0 <= low < high <= 1
        assert evaluation.asked == (f"{questions}, in 1 group" if settings is SIMULATED else str(questions))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"task": "micro_maths"}, UnknownName, "micro_math"),
        ({"pool": "embeded"}, UnknownName, "embedded"),
        ({"engine": "lama_cpp"}, InputError, "llama_cpp"),
        ({"engine": "http://127.0.0.1:1/v1"}, EngineError, "127.0.0.1"),
        ({"questions": -1}, InputError, "questions"),
        ({"questions": 10**6}, InputError, "questions"),
        ({"questions": 2.5}, InputError, "questions"),
        ({"universe": True}, InputError, "universe"),
        ({"universe": 2**64}, InputError, "universe"),
        ({"questions": [1]}, InputError, "questions"),
        ({"split": "train"}, InputError, "split"),
        ({"budget": "6 units each"}, InputError, "budget"),
        ({"budget": 5}, InputError, "budget: must be a ttgbench.Budget or text"),
        ({"temperature": 7}, InputError, "temperature"),
        ({"temperature": float("nan")}, InputError, "temperature"),
        ({"temperature": "warm"}, InputError, "temperature"),
        ({"prompts": "zz"}, InputError, "prompts: must be one of v1, v2, v3"),
        ({"prompts": ["v1"]}, InputError, "prompts: must be one of v1, v2, v3"),
        ({"slots": "x"}, InputError, "slots"),
        ({"engine": 1}, InputError, "engine: must be text"),
        ({"store": "x\0"}, InputError, "store: must be a path"),
        ({"data_dir": 1}, InputError, "data_dir: must be a path"),
        ({"graph": "graph.json"}, InputError, "must be a ttgbench.Graph, not str"),
        ({"graph": single("gpt-9")}, InputError, "gpt-9"),
        ({"graph": single("gpt-9"), "budget": "6 units"}, UnknownName, "gpt-9"),
    ],
)
def test_wrong_arguments_are_named(change, error, says):
    with pytest.raises(error, match=says):
        ttgbench.evaluate(**{"graph": THREE, **TOY, **change})


def test_an_evaluation_shows_itself():
    evaluation = ttgbench.evaluate(parallel("sim-b-1b", 3), **SIMULATED)
    text = str(evaluation)
    assert f"accuracy              {evaluation.accuracy:.3f}, 95% interval" in text
    assert f"questions             20, in {len(set(evaluation.clusters))} groups; universe 0" in text
    page = evaluation._repr_html_()
    assert page.startswith("<svg")
    assert f"{evaluation.accuracy:.3f}" in page
    assert evaluation.summary()["questions"] == 20


def test_what_is_shown_of_names_is_escaped():
    graph = single("<script>")
    assert "<script>" not in graph._repr_svg_()


def test_a_bar_is_shown_on_stderr_only_where_it_is_wanted(capsys):
    ttgbench.evaluate(THREE, **TOY)
    assert capsys.readouterr() == ("", "")
    ttgbench.evaluate(THREE, **{**TOY, "progress": True})
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "20/20" in shown.err


def test_the_command_line_uses_the_same_function(session):
    settings = {"questions": 5, "split": "search", "universe": 0, "budget": None, "temperature": 0.7}
    pool = ttgbench.load_pool("embedded")
    [evaluation] = evaluate_in(session, [THREE], "micro_math", pool, **settings)
    assert evaluation.answers == ttgbench.evaluate(THREE, **TOY).answers


def test_the_function_is_not_hidden_by_the_folder_of_its_name():
    code = (
        "import ttgbench.evaluate.base, ttgbench; from ttgbench.evaluate import base; from ttgbench import evaluate;"
        "assert callable(evaluate) and evaluate is ttgbench.evaluate and base.Evaluation is ttgbench.Evaluation;"
        "import ttgbench.run.experiment; from ttgbench import run; from ttgbench.run import experiment;"
        "assert callable(run) and run is ttgbench.run and experiment.cells"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_a_list_of_graphs_is_one(tmp_path):
    for graphs in (None, 5, "graph", THREE):
        with pytest.raises(InputError, match=r"graphs: must be a list of ttgbench\.Graph"):
            ttgbench.evaluate_many(graphs, **TOY, store=tmp_path / "new" / "store.sqlite")
    assert not (tmp_path / "new").exists()
    for folder in (None, 5, "", "\0"):
        with pytest.raises(InputError, match="folder: must be a path"):
            ttgbench.read_results(folder)
        with pytest.raises(InputError, match="folder: must be a path"):
            ttgbench.load_results(folder)
    with pytest.raises(InputError, match="nodir: is not a folder"):
        ttgbench.read_results("nodir")
