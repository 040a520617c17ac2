"""A suite on a bank: what its file may say, what each seed is asked, and runs that are the same bytes everywhere."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, TTGBenchError
from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.graphs.graph import Graph
from ttgbench.problems.bank.plan import load_bank, segments
from ttgbench.problems.method import load_method
from ttgbench.problems.space.bank import BankSpace
from ttgbench.problems.suite import Suite, load_suite
from ttgbench.publish.recording.bank import record_bank
from ttgbench.run.experiment import run_on, run_suite, setup_for
from ttgbench.run.isolation import IsolatedMethod, Naming
from ttgbench.run.results import LOG_NAME, RESULT_NAME
from ttgbench.run.run import run_cell
from ttgbench.run.session import Session
from ttgbench.run.workers.processes import Processes

S, G = "smollm2-135m", "gemma-3-270m"
PLAN = {
    "schema": 1,
    "name": "made-up",
    "pool": "embedded",
    "tasks": [{"task": "micro_math", "questions": 12}],
    "universes": 3,
    "block": 6,
    "samples": {S: 4, G: 3},
    "second": [{"role": "fuser", "model": G, "inputs": [S, S, G]}, {"role": "assistant", "model": S, "inputs": [S]}],
}
PROBLEM = {"name": "math", "task": "micro_math", "budget": "6 units", "search_questions": 5, "test_questions": 6}
RECORDED = {"plan": "plan.yaml", "folder": "segments"}
SUITE = {
    "schema": 1,
    "name": "made-up",
    "version": 1,
    "description": "A bank that nobody needs a model for.",
    "methods": ["single_model", "random_search"],
    "seeds": 4,
    "search_evaluations": 4,
    "score_incumbents": "all",
    "recorded": RECORDED,
    "problems": [PROBLEM, {**PROBLEM, "name": "open", "projected": True}],
}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plan, its segments by the toy engine, and a suite on them."""
    folder = tmp_path_factory.mktemp("bank")
    (folder / "plan.yaml").write_text(yaml.safe_dump(PLAN))
    record_bank(load_bank(folder / "plan.yaml"), "echo", folder / "segments")
    written(folder, {})
    return folder


