"""Python functions as methods: beside folders, with the same logs, gone on with after a stop and not after an edit."""

from __future__ import annotations

import json
from functools import partial

import pytest

from ttgbench.errors import InputError
from ttgbench.problems.function import as_method
from ttgbench.problems.method import find_method
from ttgbench.publish.archive.write import write_archive
from ttgbench.run.experiment import read_manifest, replay, run_on
from ttgbench.run.results import LOG_NAME
from ttgbench.run.run import cell_folder
from ttgbench.run.workers.base import Setup
from ttgbench.run.workers.processes import Processes
from ttgbench.run.workers.sequential import Sequential
from ttgbench.run.workers.with_functions import WithFunctions
from ttgbench.shapes import single

BODY = "g = problem.space.sample(rng)\nproblem.evaluate(g)\nproblem.recommend(g)\nreturn g"


def first_sample(problem, rng):
    """Takes the first graph that it draws.

    Nothing more.
    """
    g = problem.space.sample(rng)
    problem.evaluate(g)
    problem.recommend(g)
    return g


def run(out, suite, *methods, seeds=1):
    setup = Setup(suite, out.parent / "store.sqlite", "echo")
    functions = {str(method.path): method for method in methods if not isinstance(method, str)}
    backend = WithFunctions(setup, functions, Processes(setup, 1, 60.0))
    return run_on(backend, out, suite, methods, seeds, "echo", lambda *_: None)


def test_a_function_and_a_folder_do_the_same(tmp_path, tiny_suite, write_method):
    results = run(tmp_path / "out", tiny_suite, as_method(first_sample), str(write_method(BODY)), seeds=2)
    assert [(r.method.name, r.seed) for r in results] == [
        ("first_sample", 0),
        ("mine", 0),
        ("first_sample", 1),
        ("mine", 1),
    ]
    events = []
    for name in ("first_sample", "mine"):
        log = cell_folder(tmp_path / "out", "tiny-math", name, 1) / LOG_NAME
        start, *rest = map(json.loads, log.read_text().splitlines())
        assert start["event"] == "start"
        events.append(rest)
    assert events[0] == events[1]
    assert results[0].method.description == "Takes the first graph that it draws."


def test_what_is_done_is_not_run_again_but_after_an_edit(tmp_path, tiny_suite):
    calls = []

    def method(graph):
        def mine(problem, rng):
            calls.append(graph)
            return graph

        return as_method(mine)

    small, large = single("smollm2-135m"), single("gemma-3-270m")
    run(tmp_path / "out", tiny_suite, method(small))
    method_again = method(small)
    calls_before = len(calls)
    run(tmp_path / "out", tiny_suite, method(large))
    assert calls[calls_before:] == [large]
    assert method_again.metadata.version != method(large).metadata.version


SCRIPT = """
STEPS = {steps}
def helper(problem):
    return {helper}
def search(problem, rng):
    return [helper(problem) for _ in range(STEPS)]
"""


def test_the_version_follows_what_a_function_uses_of_its_module():
    def version(steps=3, helper="problem.space"):
        names = {"__name__": "script"}
        exec(SCRIPT.format(steps=steps, helper=helper), names)
        return as_method(names["search"]).metadata.version

    assert version() == version()
    assert len({version(), version(steps=4), version(helper="problem.task")}) == 3


def test_a_function_without_a_closure_goes_on(tmp_path, tiny_suite, monkeypatch):
    first = run(tmp_path / "out", tiny_suite, as_method(first_sample))
    monkeypatch.setattr(Sequential, "run", lambda *_: pytest.fail("it ran again"))
    assert run(tmp_path / "out", tiny_suite, as_method(first_sample)) == first


def test_a_run_of_a_function_cannot_be_replayed_and_says_so(tmp_path, tiny_suite):
    run(tmp_path / "out", tiny_suite, as_method(first_sample))
    assert read_manifest(tmp_path / "out").methods == ("function:first_sample",)
    with pytest.raises(InputError, match="first_sample: was run as a Python function"):
        replay(tmp_path / "out", Processes(Setup(tiny_suite, tmp_path / "store.sqlite"), 1, 60.0))


