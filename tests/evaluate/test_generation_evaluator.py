"""Live, resumed and replayed evaluation give the same arrays; nothing is generated, graded or billed twice."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.engines.base import Sampling
from ttgbench.errors import EngineError, InputError, MissingGeneration, StoreError
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs import shapes
from ttgbench.graphs.graph import Graph, Node
from ttgbench.models.cost import generation_flops, nanoseconds, picodollars
from ttgbench.run.serialize import evaluation_from_wire, evaluation_to_wire
from ttgbench.testing import ScriptedEngine, ToyTask, toy_pool

SAMPLING = Sampling(max_tokens=16)
VOTE = shapes.parallel("small", 3)
GRAPHS = [
    shapes.single("small"),
    shapes.single("large"),
    VOTE,
    shapes.chain("small", 3),
    shapes.parallel_chains("small", 2, 2, sink="fuser", sink_model="large"),
    Graph(
        [Node("a", "assistant", "small"), Node("b", "assistant", "small"), Node("v", "vote", None),
         Node("r", "assistant", "large")],
        [("a", "v"), ("b", "v"), ("v", "r")],
    ),
]  # fmt: skip


def answer(request):
    """Depends on the request alone, as an engine's answer should; often right, sometimes no answer."""
    prompt = request.prompt.text or "".join(message.content for message in request.prompt.messages)
    a, b = map(int, re.findall(r"What is (\d) \+ (\d)", prompt)[-1])
    if request.seed % 11 == 0:
        return "I do not know."
    return f"After some thought{'!' * (request.seed % 50)}: {a + b + request.seed % 2}"


def evaluator(store=None, engine=None, task=None, **options):
    engines = None if engine is None else {"small": engine, "large": engine}
    return GenerationEvaluator(task or ToyTask(), toy_pool(), SAMPLING, store or Store(), engines, **options)


def evaluate(store, engine, graphs=GRAPHS, questions=range(10), universe=0, split="search", **options):
    subject = evaluator(store, engine, **options)
    try:
        return subject.evaluate(graphs, questions, universe, split)
    finally:
        subject.close()


def same(left, right):
    """Bit for bit."""
    for a, b in zip(left, right, strict=True):
        for field in dataclasses.fields(a):
            x, y = getattr(a, field.name), getattr(b, field.name)
            if field.name == "nodes":
                same(x, y)
            elif isinstance(x, np.ndarray):
                assert x.dtype == y.dtype
                assert x.tobytes() == y.tobytes()
            else:
                assert x == y


def test_a_replay_equals_the_live_evaluation_bit_for_bit(tmp_path):
    path = tmp_path / "store.sqlite"
    with Store(path) as store:
        live = evaluate(store, ScriptedEngine(answer))
    with Store(path, read_only=True) as store:
        replayed = evaluate(store, None)
        one_by_one = [evaluate(store, None, [graph])[0] for graph in GRAPHS]
    same(live, replayed)
    same(live, one_by_one)
    assert 0 < live[0].accuracy < 1
    assert {status for e in live for status in e.statuses} == {"correct", "wrong", "unanswered"}


def test_equal_nodes_are_generated_once():
    engine, store = ScriptedEngine(answer), Store()
    evaluate(store, engine)
    seeds = [request.seed for request in engine.requests]
    assert len(seeds) == len(set(seeds))
    subject = evaluator(store, engine)
    subject.evaluate(GRAPHS, range(10), 0, "search")
    renamed = [Graph.from_dict(graph.canonical().to_dict()) for graph in GRAPHS]
    subject.evaluate(renamed, [3, 1, 4], 0, "search")
    subject.close()
    assert len(engine.requests) == len(seeds)
    assert not engine.closed, "it is not the evaluator who opened it"


def test_universes_and_splits_are_drawn_apart():
    engine, store = ScriptedEngine(answer), Store()
    subject = evaluator(store, engine)
    results = [subject.evaluate([VOTE], range(10), *where)[0] for where in ((0, "search"), (1, "search"), (0, "test"))]
    subject.close()
    assert len(engine.requests) == len({request.seed for request in engine.requests}) == 90
    assert len({result.answers for result in results}) == 3


def test_only_missing_questions_are_generated():
    engine, store = ScriptedEngine(answer), Store()
    subject = evaluator(store, engine)
    [few] = subject.evaluate([VOTE], [7, 2], 0, "search")
    assert len(engine.requests) == 6
    [all_] = subject.evaluate([VOTE], range(10), 0, "search")
    assert len(engine.requests) == 30
    [twice] = subject.evaluate([VOTE], [7, 7, 2], 0, "search")
    subject.close()
    assert few.question_ids == ("toy@1/search/0007", "toy@1/search/0002")
    assert few.answers == (all_.answers[7], all_.answers[2])
    assert twice.answers == (all_.answers[7], all_.answers[7], all_.answers[2])
    assert few.tokens_out.tolist() == all_.tokens_out[[7, 2]].tolist()


