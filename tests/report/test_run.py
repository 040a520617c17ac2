"""`ttgbench.run`: functions, names and folders side by side, gone on with, refused before anything runs."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import ttgbench
from ttgbench.cli import app
from ttgbench.errors import InputError, UnknownName
from ttgbench.publish.archive import write_archive
from ttgbench.run.experiment import read_manifest
from ttgbench.run.workers.processes import Processes
from ttgbench.run.workers.sequential import Sequential

BODY = "g = problem.space.sample(rng)\nproblem.evaluate(g)\nproblem.recommend(g)\nreturn g"
TOY = {"engine": "echo", "progress": False}


def my_search(problem, rng):
    graph = problem.space.sample(rng)
    problem.evaluate(graph)
    problem.recommend(graph)
    return graph


def draw(problem, rng):
    return problem.space.sample(rng)


def broken(problem, rng):
    raise ValueError("of \x1b[31mcolour")


def test_a_function_a_name_and_a_folder(tmp_path, tiny_suite, write_method, monkeypatch):
    methods = [my_search, "single_model", write_method(BODY)]
    results = ttgbench.run(methods, tiny_suite, seeds=2, out=tmp_path / "out", **TOY)
    assert results.methods == ["single_model", "mine", "my_search"]
    assert len(results) == 6
    frame = results.to_pandas().set_index(["method", "seed"])
    assert frame.loc["my_search", "graph"].tolist() == frame.loc["mine", "graph"].tolist()
    assert frame.kind.to_dict()["my_search", 0] == "function"
    for backend in (Sequential, Processes):
        monkeypatch.setattr(backend, "run", lambda self, jobs: iter(()) if not jobs else pytest.fail("it ran again"))
    again = ttgbench.run(methods, tiny_suite, seeds=2, out=tmp_path / "out", **TOY)
    assert again.runs.results == results.runs.results


def test_a_method_that_raises_is_a_result_and_said(tmp_path, tiny_suite, capsys):
    results = ttgbench.run([broken, my_search], tiny_suite, seeds=1, out=tmp_path / "out", engine="echo")
    assert [run.status for run in results] == ["crashed", "finished"]
    assert results.to_pandas().accuracy.isna().tolist() == [True, False]
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "broken on tiny-math, seed 0: crashed, ValueError: of" in shown.err
    assert "\x1b[31m" not in shown.err
    assert "2/2" in shown.err
    assert "broken" in str(results)


def test_the_default_folder_has_the_suites_name(tmp_path, tiny_suite, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ttgbench.run([my_search], tiny_suite, seeds=1, **TOY).folder == type(tmp_path)("runs/tiny-v1")
    assert ttgbench.load_results("runs/tiny-v1").num_rows == 1


def test_some_problems_first_the_others_later(tmp_path):
    def first(**rest):
        return ttgbench.run([draw], "recorded-micro-v1", seeds=2, out=tmp_path / "out", progress=False, **rest)

    assert first(problems=["micro_qa-3.2u"]).problems == ["micro_qa-3.2u"]
    assert ttgbench.load_results(tmp_path / "out").num_rows == 2
    assert read_manifest(tmp_path / "out").problems == ("micro_qa-3.2u",)
    first(problems=["micro_math-3.2u", "micro_math-3.2u"])
    assert read_manifest(tmp_path / "out").problems == ("micro_math-3.2u", "micro_qa-3.2u")
    assert len(first()) == 6
    first(problems=["micro_qa-3.2u"])
    assert read_manifest(tmp_path / "out").problems == (), "all of them lie there"


def test_the_command_line_runs_some_problems_and_replays_those(tmp_path):
    def called(*arguments):
        return CliRunner().invoke(app, [*map(str, arguments)])

    out = tmp_path / "out"
    some = ("run", "--suite", "recorded-micro-v1", "--method", "single_model", "--seeds", 1, "--out", out, "--json")
    done = called(*some, "--problem", "micro_qa-3.2u", "--problem", "micro_qa-3.2u")
    assert [run["problem"] for run in json.loads(done.stdout)] == ["micro_qa-3.2u"]
    assert done.exit_code == called("replay", out).exit_code == 0
    wrong = called(*some, "--problem", "micro_qa")
    assert isinstance(wrong.exception, UnknownName) or wrong.exit_code == 2
    with pytest.raises(InputError, match="some of the suite's problems"):
        write_archive(out, "single_model", tmp_path / "results")


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"methods": "random_search"}, InputError, "methods: must be a list"),
        ({"methods": []}, InputError, "methods: must be a list"),
        ({"methods": ["randm_search"]}, UnknownName, "random_search"),
        ({"methods": [lambda problem, rng: None]}, InputError, "use def"),
        ({"methods": [my_search, my_search]}, InputError, "two methods have the same name"),
        ({"seeds": 0}, InputError, "seeds: must be a whole number from 1 to 1000"),
        ({"seeds": True}, InputError, "seeds"),
        ({"jobs": -1}, InputError, "jobs: must be a whole number from 1 to 1024"),
        ({"timeout": 0}, InputError, "timeout: must be a number of seconds above 0"),
        ({"timeout": "5"}, InputError, "timeout: must be a number of seconds above 0"),
        ({"timeout": float("nan")}, InputError, "timeout: must be a number of seconds above 0"),
        ({"engine": "lama_cpp"}, UnknownName, "llama_cpp"),
        ({"engine": 1}, InputError, "engine: must be text"),
        ({"agent": 1}, InputError, "agent: must be text"),
        ({"slots": "x"}, InputError, "slots: must be a whole number"),
        ({"store": 1}, InputError, "store: must be a path"),
        ({"data_dir": 1}, InputError, "data_dir: must be a path"),
        ({"out": "x\0"}, InputError, "out: must be a path"),
        ({"problems": 1}, InputError, "problems: must be a list"),
        ({"problems": [1]}, InputError, "problems: must be text"),
        ({"problems": "tiny-math"}, InputError, "problems: must be a list"),
        ({"problems": ["tiny-meth"]}, UnknownName, "tiny-math"),
        ({"suite": "sinthetic-v1"}, UnknownName, "synthetic-v1"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(change, error, says, tmp_path, tiny_suite):
    arguments = {"methods": [my_search], "suite": tiny_suite, "out": tmp_path / "out", **TOY, **change}
    with pytest.raises(error, match=says):
        ttgbench.run(**arguments)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_suite_is_refused(tmp_path, tiny_suite):
    ttgbench.run([my_search], tiny_suite, seeds=1, out=tmp_path / "out", **TOY)
    other = tiny_suite.model_copy(update={"margin": 0.5})
    with pytest.raises(InputError, match="another suite definition"):
        ttgbench.run([my_search], other, seeds=1, out=tmp_path / "out", **TOY)
