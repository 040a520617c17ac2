"""Problems opened by hand: as a run meets them, and closed when nobody holds them any more."""

import gc
import json
import subprocess
import sys

import numpy as np
import pytest

import ttgbench
from ttgbench.errors import BudgetExhausted, InputError, MissingGeneration, UnknownName
from ttgbench.problems import suite as definition
from ttgbench.run.experiment import run_suite
from ttgbench.run.run import LOG_NAME, method_rng
from ttgbench.run.session import Session
from ttgbench.shapes import single

SEARCH = "best = problem.space.sample(rng)\nproblem.evaluate(best)\nproblem.recommend(best)\nreturn best"


def search(problem, rng):
    best = problem.space.sample(rng)
    for graph in problem.space.neighbours(best, rng):
        try:
            if problem.evaluate(graph).accuracy > problem.evaluate(best).accuracy:
                best = graph
        except BudgetExhausted:
            break
    problem.recommend(best)
    return best


def test_a_search_works_on_a_simulated_problem():
    suite = ttgbench.load_suite("synthetic-v1")
    problem = suite.problem("math-18u", seed=3)
    graph = search(problem, np.random.default_rng(0))
    assert problem.space.contains(graph) is None
    assert problem.incumbent == graph
    assert 0 < problem.ledger.spent <= problem.ledger.limit
    assert search(suite.problem("math-18u", seed=3), np.random.default_rng(0)) == graph


def test_a_search_works_on_a_recorded_problem():
    problem = ttgbench.load_problem("recorded-micro-v1", "micro_qa-3.2u")
    graph = search(problem, np.random.default_rng(0))
    assert problem.evaluate(graph).accuracy > 0


def test_it_is_the_problem_of_a_run(write_method, tiny_suite, tmp_path, session):
    run_suite(tmp_path / "out", tiny_suite, [str(write_method(SEARCH))], 2, session, "echo", lambda *_: None)
    [log] = (tmp_path / "out").glob(f"*/mine/seed-001/{LOG_NAME}")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    [evaluated] = [event for event in events if event["event"] == "evaluate"]
    name = tiny_suite.problems[0].name
    problem = ttgbench.load_problem(tiny_suite, name, 1, engine="echo")
    graph = problem.space.sample(method_rng(name, 1))
    assert graph.key == evaluated["key"]
    assert problem.evaluate(graph).accuracy == evaluated["accuracy"]
    assert problem.ledger.spent == evaluated["spent"]


def test_a_store_keeps_what_was_generated(tiny_suite_file, tmp_path):
    store = tmp_path / "new" / "store.sqlite"
    suite = ttgbench.load_suite(tiny_suite_file)
    name = suite.problems[0].name
    graph = single("smollm2-135m")
    live = suite.problem(name, engine="echo", store=store).evaluate(graph)
    gc.collect()
    replayed = suite.problem(name, store=store)
    assert replayed.evaluate(graph).answers == live.answers
    with pytest.raises(MissingGeneration):
        replayed.evaluate(single("gemma-3-270m"))


def test_engines_stop_when_nobody_holds_the_problem(tiny_suite, monkeypatch):
    closed = []
    monkeypatch.setattr(Session, "close", lambda session: closed.append(session))
    problem = ttgbench.load_problem(tiny_suite, tiny_suite.problems[0].name, engine="echo")
    assert not closed
    del problem
    gc.collect()
    assert len(closed) == 1


def test_engines_stop_at_the_end_of_the_process(tiny_suite_file):
    code = (
        f"import ttgbench; suite = ttgbench.load_suite({str(tiny_suite_file)!r});"
        "problem = suite.problem(suite.problems[0].name, engine='echo');"
        "problem.evaluate(problem.space.sample(__import__('numpy').random.default_rng(0))); print(problem)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "micro_math, 5 units per query, 8 questions" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("synthetic-v9", "math-18u"), UnknownName, "synthetic-v1"),
        (("synthetic-v1", "math-18"), UnknownName, "math-18u"),
        (("synthetic-v1", "math-18u", -1), InputError, "seed"),
        (("synthetic-v1", "math-18u", 1 << 20), InputError, "seed"),
        (("synthetic-v1", "math-18u", True), InputError, "seed"),
        (("synthetic-v1", 1), InputError, "name: must be text"),
        (("demo", "micro_qa-4u"), InputError, "give an engine"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, says):
    with pytest.raises(error, match=says):
        ttgbench.load_problem(*arguments)


def test_an_agent_on_a_recorded_suite_keeps_what_it_says_in_a_store_of_its_own(tmp_path):
    agent = {"agent": "smollm2-135m=echo"}
    with pytest.raises(InputError, match="store"):
        ttgbench.load_problem("recorded-micro-v1", "micro_qa-3.2u", **agent)
    problem = ttgbench.load_problem("recorded-micro-v1", "micro_qa-3.2u", **agent, store=tmp_path / "store.sqlite")
    assert problem.has_agent
    assert problem.ask([{"role": "user", "content": "Which graph?"}]).tokens_out > 0
    assert problem.evaluate(problem.space.sample(np.random.default_rng(0))).accuracy >= 0


def test_a_suite_that_opens_its_problems_is_the_same_suite():
    opened, defined = ttgbench.load_suite("synthetic-v1"), definition.load_suite("synthetic-v1")
    assert isinstance(opened, ttgbench.Suite)
    assert opened.hash == defined.hash
    assert opened.to_dict() == defined.to_dict()
