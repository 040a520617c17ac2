"""Pilot experiments: which graphs they try, what they report, their files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.engines.base import Sampling
from ttgbench.errors import InputError
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.graph import MAX_NODES
from ttgbench.graphs.shapes import chain, parallel, single
from ttgbench.models.budget import Budget
from ttgbench.models.pool import load_pool
from ttgbench.problems.space.space import SearchSpace
from ttgbench.report.pilot import Point, depth, grid, measure, mix, width
from ttgbench.report.pilot_paper import PUBLISHED, beside_published, paper
from ttgbench.tasks.task import Lengths
from ttgbench.testing import ScriptedEngine, ToyTask, toy_pool

LENGTHS = Lengths(20, 10)


def test_width_and_depth_climb_a_ladder_from_one_model_alone():
    copies = width(["small", "large"], 6)
    assert [trial.width for trial in copies if trial.series == "small"] == [1, 2, 3, 4, 6]
    assert copies[0].graph.key == single("small").key
    assert copies[3].graph.key == parallel("small", 4).key
    steps = depth(["small"], 3)
    assert [(trial.depth, trial.graph.depth) for trial in steps] == [(1, 1), (2, 2), (3, 3)]


def test_a_grid_holds_both_margins():
    trials = {(trial.width, trial.depth): trial.graph for trial in grid(["small"], 3, 2, "fuser")}
    assert sorted(trials) == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]
    assert trials[1, 2].key == chain("small", 2).key
    assert trials[3, 1].key == parallel("small", 3, "fuser").key
    assert len(trials[3, 2].nodes) == 7


def test_a_mix_spends_every_budget_as_far_as_it_goes():
    pool = toy_pool()
    trials = mix(["small", "large"], [2.5, 30], pool, LENGTHS)
    assert [(trial.series, trial.budget) for trial in trials] == [("small", 2.5), ("small", 30), ("large", 30)]
    for trial in trials:
        budget = Budget.parse(f"{trial.budget} units")
        assert budget.allows(trial.graph, pool, LENGTHS)
        assert not budget.allows(parallel(trial.series, trial.width + 1), pool, LENGTHS)


def test_sizes_beyond_a_graph_are_refused():
    for wrong in (0, MAX_NODES):
        with pytest.raises(InputError):
            width(["small"], wrong)
    with pytest.raises(InputError, match="more than"):
        grid(["small"], MAX_NODES // 2, 2)


def test_measuring_shares_what_trials_share():
    engine = ScriptedEngine(lambda request: "7")
    pool, task, store = toy_pool("small"), ToyTask(), Store(None)
    evaluator = GenerationEvaluator(task, pool, Sampling(), store, engines={"small": engine})
    points = measure(width(["small"], 4), evaluator, pool, LENGTHS, questions=5, universes=2)
    evaluator.close()
    assert len(engine.requests) == 4 * 5 * 2
    right = sum(question.doc["answer"] == "7" for question in task.questions("search")[:5]) / 5
    assert [point.accuracy for point in points] == [right] * 4
    assert [point.units for point in points] == [1, 2, 3, 4]
    assert all(point.low <= point.accuracy <= point.high for point in points)
    with pytest.raises(InputError, match="no graph"):
        measure([], evaluator, pool, LENGTHS, questions=5, universes=1)


@pytest.mark.parametrize("experiment", ["width", "depth", "grid", "mix"])
def test_each_experiment_is_one_command_with_a_page_that_loads_nothing(experiment, tmp_path):
    options = ["--task", "synthetic_qa", "--pool", "synthetic", "-m", "sim-a-1b", "-m", "sim-a-8b", "--questions", "20"]
    sizes = ["--width", "3", "--depth", "2", "--budgets", "4,20"]
    command = ["pilot", experiment, *options, *sizes, "--out", str(tmp_path), "--json"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / f"{experiment}.json").read_text())
    assert written == json.loads(result.stdout)
    assert {point["series"] for point in written["points"]} == {"sim-a-1b", "sim-a-8b"}
    page = (tmp_path / f"{experiment}.html").read_text()
    assert "Plotly.newPlot" in page
    assert "src=" not in page.split("<body>")[1].split("Plotly.newPlot")[1]


def test_a_pilot_runs_on_engines_and_again_from_their_store(tmp_path):
    command = ["pilot", "depth", "-t", "micro_math", "--questions", "4", "--depth", "2", "--out", str(tmp_path)]
    command += ["--store", str(tmp_path / "store.sqlite"), "--engine", "echo", "--json"]
    runs = [CliRunner().invoke(app, command, catch_exceptions=False).stdout for _ in range(2)]
    assert runs[0] == runs[1]
    with Store(tmp_path / "store.sqlite", read_only=True) as store:
        assert store.info().generations == 2 * 2 * 4


def test_a_pilot_on_a_recording_leaves_out_what_was_not_recorded(tmp_path: Path, monkeypatch):
    import yaml

    monkeypatch.setenv("TTGBENCH_CACHE", str(tmp_path / "cache"))
    shape = {"roles": ["assistant", "vote"], "max_nodes": 3, "max_width": 2, "max_depth": 2}
    problem = {"name": "math", "task": "micro_math", "pool": "embedded", "budget": "2.2 units", "space": shape}
    suite = {"schema": 1, "name": "small", "version": 1, "description": "x", "seeds": 1, "search_evaluations": 1}
    suite |= {"search_universes": 1, "problems": [{**problem, "search_questions": 3, "test_questions": 3}]}
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(suite))
    record = ["record", "--space", str(path), "--store", str(tmp_path / "s.sqlite"), "--out", str(tmp_path / "out")]
    made = CliRunner().invoke(app, [*record, "--engine", "echo", "--json"], catch_exceptions=False)
    digest = json.loads(made.stdout)["recording"]["files"]["data.parquet"]["sha256"]
    path.write_text(
        yaml.safe_dump({**suite, "recorded": {"file": str(tmp_path / "out/data.parquet"), "sha256": digest}})
    )
    command = ["pilot", "width", "-t", "micro_math", "--recorded", str(path), "--width", "4", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, [*command, "-m", "gemma-3-270m", "--json"], catch_exceptions=False)
    points = json.loads(result.stdout)["points"]
    assert [point["width"] for point in points] == [1, 2]
    refused = CliRunner().invoke(app, [*command, "--universes", "2"])
    assert isinstance(refused.exception, InputError)


def paper_space(pool):
    wide = {"max_nodes": 20, "max_width": 20, "max_depth": 20, "max_in_degree": 20}
    return SearchSpace(load_pool(pool), Lengths(202, 275), Budget.parse("1000000 units"), **wide)


def test_the_papers_pilot_has_its_mixes_and_its_final_node():
    llama = ["llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b"]
    trials = paper(paper_space("paper"), "math500", llama)
    series = {trial.series for trial in trials}
    assert {name for name in PUBLISHED["math500"] if "70b" not in name} <= series
    for trial in trials:
        if len(trial.graph.nodes) > 1:
            sink = trial.graph[trial.graph.sink]
            assert (sink.role, sink.model) == ("assistant", "llama-3.2-3b")
    widest = max(trial.graph.width for trial in trials if trial.series.startswith("width"))
    deepest = max(trial.graph.depth for trial in trials if trial.series.startswith("depth"))
    assert (widest, deepest) == (4, 5)
    code = {trial.series for trial in paper(paper_space("paper"), "humaneval", llama)}
    assert {"7 x llama-3.2-1b", "3 x llama-3.2-1b, 1 x llama-3.2-3b", "1 x llama-3.1-8b"} <= code


def test_the_papers_pilot_stands_beside_what_was_published(tmp_path):
    done = CliRunner().invoke(
        app,
        [
            *("pilot", "paper", "-t", "synthetic_math", "-p", "synthetic", "-m", "sim-a-3b", "-m", "sim-b-1b"),
            *("--questions", "20", "--out", str(tmp_path), "--store", str(tmp_path / "store.sqlite")),
        ],
    )
    assert done.exit_code == 0, done.output
    points = json.loads((tmp_path / "paper.json").read_text())["points"]
    assert {point["series"] for point in points} >= {"sim-a-3b alone", "width: sim-b-1b, chains of 2"}
    made = [replace_series(point) for point in points[:2]]
    rows = beside_published(made, "math500")
    assert [(row[0], row[2]) for row in rows] == [("llama-3.2-1b alone", "0.31")]


def replace_series(point):
    return Point(**{**point, "series": "llama-3.2-1b alone"})