def test_a_replay_says_what_is_missing():
    store = Store()
    evaluate(store, ScriptedEngine(answer), [shapes.single("small")], range(4))
    with pytest.raises(MissingGeneration, match=r"lacks 26 generations.*6 of 10 questions.*\(assistant, small\)"):
        evaluate(store, None, [VOTE])


def test_a_replay_computes_votes_that_were_never_evaluated(tmp_path):
    path = tmp_path / "store.sqlite"
    fuser = shapes.parallel("small", 3, sink="fuser", sink_model="large")
    with Store(path) as store:
        evaluate(store, ScriptedEngine(answer), [fuser])
    before = path.read_bytes()
    with Store(path, read_only=True) as store:
        voted = evaluate(store, None, [VOTE])
    assert path.read_bytes() == before
    same(voted, evaluate(Store(), ScriptedEngine(answer), [VOTE]))


def test_grades_are_recorded_by_grader():
    store, task = Store(), ToyTask()
    evaluate(store, ScriptedEngine(answer), GRAPHS[:2], task=task)
    assert task.graded == 20
    again = ToyTask()
    evaluate(store, None, GRAPHS[:2], task=again)
    assert again.graded == 0
    stricter = ToyTask(grader="last_number/2")
    evaluate(store, None, GRAPHS[:2], task=stricter)
    assert stricter.graded == 20
    assert store.info().graders == {"last_number/1": 20, "last_number/2": 20}


def test_another_grader_votes_anew():
    store = Store()
    evaluate(store, ScriptedEngine(answer), [VOTE])
    evaluate(store, None, [VOTE], task=ToyTask(grader="last_number/2"))
    assert store.info().nodes == 5


@st.composite
def graphs(draw):
    """Any small graph with one sink."""
    count = draw(st.integers(1, 6))
    edges = set()
    for target in range(1, count):
        for source in draw(st.sets(st.integers(0, target - 1), max_size=3)):
            edges.add((str(source), str(target)))
    with_successor = {source for source, _ in edges}
    edges |= {(str(n), str(count - 1)) for n in range(count - 1) if str(n) not in with_successor}
    nodes = []
    for number in range(count):
        fed = any(target == str(number) for _, target in edges)
        role = draw(st.sampled_from(["assistant", "fuser", "vote"] if fed else ["assistant"]))
        nodes.append(Node(str(number), role, None if role == "vote" else draw(st.sampled_from(["small", "large"]))))
    return Graph(nodes, sorted(edges))


@given(graphs(), st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True))
@settings(max_examples=25, deadline=None)
def test_costs_and_latency_follow_from_what_was_recorded(graph, questions):
    store, pool = Store(), toy_pool()
    [result] = evaluate(store, ScriptedEngine(answer), [graph], questions)
    assert [use.node for use in result.nodes][-1] == graph.sink
    for position, question in enumerate(result.question_ids):
        finished = {}
        for use in result.nodes:
            [row] = store.get_many([(use.key, question, 0)]).values()
            card = None if use.model is None else pool[use.model]
            n_p, n_d = row.tokens_in, row.tokens_out
            assert (use.tokens_in[position], use.tokens_out[position]) == (n_p, n_d)
            assert use.flops[position] == (generation_flops(card, n_p, n_d) if card else 0)
            assert use.picodollars[position] == (picodollars(card, n_p, n_d) if card else 0)
            before = max((finished[source] for source in graph.predecessors(use.node)), default=0)
            finished[use.node] = before + (nanoseconds(card, n_p, n_d) if card else 0)
        assert result.latency_ns[position] == finished[graph.sink]
    assert (result.scores == [status == "correct" for status in result.statuses]).all()


def test_a_graph_with_a_model_without_a_price_has_no_price():
    small, large = toy_pool().models
    free = small.model_copy(update={"price_in": 0.0, "price_out": 0.0})
    pool = toy_pool().model_copy(update={"models": (free, large)})
    engines = {name: ScriptedEngine(answer) for name in pool.names}
    subject = GenerationEvaluator(ToyTask(), pool, SAMPLING, Store(), engines)
    try:
        alone, mixed = subject.evaluate([GRAPHS[1], GRAPHS[4]], range(3), 0, "search")
    finally:
        subject.close()
    assert alone.dollars == alone.summary()["dollars"] > 0
    assert mixed.dollars is None
    assert "unpriced" in str(mixed)
    there = evaluation_from_wire(json.loads(json.dumps(evaluation_to_wire(mixed))), mixed.graph, mixed.question_ids)
    assert there.dollars is None


