"""The response model: an Evaluator like any other, the same draws for the same node, and plausible in what it says."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import InputError, UnknownName
from ttgbench.evaluate import votes
from ttgbench.evaluate.synthetic.coefficients import ABILITIES, DOMAINS, FIRST
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.evaluate.synthetic.landscape import NOTHING, RIGHT
from ttgbench.evaluate.synthetic.task import SYNTHETIC_TASKS, SyntheticTask
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, layered, parallel, parallel_chains, single
from ttgbench.models.cost import generation_flops, nanoseconds, picodollars
from ttgbench.models.pool import load_pool
from ttgbench.tasks.task import Task
from ttgbench.testing import toy_pool

POOL = load_pool("synthetic")
SMALL, LARGE = "sim-b-1b", "sim-a-8b"
MIXED = Graph(
    [Node("a", "assistant", SMALL), Node("b", "assistant", SMALL), Node("c", "assistant", "sim-a-3b"),
     Node("v", "vote"), Node("f", "fuser", LARGE), Node("s", "assistant", "sim-b-9b")],
    [("a", "v"), ("b", "v"), ("c", "v"), ("v", "f"), ("a", "f"), ("f", "s"), ("b", "s")],
)  # fmt: skip


@pytest.fixture(scope="module")
def subjects():
    """An evaluator per domain."""
    return {name: SyntheticEvaluator(SyntheticTask(f"synthetic_{name}"), POOL) for name in DOMAINS}


@pytest.fixture(scope="module")
def math(subjects):
    return subjects["math"]


def one(subject, graph, questions=range(200), universe=0, split="search"):
    return subject.evaluate([graph], questions, universe, split)[0]


def accuracy(subject, graph, universes=8):
    return float(subject.outcomes(graph, range(universes), "test")[0].mean())


def same(one, other):
    """Everything but node ids agrees."""
    uses = [
        [(use.key, use.model, *[a.tolist() for a in (use.tokens_in, use.tokens_out, use.flops, use.picodollars)])
         for use in evaluation.nodes]
        for evaluation in (one, other)
    ]  # fmt: skip
    return (
        one.answers == other.answers
        and one.statuses == other.statuses
        and one.question_ids == other.question_ids
        and (one.scores == other.scores).all()
        and (one.latency_ns == other.latency_ns).all()
        and sorted(uses[0]) == sorted(uses[1])
    )


def test_an_evaluation_is_complete_and_read_only(math):
    evaluation = one(math, MIXED, [5, 0, 77], universe=3)
    assert evaluation.universe == 3
    assert [name.rsplit("/")[-1] for name in evaluation.question_ids] == ["0005", "0000", "0077"]
    assert [use.node for use in evaluation.nodes][-1] == "s"
    assert {use.model for use in evaluation.nodes} == {node.model for node in MIXED.nodes}
    for use in evaluation.nodes:
        for array in (use.tokens_in, use.tokens_out, use.flops, use.picodollars):
            assert array.shape == (3,)
            assert array.dtype == np.int64
            assert not array.flags.writeable
            assert (array > 0).all() == (use.model is not None)
    assert not evaluation.scores.flags.writeable
    assert not evaluation.latency_ns.flags.writeable


def test_scores_statuses_and_answers_agree_with_the_grader(math):
    task = SyntheticTask("synthetic_math")
    evaluation = one(math, single(SMALL))
    grades = task.grade(task.questions("search"), [answer or "" for answer in evaluation.answers])
    assert tuple(grade.status for grade in grades) == evaluation.statuses
    assert [grade.score for grade in grades] == evaluation.scores.tolist()
    assert {"correct", "wrong"} <= set(evaluation.statuses)


PROBE = """
import hashlib
from test_synthetic import MIXED, POOL, SyntheticEvaluator, SyntheticTask, one
evaluation = one(SyntheticEvaluator(SyntheticTask("synthetic_qa"), POOL), MIXED)
print(hashlib.sha256(repr((evaluation.answers, evaluation.latency_ns.tolist())).encode()).hexdigest())
"""


def test_another_process_draws_the_same(subjects):
    evaluation = one(subjects["qa"], MIXED)
    here = hashlib.sha256(repr((evaluation.answers, evaluation.latency_ns.tolist())).encode()).hexdigest()
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


FIRST_WORLD = {
    "math": "2f617b1487b498981b351865c404ba0ac9ca31d545c5524d53a35cbe2767b9d8",
    "code": "2e5966f4a4adf15949d945993622c878f655555b9375ccfa6443f2ebf7ae4984",
    "qa": "82db22345bad9b46a805e7ef3cc6a186293d2e40c470ecfc2414669157627434",
}


@pytest.mark.parametrize("name", FIRST_WORLD)
def test_the_first_world_stays_as_it_is(subjects, name):
    """Published results of synthetic-v1 were drawn from it: a change must be a new world instead."""
    without_vote = Graph(
        [node if node.role != "vote" else Node("v", "fuser", SMALL) for node in MIXED.nodes], MIXED.edges
    )
    evaluation = one(subjects[name], without_vote if name == "code" else MIXED)
    drawn = (
        evaluation.question_ids,
        evaluation.answers,
        evaluation.latency_ns.tolist(),
        [(use.key, use.tokens_in.tolist(), use.flops.tolist(), use.picodollars.tolist()) for use in evaluation.nodes],
    )
    assert hashlib.sha256(repr(drawn).encode()).hexdigest() == FIRST_WORLD[name]


def test_another_world_is_another_draw(math):
    other = SyntheticEvaluator(SyntheticTask("synthetic_math"), POOL, replace(FIRST, label="other"))
    evaluations = one(math, MIXED), one(other, MIXED)
    assert not {use.key for use in evaluations[0].nodes} & {use.key for use in evaluations[1].nodes}
    tired = SyntheticEvaluator(SyntheticTask("synthetic_math"), POOL, replace(FIRST, fatigue=4.0))
    assert accuracy(tired, chain(SMALL, 6)) < accuracy(math, chain(SMALL, 6)) - 0.05


def test_renumbered_graphs_draw_the_same(math):
    names = {"a": "z", "b": "y", "c": "x", "v": "w", "f": "u", "s": "t"}
    nodes = [Node(names[node.id], node.role, node.model) for node in reversed(MIXED.nodes)]
    other = Graph(nodes, [(names[a], names[b]) for a, b in reversed(MIXED.edges)])
    assert same(one(math, MIXED), one(math, other))


def test_a_node_in_two_graphs_says_the_same_in_both(math):
    short, long = one(math, chain(SMALL, 2)), one(math, chain(SMALL, 3))
    for first, second in zip(short.nodes, long.nodes, strict=False):
        assert first.key == second.key
        assert (first.tokens_out == second.tokens_out).all()
    # A vote of one passes its answer on: what the shared node said is the same, not only how long it was.
    voted = Graph([*chain(SMALL, 2).nodes, Node("v", "vote")], [*chain(SMALL, 2).edges, ("a2", "v")])
    assert one(math, voted).answers == short.answers


def test_replicas_and_universes_are_independent_draws(math):
    replicas = one(math, parallel(SMALL, 2, sink="fuser")).nodes
    assert (replicas[0].tokens_out != replicas[1].tokens_out).mean() > 0.9
    first, second = (one(math, single(SMALL), universe=universe) for universe in (0, 1))
    assert 0 < (first.scores != second.scores).mean() < 0.6


def test_questions_can_be_asked_in_any_order_and_number(math):
    whole, part = one(math, MIXED), one(math, MIXED, [7, 3, 150])
    assert part.answers == tuple(whole.answers[i] for i in (7, 3, 150))
    assert (part.latency_ns == whole.latency_ns[[7, 3, 150]]).all()
    assert same(whole, one(math, MIXED, tuple(range(200))))


def test_a_batch_is_its_parts(math):
    graphs = [single(SMALL), MIXED, single(SMALL)]
    batch = math.evaluate(graphs, range(50), 1, "search")
    assert [evaluation.graph for evaluation in batch] == graphs
    assert all(same(evaluation, one(math, evaluation.graph, range(50), 1)) for evaluation in batch)


def test_many_universes_at_once_are_the_same_draws(math):
    scores, latencies = math.outcomes(MIXED, [4, 9], "test")
    for row, universe in enumerate((4, 9)):
        evaluation = one(math, MIXED, range(500), universe, "test")
        assert (scores[row] == evaluation.scores).all()
        assert (latencies[row] == evaluation.latency_ns).all()


def test_costs_are_those_of_the_cost_module(math):
    evaluation = one(math, MIXED)
    tokens = {use.node: use for use in evaluation.nodes}
    ready = {}
    for use in evaluation.nodes:
        inputs = MIXED.predecessors(use.node)
        before = np.max([ready[name] for name in inputs], axis=0) if inputs else 0
        if use.model is None:
            ready[use.node] = before
            continue
        card = POOL[use.model]
        assert (use.flops == generation_flops(card, use.tokens_in, use.tokens_out)).all()
        assert (use.picodollars == picodollars(card, use.tokens_in, use.tokens_out)).all()
        ready[use.node] = before + nanoseconds(card, use.tokens_in, use.tokens_out)
        question = tokens["a"].tokens_in
        written = sum(tokens[name].tokens_out if tokens[name].model else 300 for name in inputs)
        assert (use.tokens_in == question + written).all()
    assert (evaluation.latency_ns == ready["s"]).all()


def test_mean_lengths_are_the_nominal_ones(subjects):
    for name, subject in subjects.items():
        out = [one(subject, single(model)).tokens_out.mean() for model in POOL.names]
        inside = one(subject, single(SMALL)).tokens_in.mean()
        assert np.mean(out) == pytest.approx(DOMAINS[name].answer, rel=0.12)
        assert inside == pytest.approx(DOMAINS[name].question, rel=0.12)


answer_codes = st.lists(st.integers(RIGHT, NOTHING), min_size=1, max_size=7)


@given(st.lists(answer_codes, min_size=1, max_size=5).filter(lambda rows: len({len(row) for row in rows}) == 1))
def test_a_vote_is_the_executors_plurality(columns):
    seen = np.array(columns, dtype=np.int8).T
    for column, winner in zip(columns, votes.plurality_codes(seen, NOTHING).tolist(), strict=True):
        answers = [None if code == NOTHING else str(code) for code in column]
        assert str(winner) == votes.plurality([str(code) for code in column], answers)


def test_models_alone_are_as_able_as_the_coefficients_say(subjects):
    for name, subject in subjects.items():
        for model in POOL.names:
            # Both splits are samples of questions; what runs into the token limit is lost.
            assert accuracy(subject, single(model), 4) == pytest.approx(ABILITIES[model].alone[name], abs=0.06)


def test_relatives_fail_together(subjects):
    """More than strangers do, beyond what the questions' difficulty explains."""
    for subject in subjects.values():
        means = {
            model: subject.outcomes(single(model), range(64), "test")[0].mean(axis=0)
            for model in ("sim-a-3b", LARGE, "sim-b-4b", "sim-b-9b")
        }
        agree = np.corrcoef(np.stack(list(means.values())))
        assert min(agree[0, 1], agree[2, 3]) > max(agree[0, 2], agree[0, 3], agree[1, 2], agree[1, 3])


