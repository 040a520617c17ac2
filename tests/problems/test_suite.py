"""Suites: what defines them, their hash, their anchors."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import parallel, single
from ttgbench.problems import anchors as anchors_module
from ttgbench.problems.anchors import Anchor, AnchorFile
from ttgbench.problems.method import load_method
from ttgbench.problems.suite import Suite, load_suite
from ttgbench.run.run import run_cell
from ttgbench.run.session import Session

UNIVERSES = range(100, 164)
"""Neither the tests' of a run nor those that the anchors come from."""


@pytest.fixture(scope="module")
def suite():
    return load_suite("synthetic-v1")


@pytest.fixture
def anchor_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(anchors_module, "ANCHORS", tmp_path)
    return tmp_path


def test_labels(suite, tiny_suite):
    assert (suite.label, tiny_suite.label) == ("synthetic-v1", "tiny-v1")
    assert tiny_suite.anchors is None


def anchor(zero, one):
    graphs = {"zero_graph": single("m").to_dict(), "one_graph": parallel("m", 3).to_dict()}
    return Anchor(zero=zero, one=one, kind="optimum", **graphs)


def write(folder, **problems):
    file = AnchorFile.model_validate({"schema": 1, "suite": "tiny-v1", "method": "by hand", "problems": problems})
    (folder / "tiny-v1.json").write_text(file.to_json())


def again(suite):
    """The same definition, read anew: nothing about it is remembered."""
    return Suite.model_validate(suite.to_dict())


def test_anchors_are_part_of_the_hash(tiny_suite, anchor_folder):
    hashes = {tiny_suite.hash}
    for one in (0.7, 0.8):
        write(anchor_folder, **{"tiny-math": anchor(0.5, one)})
        loaded = again(tiny_suite)
        assert loaded.anchors is not None
        assert loaded.anchors["tiny-math"].normalised(one) == pytest.approx(1.0)
        hashes.add(loaded.hash)
    assert len(hashes) == 3


def test_the_definition_is_part_of_the_hash(tiny_suite):
    assert again(tiny_suite).hash == tiny_suite.hash
    assert tiny_suite.model_copy(update={"score_incumbents": "all"}).hash != tiny_suite.hash


def test_wrong_anchors_are_refused(tiny_suite, anchor_folder):
    write(anchor_folder, other=anchor(0.5, 0.6))
    with pytest.raises(InputError, match="another name or version"):
        again(tiny_suite).anchors  # noqa: B018
    (anchor_folder / "tiny-v1.json").write_text('{"schema": 1}')
    with pytest.raises(InputError, match="problems"):
        again(tiny_suite).anchors  # noqa: B018
    with pytest.raises(ValueError, match="above zero"):
        anchor(0.6, 0.6)


def test_every_synthetic_problem_has_anchors_that_hold(suite):
    """On universes that the anchors have not seen, their graphs are worth what they say."""
    assert suite.anchors is not None
    with Session(None, None) as session:
        for spec in suite.problems:
            context, found = session.context(suite, spec), suite.anchors[spec.name]
            assert isinstance(context.evaluator, SyntheticEvaluator)
            for value, data in ((found.zero, found.zero_graph), (found.one, found.one_graph)):
                graph = Graph.from_dict(data)
                assert context.space.contains(graph) is None
                scores, latencies = context.evaluator.outcomes(graph, UNIVERSES, "test")
                seen = spec.objective.utility(float(scores.mean()), float(latencies.mean()) / 1e9)
                # Standard error 0.002 or less, of 64 x 500 draws.
                assert seen == pytest.approx(value, abs=0.008), spec.name
            assert len(Graph.from_dict(found.zero_graph).nodes) == 1