def test_arrays_cannot_be_changed():
    [result] = evaluate(Store(), ScriptedEngine(answer), [VOTE])
    for array in (result.scores, result.latency_ns, result.nodes[0].tokens_in, result.nodes[0].flops):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("graph", "questions", "split", "reason"),
    [
        (shapes.single("huge"), [0], "search", "huge"),
        (VOTE, [10], "search", "indices from 0 to 9"),
        (VOTE, [-1], "search", "indices"),
        (VOTE, [], "search", "at least one"),
        (VOTE, [0.5], "search", "indices"),
        (VOTE, [0], "train", "split"),
    ],
)
def test_wrong_input_is_named(graph, questions, split, reason):
    with pytest.raises(InputError, match=reason):
        evaluate(Store(), ScriptedEngine(answer), [graph], questions, split=split)


def test_no_vote_where_answers_cannot_be_compared():
    with pytest.raises(InputError, match="compared"):
        evaluate(Store(), ScriptedEngine(answer), [VOTE], task=ToyTask(votable=False))


def test_after_a_failure_it_goes_on_where_it_stopped():
    store = Store()
    calls = []

    def script(request):
        calls.append(request.seed)
        if len(calls) == 15:
            raise EngineError("gone")
        return answer(request)

    subject = evaluator(store, ScriptedEngine(script, slots=1))
    with pytest.raises(EngineError, match="gone"):
        subject.evaluate([VOTE], range(10), 0, "search")
    resumed = subject.evaluate([VOTE], range(10), 0, "search")
    subject.close()
    assert len(calls) == 31
    same(resumed, evaluate(Store(), ScriptedEngine(answer), [VOTE]))


def test_threads_share_what_they_generate():
    engine = ScriptedEngine(answer, seconds=lambda _: 0.001)
    subject = evaluator(Store(), engine)
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: subject.evaluate(GRAPHS, range(10), 0, "search"), range(4)))
    subject.close()
    for result in results[1:]:
        same(results[0], result)
    # A thread that looked into the store just before another recorded may ask again, but is handed what was recorded.
    assert len(engine.requests) < 1.5 * len({request.seed for request in engine.requests})


def test_progress_adds_up():
    class Counts:
        needed = recorded = generated = 0

        def planned(self, generations, recorded):
            self.needed, self.recorded = self.needed + generations, self.recorded + recorded

        def done(self, generations, tokens_in, tokens_out, flops):
            self.generated += generations

    counts = Counts()
    subject = evaluator(Store(), ScriptedEngine(answer), progress=counts)
    subject.evaluate([VOTE], range(10), 0, "search")
    subject.evaluate([VOTE], range(10), 0, "search")
    subject.close()
    assert (counts.needed, counts.recorded, counts.generated) == (80, 40, 40)


def test_a_closed_store_ends_an_evaluation():
    store = Store()
    subject = evaluator(store, ScriptedEngine(answer))
    store.close()
    with pytest.raises(StoreError, match="closed"):
        subject.evaluate([VOTE], range(10), 0, "search")
    subject.close()


ENDLESS = """
import signal
import sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it, as nohup does
sys.path.insert(0, sys.argv[2])
from test_generation_evaluator import GRAPHS, answer, evaluator
from ttgbench.evaluate.store.store import Store
from ttgbench.testing import ScriptedEngine
engine = ScriptedEngine(answer, slots=4, seconds=lambda _: 60 if len(engine.requests) > 60 else 0.001)
subject = evaluator(Store(Path(sys.argv[1])), engine)
print("ready", flush=True)
try:
    subject.evaluate(GRAPHS, range(10), 0, "search")
except KeyboardInterrupt:
    subject.close()
    sys.exit(3)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_anywhere_it_goes_on_from_the_store(tmp_path, how):
    path = tmp_path / "store.sqlite"
    command = [sys.executable, "-c", ENDLESS, str(path), os.path.dirname(__file__)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        while recorded_in(path) < 50 and process.poll() is None:
            time.sleep(0.01)
        os.kill(process.pid, how)
        _, errors = process.communicate(timeout=20)
    assert errors == ""
    assert process.returncode == (3 if how == signal.SIGINT else -signal.SIGKILL)
    engine = ScriptedEngine(answer)
    with Store(path) as store:
        recorded = sum(store.info().models.values())
        resumed = evaluate(store, engine)
        assert len(engine.requests) == sum(store.info().models.values()) - recorded
    same(resumed, evaluate(Store(), ScriptedEngine(answer)))


def recorded_in(path):
    if not path.exists():
        return 0
    with Store(path, read_only=True) as store:
        return store.info().generations