def test_a_run_folder_keeps_what_was_run_before(tmp_path, tiny_suite, write_method):
    run(tmp_path / "out", tiny_suite, "single_model", seeds=2)
    run(tmp_path / "out", tiny_suite, str(write_method(BODY)), as_method(first_sample))
    run(tmp_path / "out", tiny_suite, "single_model")
    manifest = read_manifest(tmp_path / "out")
    assert manifest.methods == (str(tmp_path / "methods" / "mine"), "function:first_sample", "single_model")
    assert manifest.seeds == 2
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "methods" / "mine").rename(tmp_path / "elsewhere" / "mine")
    run(tmp_path / "out", tiny_suite, str(moved))
    assert read_manifest(tmp_path / "out").methods == ("function:first_sample", "single_model", str(moved))
    write_archive(tmp_path / "out", "single_model", tmp_path / "results", store=tmp_path / "store.sqlite")


def test_a_problem_that_was_kept_is_of_no_use_in_the_next_run(tmp_path, tiny_suite):
    kept, refused = [], []

    def hoarder(problem, rng):
        graph = single("smollm2-135m")
        for old in kept:
            with pytest.raises(InputError, match="its search has ended") as caught:
                old.evaluate(graph)
            refused.append(caught)
        kept.append(problem)
        problem.evaluate(graph)
        return graph

    results = run(tmp_path / "out", tiny_suite, as_method(hoarder), seeds=3)
    assert len(refused) == 3
    assert len({result.search.spent for result in results}) <= 3
    assert all(result.status == "finished" for result in results)


def test_a_function_is_marked_as_one_and_archived_never_but_what_ran_beside_it_is(tmp_path, tiny_suite, write_method):
    results = run(tmp_path / "out", tiny_suite, as_method(first_sample), str(write_method(BODY)))
    assert [result.method.kind for result in results] == ["function", "method"]
    with pytest.raises(InputError, match="put it into a submission folder"):
        write_archive(tmp_path / "out", "first_sample", tmp_path / "results")
    assert not (tmp_path / "results").exists() or not list((tmp_path / "results").rglob("run.json"))
    store = tmp_path / "store.sqlite"
    assert (write_archive(tmp_path / "out", "mine", tmp_path / "results", store=store) / "run.json").is_file()


def test_a_folder_does_not_call_itself_a_function(write_method):
    folder = write_method(BODY)
    with (folder / "submission.yaml").open("a") as stream:
        stream.write("kind: function\n")
    with pytest.raises(InputError, match=r"submission\.yaml: kind: must be method or graph"):
        find_method(str(folder))


class Search:
    """Looks again and again."""

    def __init__(self, times):
        self.times = times

    def __call__(self, problem, rng):
        return first_sample(problem, rng)


def test_what_a_callable_is_decides_its_version():
    def version(search):
        return as_method(search).metadata.version

    def takes(problem, rng, depth=1):
        return problem.space.sample(rng)

    one = version(takes)
    takes.__defaults__ = (2,)
    assert version(takes) != one
    assert version(first_sample) == version(first_sample)
    assert version(partial(first_sample, rng=1)) != version(partial(first_sample, rng=2))
    assert version(Search(1)) == version(Search(1)) != version(Search(2))
    assert as_method(Search(1)).name == "search"
    assert as_method(partial(first_sample, rng=1)).name == "first_sample"
    typed = {}
    exec("def typed(problem, rng):\n    return 1", typed)
    assert version(typed["typed"]) == version(typed["typed"])


@pytest.mark.parametrize(
    ("search", "says"),
    [(lambda problem, rng: None, "<lambda>"), (3, "not int"), (type("Ü", (), {"__call__": print})(), "use def")],
)
def test_what_is_no_method_is_refused(search, says):
    with pytest.raises(InputError, match=says):
        as_method(search)