def test_an_assistant_repairs_and_spoils(math):
    before = one(math, single(SMALL)).scores
    after = one(math, chain(SMALL, 2)).scores
    repaired, spoilt = after[before == 0].mean(), 1 - after[before == 1].mean()
    assert 0.05 < repaired < 0.5
    assert 0.02 < spoilt < 0.4


def test_a_better_fuser_and_better_inputs_are_better(subjects):
    for subject in subjects.values():
        weak = accuracy(subject, parallel("sim-a-3b", 3, "fuser", "sim-a-1b"))
        strong = accuracy(subject, parallel("sim-a-3b", 3, "fuser", "sim-b-9b"))
        assert accuracy(subject, parallel("sim-a-1b", 3, "fuser", "sim-b-9b")) < strong
        assert weak < strong


def test_a_vote_gains_with_samples_where_there_is_no_favourite_mistake(math):
    values = [accuracy(math, parallel(LARGE, count)) for count in (1, 3, 9)]
    assert values == sorted(values)
    assert values[-1] > values[0] + 0.05


@pytest.mark.parametrize("questions", [[], [200], [-1], [0.5], [[0]], ["0"]])
def test_wrong_questions_are_refused(math, questions):
    with pytest.raises(InputError):
        math.evaluate([single(SMALL)], questions, 0, "search")


def test_what_it_does_not_know_is_refused(math, subjects):
    with pytest.raises(UnknownName, match="sim-a-1b"):
        one(math, single("sim-a-2b"))
    with pytest.raises(UnknownName):
        SyntheticEvaluator(SyntheticTask("synthetic_math"), toy_pool())
    with pytest.raises(InputError, match="split"):
        one(math, single(SMALL), split="validation")
    with pytest.raises(InputError, match="compared"):
        one(subjects["code"], parallel(SMALL, 3))


def test_synthetic_tasks_are_tasks():
    for name in SYNTHETIC_TASKS:
        task: Task = SyntheticTask(name)
        ids = [question.id for split in task.card.splits for question in task.questions(split)]
        assert len(set(ids)) == len(ids) == 700
        assert "imulated" in task.card.description
        assert all("imulated" in question.text for question in task.questions("search"))
        assert task.card.votable == (task.card.domain != "code")
    with pytest.raises(UnknownName):
        SyntheticTask("synthetic_poetry")


def test_shapes_of_many_nodes_work(math):
    for graph in (layered([["sim-a-1b"] * 4, ["sim-b-4b"] * 3], LARGE), parallel_chains(SMALL, 6, 3)):
        assert 0.2 < one(math, graph).accuracy < 0.9
