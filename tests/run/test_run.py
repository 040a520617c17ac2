"""A run: what is logged, what is billed, what happens to methods that misbehave, and that it all repeats."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ttgbench.errors import EngineError
from ttgbench.problems.suite import Suite
from ttgbench.run.experiment import replay, run_suite
from ttgbench.run.results import LOG_NAME, RESULT_NAME, NominalCost
from ttgbench.run.run import cell_folder
from ttgbench.run.session import Session
from ttgbench.run.workers.sequential import Sequential


def run(out: Path, suite: Suite, method: str | Path, session: Session):
    """One cell with seed 0; its result and its log."""
    results = run_suite(out, suite, [str(method)], 1, session, "echo", lambda cell, result: None)
    folder = cell_folder(out, "tiny-math", results[0].method.name, 0)
    events = [json.loads(line) for line in (folder / LOG_NAME).read_text().removesuffix("\n").split("\n")]
    return results[0], events


def test_random_search_is_logged_from_start_to_end(tmp_path, tiny_suite, session):
    result, events = run(tmp_path / "run", tiny_suite, "random_search", session)
    assert events[0]["event"] == "start"
    assert events[-1]["event"] == "end"
    kinds = {event["event"] for event in events}
    assert {"evaluate", "recommend"} <= kinds
    assert result.status == "finished"
    assert 0 < result.search.spent <= result.search.limit
    assert result.final is not None
    assert len(result.final.scores[0]) == 10
    spends = [event["spent"] for event in events if "spent" in event]
    assert spends == sorted(spends)


def test_every_charge_adds_up_to_the_ledger(tmp_path, tiny_suite, session):
    result, events = run(tmp_path / "run", tiny_suite, "random_search", session)
    charges = [event["charged"] for event in events if event["event"] == "evaluate"]
    assert sum(charges) == result.search.spent == result.search.by_category["evaluation"]


def test_a_full_store_changes_no_byte(tmp_path, tiny_suite, session):
    run(tmp_path / "first", tiny_suite, "random_search", session)
    run(tmp_path / "second", tiny_suite, "random_search", session)
    cell = cell_folder(Path(), "tiny-math", "random_search", 0)
    for name in (LOG_NAME, RESULT_NAME):
        assert (tmp_path / "first" / cell / name).read_bytes() == (tmp_path / "second" / cell / name).read_bytes()


def test_what_is_evaluated_again_is_free(tmp_path, tiny_suite, session, write_method):
    body = "g = single('smollm2-135m')\nfor _ in range(50): problem.evaluate(g)\nproblem.evaluate(g, [3, 1])\nreturn g"
    _, events = run(tmp_path / "run", tiny_suite, write_method(body), session)
    charges = [event["charged"] for event in events if event["event"] == "evaluate"]
    assert charges[0] > 0
    assert set(charges[1:]) == {0}


def test_test_questions_are_not_search_questions(tmp_path, tiny_suite, session, write_method):
    body = "problem.recommend(single('smollm2-135m'))\nraise RuntimeError([q.id for q in problem.questions])"
    result, _ = run(tmp_path / "run", tiny_suite, write_method(body), session)
    assert "search" in result.error
    assert not any(question in result.error for question in result.question_ids)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("raise ValueError('boom')", "crashed"),
        ("raise SystemExit(0)", "crashed"),
        ("import sys; sys.exit(0)", "crashed"),
        ("return 'a graph'", "no_graph"),
        ("return parallel('gemma-3-270m', 30, sink='vote')", "no_graph"),
        ("return single('gpt-9')", "no_graph"),
        ("return chain('gemma-3-270m', 5)", "over_budget"),
        ("problem.budget = 10**9\nreturn single('smollm2-135m')", "crashed"),
        ("problem.questions[0].text = ''\nreturn single('smollm2-135m')", "crashed"),
        ("problem.ledger.limit = 10**20\nreturn single('smollm2-135m')", "crashed"),
        ("return problem.evaluate(single('smollm2-135m'), [10**6]).graph", "crashed"),
        ("return problem.evaluate(single('smollm2-135m'), [-1]).graph", "crashed"),
        ("return problem.evaluate(single('smollm2-135m'), []).graph", "crashed"),
        ("return problem.ask([{'role': 'user', 'content': 'hi'}])", "crashed"),
        (
            "try:\n    while True: problem.evaluate(problem.space.sample(rng))\nexcept BudgetExhausted: pass\n"
            "while True: problem.evaluate(problem.space.sample(rng))",
            "no_graph",
        ),
    ],
)
def test_misbehaviour_is_a_status_and_never_stops_the_harness(
    tmp_path, tiny_suite, session, write_method, body, status
):
    result, events = run(tmp_path / "run", tiny_suite, write_method(body), session)
    assert result.status == status, result.error
    assert result.final is None
    assert result.search.spent <= result.search.limit
    assert events[-1]["status"] == status


def test_an_exhausted_run_keeps_its_incumbent(tmp_path, tiny_suite, session, write_method):
    body = "problem.recommend(single('smollm2-135m'))\nwhile True: problem.evaluate(problem.space.sample(rng))"
    result, _ = run(tmp_path / "run", tiny_suite, write_method(body), session)
    assert result.status == "exhausted"
    assert result.final is not None


def test_replay_needs_no_engine_and_notices_a_changed_byte(tmp_path, tiny_suite):
    with Session(tmp_path / "store.sqlite", "echo") as session:
        run(tmp_path / "run", tiny_suite, "random_search", session)
    with Session(tmp_path / "store.sqlite", None) as session:
        assert replay(tmp_path / "run", Sequential(tiny_suite, session)) == []
    log = cell_folder(tmp_path / "run", "tiny-math", "random_search", 0) / LOG_NAME
    log.write_text(log.read_text().replace('"charged":', '"charged":1', 1))
    with Session(tmp_path / "store.sqlite", None) as session:
        [line] = replay(tmp_path / "run", Sequential(tiny_suite, session))
    assert line.endswith("log.jsonl: differs from its replay")


def test_a_crash_at_any_call_is_recorded_and_what_was_recommended_counts(tmp_path, tiny_suite, session, write_method):
    calls = [
        "problem.space.sample(rng)",
        "problem.can_afford(g)",
        "problem.evaluate(g)",
        "problem.recommend(g)",
        "problem.evaluate_many([g], [0, 1])",
        "problem.objective.value(problem.evaluate(g))",
    ]
    for number in range(len(calls) + 1):
        body = "\n".join(["g = single('smollm2-135m')", *calls[:number], "raise RuntimeError('here')"])
        result, events = run(tmp_path / str(number), tiny_suite, write_method(body, f"m{number}"), session)
        assert (result.status, result.error) == ("crashed", "RuntimeError: here")
        assert (result.final is not None) == (number >= 4)
        assert events[-1]["event"] == "end"
        folder = cell_folder(tmp_path / str(number), "tiny-math", f"m{number}", 0)
        assert "RuntimeError: here" in (folder / "error.txt").read_text()


@pytest.mark.parametrize("error", ["EngineError('no')", "StoreError('no')", "MissingGeneration('no')"])
def test_a_method_cannot_pretend_that_the_engine_failed(tmp_path, tiny_suite, session, write_method, error):
    body = f"import ttgbench.errors\nraise ttgbench.errors.{error}"
    result, _ = run(tmp_path / "run", tiny_suite, write_method(body), session)
    assert result.status == "crashed"


def test_a_failure_of_the_engine_is_not_the_methods_whatever_it_makes_of_it(
    tmp_path, tiny_suite, session, write_method
):
    body = "g = single('smollm2-135m')\ntry: problem.evaluate(g)\nexcept BaseException: pass\nreturn g"
    method = write_method(body)
    session.context(tiny_suite, tiny_suite.problems[0]).evaluator.evaluate = _failing
    with pytest.raises(EngineError, match="server gone"):
        run(tmp_path / "run", tiny_suite, method, session)
    assert not list((tmp_path / "run").rglob(RESULT_NAME))


def _failing(*_):
    raise EngineError("server gone")


def test_texts_that_are_no_text_do_not_stop_the_harness(tmp_path, tiny_suite, session, write_method):
    class_body = "class E(Exception):\n    def __str__(self): raise ValueError\n"
    for number, body in enumerate(
        ["raise ValueError('\\ud800')", "raise ValueError('a\\u2028b\\x85c')", class_body + "raise E"]
    ):
        result, _ = run(tmp_path / str(number), tiny_suite, write_method(body, f"t{number}"), session)
        assert result.status == "crashed"


@pytest.mark.slow
def test_kill_9_at_any_moment_then_the_same_bytes(tmp_path, tiny_suite_file):
    def start(out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ttgbench", "run", "--suite", str(tiny_suite_file), "--engine", "echo"]
        return subprocess.Popen([*command, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    whole = tmp_path / "whole"
    begun = time.monotonic()
    first = start(whole)
    first.communicate(timeout=120)
    assert first.returncode == 0
    seconds = time.monotonic() - begun
    killed = tmp_path / "killed"
    for share in (0.6, 0.85):
        process = start(killed)
        time.sleep(seconds * share)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    last = start(killed)
    _, stderr = last.communicate(timeout=120)
    assert last.returncode == 0, stderr.decode()
    for path in sorted(whole.rglob("*.json*")):
        if path.name in (LOG_NAME, RESULT_NAME):
            assert path.read_bytes() == (killed / path.relative_to(whole)).read_bytes()


def test_older_results_that_call_nothing_known_zero_dollars_are_read_as_unpriced():
    cost = {"flops": 10, "units": 1.0, "dollars": 0.0, "seconds": 1.0}
    assert NominalCost.model_validate(cost).dollars is None
    assert NominalCost.model_validate({**cost, "flops": 0}).dollars == 0, "what runs nothing costs nothing"
    assert NominalCost.model_validate({**cost, "dollars": 1e-9}).dollars == 1e-9
