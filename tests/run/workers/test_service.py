"""Workers ask the harness: one store and one set of engines for all cells, and errors that arrive as what they are."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import tiny

from ttgbench.errors import EngineError, InputError, TTGBenchError, UnknownName, named
from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.shapes import single
from ttgbench.problems.suite import Suite
from ttgbench.run import session as session_module
from ttgbench.run.experiment import run_on
from ttgbench.run.workers.base import Setup
from ttgbench.run.workers.client import Harness, RemoteEvaluator
from ttgbench.run.workers.processes import Processes
from ttgbench.run.workers.server import serving
from ttgbench.testing import ScriptedEngine


@pytest.fixture
def setup(tmp_path, tiny_suite) -> Setup:
    """Live runs on the toy engine, with an agent."""
    return Setup(tiny_suite, tmp_path / "pool.sqlite", "echo", agent="smollm2-135m", agent_engine="echo")


def test_what_comes_over_the_wire_is_what_the_harness_has(setup):
    graphs = [single("smollm2-135m"), single("gemma-3-270m")]
    with serving(setup) as workers, workers.open() as far, setup.open() as near:
        [spec] = setup.suite.problems
        remote, local = far.context(setup.suite, spec), near.context(setup.suite, spec)
        for universe, split in ((0, "search"), (TEST_UNIVERSE, "test")):
            got = remote.evaluator.evaluate(graphs, np.arange(5), universe, split)
            want = local.evaluator.evaluate(graphs, range(5), universe, split)
            for one, other in zip(got, want, strict=True):
                assert one.graph == other.graph
                assert (one.question_ids, one.statuses, one.answers) == (
                    other.question_ids,
                    other.statuses,
                    other.answers,
                )
                assert np.array_equal(one.scores, other.scores)
                assert np.array_equal(one.flops, other.flops)
                assert np.array_equal(one.latency_ns, other.latency_ns)
                assert [use.key for use in one.nodes] == [use.key for use in other.nodes]
        hello = [{"role": "user", "content": "hello"}]
        assert remote.agent.worst_case(hello) == local.agent.worst_case(hello)
        assert remote.agent.ask(hello, None, 0, 0) == local.agent.ask(hello, None, 0, 0)


def test_a_worker_holds_neither_store_nor_engine(setup):
    with serving(setup) as workers:
        assert workers.store is None or workers.harness is not None
        with replace(workers, store=None).open() as session:
            context = session.context(setup.suite, setup.suite.problems[0])
            assert len(context.evaluator.evaluate([single("smollm2-135m")], [0], 0, "search")) == 1


def test_without_models_to_ask_nothing_is_served(tiny_suite, tmp_path):
    recorded = Setup(tiny_suite, tmp_path / "there.sqlite")
    Store(recorded.store).close()
    with serving(recorded) as workers:
        assert workers.harness is None


def scripted(monkeypatch, say) -> None:
    """Lets every engine say what a function of the request says."""

    def launch(spec, cards, slots):
        return dict.fromkeys([card.name for card in cards], ScriptedEngine(say))

    monkeypatch.setattr(session_module, "launch", launch)


def test_cells_side_by_side_generate_what_they_share_once(setup, monkeypatch):
    asked: Counter[tuple[str, str, int]] = Counter()

    def count(request):
        asked[request.model, str(request.prompt), request.seed] += 1
        return "Answer: 1"

    scripted(monkeypatch, count)
    backend = Processes(replace(setup, agent=None), 3, 60.0)
    methods = ["random_search", "single_model", "evolution"]
    results = run_on(backend, setup.store.parent / "run", setup.suite, methods, 2, "scripted", lambda *_: None)
    assert len(results) == 6
    assert {result.status for result in results} <= {"finished", "exhausted"}
    assert set(asked.values()) == {1}
    with Store(setup.store) as store:
        assert sum(store.info().models.values()) == len(asked)


def test_an_engine_that_fails_ends_the_run_with_its_own_error(setup, monkeypatch):
    def fail(request):
        raise EngineError("out of memory")

    scripted(monkeypatch, fail)
    backend = Processes(replace(setup, agent=None), 2, 60.0)
    with pytest.raises(EngineError, match=r"as assistant, question micro_math@.*: out of memory"):
        run_on(backend, setup.store.parent / "run", setup.suite, ["single_model"], 2, "x", lambda *_: None)


def test_questions_that_differ_from_the_harness_are_refused(setup):
    class Other:
        def __init__(self, task):
            self.card = task.card
            self._questions = [replace(question, id=f"other/{question.index}") for question in task.questions("search")]

        def questions(self, split):
            return self._questions

    with serving(setup) as workers, workers.open() as session:
        evaluator = RemoteEvaluator(Harness(workers.harness), "tiny-math", Other(session.task("micro_math")))
        with pytest.raises(InputError, match="micro_math: search: the questions on this machine are not those"):
            evaluator.evaluate([single("smollm2-135m")], [0], 0, "search")


def test_who_does_not_know_the_address_gets_nothing(setup):
    with serving(setup) as workers:
        base, secret = workers.harness.rsplit("/", 1)
        assert len(secret) == 32
        for path in ("", "/evaluate", f"/{'0' * 32}/evaluate", f"/{secret}/close", f"/{secret}/__init__"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(urllib.request.Request(base + path, b"{}"))
        with pytest.raises(urllib.error.HTTPError, match="413"):
            urllib.request.urlopen(
                urllib.request.Request(f"{workers.harness}/ask", b"{}", headers={"Content-Length": str(1 << 40)})
            )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"problem": "none"}, EngineError),
        ({"problem": "tiny-math", "graphs": [{}], "questions": [0], "universe": 0, "split": "search"}, InputError),
        ({"problem": "tiny-math", "graphs": [], "questions": [99], "universe": 0, "split": "search"}, InputError),
        ({"problem": "tiny-math", "graphs": [], "questions": [0], "universe": 0, "split": "exam"}, InputError),
    ],
)
def test_a_bad_call_is_an_error_and_the_next_one_is_answered(setup, body, error):
    with serving(setup) as workers:
        harness = Harness(workers.harness)
        with pytest.raises(error):
            harness("evaluate", **body)
        assert harness("ask", messages=[{"role": "user", "content": "hello"}], schema=None, universe=0, repeat=0)


def test_a_harness_that_is_gone_is_an_engine_error(setup):
    with serving(setup) as workers:
        harness = Harness(workers.harness)
    with pytest.raises(EngineError, match="the process that holds the engines does not answer"):
        harness("ask", messages=[], schema=None, universe=0, repeat=0)


@pytest.mark.parametrize(
    ("kind", "known"),
    [("UnknownName", UnknownName), ("EngineError", EngineError), ("os", TTGBenchError), ("", TTGBenchError)],
)
def test_an_error_arrives_with_its_class_and_message(kind, known):
    error = named(kind, "no such model")
    assert type(error) is known
    assert str(error) == "no such model"
    assert json.dumps(str(error))


def test_engines_of_a_suite_and_of_its_agent_are_launched_together(tmp_path, monkeypatch):
    """Planned one by one, servers would each count on the memory that is free before any of them runs."""
    problems = {"left": ["gemma-3-270m"], "right": ["smollm2-135m"]}
    data = tiny.suite(*problems, search=2, test=2, **{**tiny.REAL, "budget": "4 units"})
    for problem in data["problems"]:
        problem["models"] = problems[problem["name"]]
    suite = Suite.model_validate(data)
    launched: list[list[str]] = []

    def launch(spec, cards, slots):
        launched.append(sorted(card.name for card in cards))
        return {name: ScriptedEngine(lambda request: "1") for name in launched[-1]}

    monkeypatch.setattr(session_module, "launch", launch)
    pair = ["gemma-3-270m", "smollm2-135m"]
    for agent in (None, "smollm2-135m", "qwen3-8b"):
        setup = Setup(suite, tmp_path / "s.sqlite", "vllm", agent=agent, agent_engine="vllm")
        with serving(setup) as workers, workers.open() as session:
            for spec in suite.problems:
                session.context(suite, spec).evaluator.evaluate([single(spec.models[0])], [0], 0, "search")
        assert launched == [pair if agent != "qwen3-8b" else sorted([*pair, agent])]
        launched.clear()
