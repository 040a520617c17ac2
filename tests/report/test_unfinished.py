"""A run folder that is still being filled."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ttgbench.errors import InputError
from ttgbench.report.board.anytime import held, spend_grid
from ttgbench.report.scores import scores_of
from ttgbench.report.unfinished import RunFolder, is_run_folder
from ttgbench.run.results import read_results
from ttgbench.run.run import cell_folder

METHODS = ("random_search", "single_model")


@pytest.fixture
def folder(anchored, write_runs):
    """Of two methods on two problems with six seeds; no run is finished."""
    whole = write_runs(anchored(2), dict.fromkeys(METHODS, 0.8))
    for path in whole.rglob("result.json"):
        path.rename(path.with_name("later"))
    return whole


def finish(folder, problem, method, *seeds):
    for seed in seeds:
        place = cell_folder(folder, problem, method, seed)
        (place / "later").rename(place / "result.json")


def test_it_counts_what_is_finished_of_what_is_wanted(folder):
    runs = RunFolder(folder)
    assert (runs.progress().done, runs.progress().total, runs.progress().begun) == (0, 24, [])
    finish(folder, "p1", "random_search", 0, 1, 2)
    for other in (cell_folder(folder, "p1", "random_search", 17), folder / "notes" / "by" / "hand"):
        other.mkdir(parents=True)
        (other / "result.json").write_text("{}")
    now = runs.progress()
    assert (now.done, now.total, now.begun, now.methods) == (3, 24, ["p1"], METHODS)
    assert now.finished == {("p1", "random_search"): 3}
    assert now.newest > 0


def test_curves_are_those_of_the_finished_runs_and_grow_with_them(folder):
    runs = RunFolder(folder)
    finish(folder, "p0", "random_search", 0, 1)
    now = runs.progress()
    (row,) = runs.curves(now, "p0")
    assert (row["method"], row["runs"], row["low"]) == ("random_search", 2, None)
    scores = scores_of("random_search", now.suite, ["p0"], [read_results(folder)])
    np.testing.assert_array_equal(row["value"], held(scores, spend_grid(now.suite))["value"])
    finish(folder, "p0", "random_search", 2, 3, 4, 5)
    finish(folder, "p0", "single_model", 0)
    first, second = runs.curves(runs.progress(), "p0")
    assert (first["runs"], second["runs"]) == (6, 1)
    assert all(isinstance(first[name], list) and first[name] for name in ("spend", "value", "low", "high"))
    assert runs.curves(runs.progress(), "p1") == []


def test_what_is_no_result_of_this_run_is_named(folder):
    finish(folder, "p0", "random_search", 0, 1)
    runs = RunFolder(folder)
    assert len(runs.curves(runs.progress(), "p0")) == 1
    path = cell_folder(folder, "p0", "random_search", 1) / "result.json"
    path.write_text(path.read_text().replace(runs.progress().suite.hash, "0" * 64))
    with pytest.raises(InputError, match="random_search on p0, seed 1 is of another version of the suite"):
        runs.curves(runs.progress(), "p0")
    path.write_text("{")
    with pytest.raises(InputError, match=r"result\.json"):
        runs.curves(runs.progress(), "p0")


def test_only_a_run_folder_is_one(folder, tmp_path_factory):
    assert is_run_folder(folder)
    assert not is_run_folder(tmp_path_factory.mktemp("empty"))
    (folder / "run.json").write_text("{}")
    assert not is_run_folder(folder)


@pytest.mark.parametrize("field", ["seeds", "rules"])
def test_a_manifest_with_a_number_that_cannot_be_is_refused(folder, field):
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: -1}))
    with pytest.raises(InputError, match=rf"run\.json: {field}: .*greater than or equal to 1"):
        RunFolder(folder).progress()


def test_a_result_whose_full_evaluation_costs_nothing_is_refused(folder):
    finish(folder, "p0", "random_search", 0)
    (path,) = folder.rglob("result.json")
    result = json.loads(path.read_text())
    path.write_text(json.dumps(result | {"search": result["search"] | {"full_evaluation": 0}}))
    with pytest.raises(InputError, match=r"result\.json: search\.full_evaluation: .*greater than or equal to 1"):
        read_results(folder)