def test_sanity_problems_are_enumerable_and_their_optima_hold(suite):
    """No graph of the space beats the optimum by more than chance allows."""
    with Session(None, None) as session:
        specs = [spec for spec in suite.problems if spec.name.startswith("sanity")]
        assert len(specs) >= 2
        for spec in specs:
            context = session.context(suite, spec)
            assert suite.anchors[spec.name].kind == "optimum"
            assert context.space.max_nodes <= 5
            graphs = list(context.space.enumerate(10_000))[::50]
            best = max(float(context.evaluator.outcomes(graph, range(4), "test")[0].mean()) for graph in graphs)
            assert best < suite.anchors[spec.name].one + 0.03


def test_synthetic_problems_cover_what_they_should(suite):
    kinds = {(spec.task, spec.budget) for spec in suite.problems if spec.space.roles == ("assistant", "fuser")}
    tasks = ("synthetic_math", "synthetic_code", "synthetic_qa")
    assert {(task, f"{units} units") for task in tasks for units in (18, 42, 80)} <= kinds
    latency = [spec.task for spec in suite.problems if spec.objective.kind == "accuracy-latency"]
    assert sorted(latency) == sorted(tasks)
    assert any("vote" in spec.space.roles and not spec.name.startswith("sanity") for spec in suite.problems)
    assert all(spec.evaluator == "synthetic" for spec in suite.problems)
    assert (suite.search_evaluations, suite.checkpoints, suite.score_incumbents) == (80, (5, 20, 80), "all")


def test_synthetic_problems_need_no_store(suite, tmp_path):
    path = tmp_path / "store.sqlite"
    with Session(path, "no such engine") as session:
        context = session.context(suite, suite.problems[0])
        assert context.evaluator is session.context(suite, suite.problems[0]).evaluator
        context.evaluator.evaluate([single("sim-b-1b")], range(3), 0, "search")
    assert not path.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"search_evaluations": float("inf")}, "search_evaluations"),
        ({"search_evaluations": 1e300}, "search_evaluations"),
        ({"problems": [{} for _ in range(2000)]}, "problems"),
        ({"problems": [{"name": "a", "task": "t", "pool": "p", "budget": "1e300 units"}]}, "problems.0.budget"),
        ({"problems": [{"name": "a", "task": "t", "pool": "p", "budget": "much"}]}, "problems.0.budget"),
    ],
)
def test_what_no_run_could_use_is_refused_when_the_suite_is_read(tiny_suite_file, changes, field):
    whole = yaml.safe_load(tiny_suite_file.read_text())
    tiny_suite_file.write_text(yaml.safe_dump({**whole, **changes}))
    with pytest.raises(InputError, match=rf"tiny\.yaml: {field}"):
        load_suite(str(tiny_suite_file))


def test_show_prints_what_defines_a_suite(suite):
    shown = CliRunner().invoke(app, ["suite", "show", "synthetic-v1"])
    assert shown.exit_code == 0
    text = "".join(shown.stdout.split())
    assert suite.hash in text
    assert all(spec.name in text for spec in suite.problems)
    data = json.loads(CliRunner().invoke(app, ["suite", "show", "synthetic-v1", "--json"]).stdout)
    assert Suite.model_validate(data["suite"]).hash == data["hash"] == suite.hash
    assert set(data["anchors"]) == {spec.name for spec in suite.problems}


def test_a_simulated_run_repeats_to_the_byte(suite, tmp_path):
    method = load_method("random_search")
    spec = suite.problems[0]
    small = suite.model_copy(update={"search_evaluations": 8.0, "checkpoints": (1.0,), "test_universes": 1})
    for name in ("first", "second"):
        with Session(None, None) as session:
            result = run_cell(session.context(small, spec), method, 3, tmp_path / name)
    assert result.status == "finished"
    assert 0 < result.search.spent <= result.search.limit
    for name in ("result.json", "log.jsonl"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


@pytest.mark.parametrize("name", ["synthetic-v1", "synthetic-v2", "synthetic-exact-v2", "paper-v1", "live-v1"])
def test_suites_that_rank_methods_run_the_baselines_unless_told_otherwise(name):
    nulls = {"single_model", "self_consistency", "best_of_n", "mixture_of_agents", "random_search"}
    assert nulls <= set(load_suite(name).methods)