@pytest.fixture
def own(bank: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(bank, tmp_path / "bank")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTGBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def written(folder: Path, change: dict, **problem: object) -> Path:
    path = folder / "suite.yaml"
    problems = [{**one, **problem} for one in SUITE["problems"]]
    path.write_text(json.dumps({**SUITE, "problems": problems, **change}))  # JSON is YAML, without aliases
    return path


def opened(folder: Path) -> Suite:
    return load_suite(str(folder / "suite.yaml"))


# The file.


def test_a_suite_says_all_that_its_bank_decides_and_is_the_same_wherever_it_lies(bank, tmp_path):
    suite, moved = opened(bank), opened(shutil.copytree(bank, tmp_path / "moved"))
    assert (suite.search_universes, suite.test_universes) == (3, 2)
    assert (suite.problems[0].pool, suite.problems[0].prompts) == ("embedded", "v2")
    assert sorted(suite.recorded.segments) == sorted(one.name for one in segments(suite.recorded.plan))
    assert Suite.model_validate(json.loads(json.dumps(suite.to_dict()))) == suite
    assert moved.hash == suite.hash
    assert opened(written(tmp_path / "moved", {}, search_questions=4).parent).hash != suite.hash


@pytest.mark.parametrize(
    ("change", "problem", "words"),
    [
        ({}, {"task": "micro_qa"}, ["math", "micro_qa"]),
        ({}, {"pool": "laptop"}, ["pool", "leave them out"]),
        ({}, {"space": {"max_nodes": 3}}, ["space"]),
        ({}, {"search_questions": 0}, ["search_questions"]),
        ({"search_universes": 4}, {}, ["3 universes", "search_universes"]),
        ({"test_universes": 3}, {}, ["at most 2"]),
        ({"recorded": {"plan": "no.yaml"}}, {}, ["no.yaml"]),
        ({"recorded": {"plan": 5}}, {}, ["recorded.plan"]),
        ({"recorded": {**RECORDED, "folder": 5}}, {}, ["recorded.folder"]),
        ({"recorded": {**RECORDED, "folder": "elsewhere"}}, {}, ["suite.yaml", "no finished segment", "elsewhere"]),
        ({"recorded": {"pln": "plan.yaml"}}, {}, ["suite.yaml: recorded: "]),
        ({"recorded": "plan.yaml"}, {}, ["suite.yaml: recorded: "]),
        ({"recorded": {**RECORDED, "segments": {"x.parquet": "0" * 64}}}, {}, ["x.parquet"]),
    ],
)
def test_what_does_not_go_with_the_bank_is_refused_by_name(own, change, problem, words):
    with pytest.raises(InputError) as refused:
        load_suite(str(written(own, change, **problem)))
    for word in words:
        assert word in str(refused.value)
    assert "got {" not in str(refused.value)


def test_a_projected_problem_needs_a_bank(tmp_path):
    path = tmp_path / "suite.yaml"
    plain = {key: value for key, value in SUITE.items() if key != "recorded"}
    path.write_text(yaml.safe_dump({**plain, "problems": [{**PROBLEM, "pool": "embedded", "projected": True}]}))
    with pytest.raises(InputError, match="projected"):
        load_suite(str(path))


def runs(folder: Path, out: Path, *arguments: str):
    return CliRunner().invoke(app, ["run", "--suite", str(folder / "suite.yaml"), "--out", str(out), *arguments])


@pytest.mark.parametrize("spoil", ["missing", "broken", "other bytes"])
def test_a_segment_that_is_not_the_suites_is_one_error(own, spoil, tmp_path):
    first = own / "segments" / "micro_math-u0-0000.parquet"
    suite = opened(own)
    if spoil == "missing":
        written(own, {"recorded": {**RECORDED, "segments": suite.recorded.segments}})
        first.unlink()
    elif spoil == "broken":
        first.write_bytes(first.read_bytes()[:500])
    else:
        written(own, {"recorded": {**RECORDED, "segments": suite.recorded.segments}})
        first.write_bytes((own / "segments" / "micro_math-u1-0000.parquet").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTGBENCH_CACHE", str(tmp_path / "cache"))
        result = runs(own, tmp_path / "out", "--method", "single_model", "--seeds", "1")
    assert isinstance(result.exception, TTGBenchError), result.output
    assert "micro_math-u0-0000.parquet" in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not list((tmp_path / "cache").rglob("*.sqlite*"))


@pytest.mark.parametrize("spoil", ["moved", "cut"])
def test_a_segment_is_missed_where_the_cache_still_has_it(own, spoil, tmp_path, monkeypatch):
    monkeypatch.setenv("TTGBENCH_CACHE", str(tmp_path / "cache"))
    written(own, {"recorded": {**RECORDED, "segments": opened(own).recorded.segments}})
    assert runs(own, tmp_path / "out", "--method", "single_model", "--seeds", "1").exit_code == 0
    first = own / "segments" / "micro_math-u0-0000.parquet"
    if spoil == "moved":
        first.rename(own / first.name)
    else:
        first.write_bytes(first.read_bytes()[:500])
    result = runs(own, tmp_path / "again", "--method", "single_model", "--seeds", "1")
    assert isinstance(result.exception, InputError), result.output
    assert first.name in str(result.exception)
    assert not (tmp_path / "again").exists()
    checked = CliRunner().invoke(app, ["suite", "check", str(own / "suite.yaml")])
    assert checked.exit_code == 1
    assert checked.output.count("FAIL") == 2


# Seeds.


def test_seeds_draw_their_own_questions_and_take_turns_with_universes(bank):
    suite = opened(bank)
    spec = suite.problems[0]
    with Session(None, None) as session:
        seen = set()
        for seed in range(6):
            context = session.context(suite, spec, seed)
            search, test = ([q.index for q in part] for part in (context.search_questions, context.test_questions))
            assert (len(search), len(test)) == (5, 6)
            assert not set(search) & set(test)
            assert search == sorted(search)
            seen.add(tuple(search))
            universes = context.evaluator.universes
            assert universes[suite.search_universe(seed)] == seed % 3
            assert {universes[TEST_UNIVERSE + n] for n in range(2)} == {0, 1, 2} - {seed % 3}
            other = session.context(suite, suite.problems[1], seed)
            assert other.search_questions == context.search_questions
        assert len(seen) == 6


def test_the_list_of_splits_never_changes(bank):
    """Computed once, on this made-up bank: whatever changes it makes other runs of every suite on a bank."""
    suite = opened(bank)
    with Session(None, None) as session:
        splits = [session.bank(suite).split(suite, suite.problems[0], seed) for seed in range(20)]
    asked = [[[question.index for question in part] for part in split] for split in splits]
    assert asked[0] == FIRST
    assert hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16] == ALL


FIRST = [[1, 2, 3, 4, 11], [5, 6, 7, 8, 9, 10]]
ALL = "954a2c23412ec889"


def test_a_search_is_scored_in_other_universes_on_other_questions_by_the_bank(bank):
    suite = opened(bank)
    with Session(None, None) as session:
        context = session.context(suite, suite.problems[0], 1)
        assert isinstance(context.space, BankSpace)
        graphs = list(context.space.enumerate())
        [seen] = context.evaluator.evaluate(graphs[:1], range(5), 1, "search")
        assert seen.question_ids == tuple(question.id for question in context.search_questions)
        assert seen.universe == 1
        [tested] = context.evaluator.evaluate(graphs[:1], range(6), TEST_UNIVERSE + 1, "test")
        assert tested.question_ids == tuple(question.id for question in context.test_questions)
        table = session.bank(suite).table(suite, suite.problems[0])
        assert table.values.shape == (len(graphs),)
        evaluator = session.bank(suite)._of(suite.problems[0])["test"]
        asked = [evaluator.evaluate(graphs, range(12), universe, "test") for universe in range(3)]
        assert table.values == pytest.approx(np.mean([[one.accuracy for one in part] for part in asked], axis=0))


# Runs.


@pytest.mark.parametrize(
    ("problem", "method"), [("math", "local_search"), ("open", "random_search"), ("open", "maao_rules")]
)
def test_a_bundled_method_leaves_the_same_bytes_in_isolation(bank, tmp_path, problem, method):
    suite = opened(bank)
    with Session(None, None) as session:
        context = session.context(suite, suite.spec(problem), 1)
        here = load_method(method)
        inside = replace(here, search=IsolatedMethod(here.path))
        results = [run_cell(context, one, 1, tmp_path / name) for name, one in (("here", here), ("inside", inside))]
        assert results[0] == results[1]
        assert results[0].final is not None
        assert results[0].search.spent > 0
        bank_space = session.bank(suite).space(suite, suite.spec(problem))
        logged = [json.loads(line) for line in (tmp_path / "here" / LOG_NAME).read_text().splitlines()]
        assert (tmp_path / "here" / LOG_NAME).read_bytes() == (tmp_path / "inside" / LOG_NAME).read_bytes()
        graphs = [Graph.from_dict(event["graph"]) for event in logged if "graph" in event]
        assert graphs
        assert all(bank_space.contains(graph) is None for graph in graphs)


def test_under_other_names_the_models_of_a_bank_are_not_known(bank, tmp_path):
    suite = opened(bank)
    with Session(None, None) as session:
        context = session.context(suite, suite.problems[0], 0)
        found = load_method("local_search")
        results = [
            run_cell(context, replace(found, search=IsolatedMethod(found.path, naming=naming)), 0, tmp_path / str(n))
            for n, naming in enumerate([None, Naming(1, shuffled=False), Naming(2), Naming(3)])
        ]
        assert results[0] == results[1]
        assert all(result.status == "finished" for result in results)


def test_runs_go_on_where_they_were_killed_in_any_process_to_the_same_bytes(bank, tmp_path):
    suite, whole, killed = opened(bank), tmp_path / "whole", tmp_path / "killed"
    backend = Processes(setup_for(suite, whole, None, "echo"), 2, 60)
    assert len(run_on(backend, whole, suite, ["random_search"], 2, "echo", lambda *_: None)) == 4
    assert not (whole / "store.sqlite").exists()
    shutil.copytree(whole, killed)
    results = sorted(path.relative_to(whole) for path in whole.rglob(RESULT_NAME))
    for name in results[::2]:
        (killed / name).unlink()  # as a kill before the end leaves it
        (killed / name).with_name(LOG_NAME).rename((killed / name).with_name(f".{LOG_NAME}.part"))
    with setup_for(suite, killed, None, "echo").open() as session:
        run_suite(killed, suite, ["random_search"], 2, session, "echo", lambda *_: None)
    for name in [*results, *(name.with_name(LOG_NAME) for name in results)]:
        assert (whole / name).read_bytes() == (killed / name).read_bytes()


# What is shipped.


@pytest.fixture(scope="module")
def pilot():
    with Session(None, None) as session:
        yield load_suite("recorded-pilot-v1"), session


@pytest.mark.parametrize("name", ["single_model", "self_consistency", "random_search", "local_search", "evolution"])
def test_bundled_methods_search_what_is_recorded_of_the_pilot(pilot, name, tmp_path):
    suite, session = pilot
    result = run_cell(session.context(suite, suite.spec("gsm_symbolic-60u"), 0), load_method(name), 0, tmp_path)
    assert result.status in ("finished", "exhausted")
    assert 0 < result.search.spent <= result.search.limit
    assert 0.3 < result.final.value < 0.9
    assert len(result.question_ids) == 24


@pytest.mark.parametrize("name", ["maao_rules", "agent_reinforce_rules"])
def test_methods_that_draw_graphs_of_open_spaces_spend_by_projections(pilot, name, tmp_path):
    suite, session = pilot
    spent = []
    for problem in ("gsm_symbolic-60u", "gsm_symbolic-60u-projected"):
        context = session.context(suite, suite.spec(problem), 0)
        spent.append(run_cell(context, load_method(name), 0, tmp_path / problem).search.full_evaluations)
    assert spent[0] < 0.1 < spent[1]


def test_the_pilots_anchors_are_what_the_docs_say_and_its_table_bears_out(pilot):
    """Whatever graders the code has by now: a recording keeps its own."""
    suite, session = pilot
    spec = suite.spec("gsm_symbolic-60u")
    session.bank(suite).check_anchor(suite, spec)
    anchor = suite.anchors[spec.name]
    assert (anchor.zero, anchor.one, anchor.kind) == (pytest.approx(0.4444, abs=1e-4), pytest.approx(0.6), "optimum")
    assert session.context(suite, spec, 0).card.grader == "number/2"
    assert suite.flat == frozenset()
