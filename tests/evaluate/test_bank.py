"""A bank's graphs are answered by look-ups: as a replay answers them, and votes as the mean over what is alike."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from ttgbench.engines.base import Sampling
from ttgbench.errors import InputError, MissingGeneration
from ttgbench.evaluate.bank import BankEvaluator
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Store
from ttgbench.evaluate.votes import vote_credit
from ttgbench.graphs.bank import BankNodes, SecondNode, counted_nodes
from ttgbench.graphs.shapes import chain
from ttgbench.testing import ScriptedEngine, ToyTask, toy_pool

S, L = "small", "large"
BANK = BankNodes(
    {S: 4, L: 3}, (SecondNode("fuser", L, (L, L)), SecondNode("fuser", S, (L, S)), SecondNode("assistant", L, (S,)))
)
QUESTIONS = range(40)


def answer(request):
    """Right on half of the draws, else one of three wrong numbers, seldom none."""
    prompt = request.prompt.text or "".join(message.content for message in request.prompt.messages)
    a, b = map(int, re.findall(r"What is (\d) \+ (\d)", prompt)[-1])
    if request.seed % 13 == 0:
        return "I do not know."
    return f"{'.' * (request.seed % 30)} {a + b + max(0, request.seed % 7 - 3)}"


@pytest.fixture(scope="module")
def recorded():
    """A replay of what the toy models said, for universes 0 and 1 of the search split."""
    task, store, engine = ToyTask(40), Store(), ScriptedEngine(answer)
    live = GenerationEvaluator(task, toy_pool(), Sampling(max_tokens=16), store, {S: engine, L: engine})
    for universe in range(2):
        live.evaluate(BANK.recorded(), QUESTIONS, universe, "search")
    live.close()
    replay = GenerationEvaluator(task, toy_pool(), Sampling(max_tokens=16), store)
    yield replay, task, store
    replay.close()


def ballots():
    return [b for b in itertools.product(range(5), range(4), *[range(2)] * 3) if any(b) and sum(b[2:]) <= 2]


def columns(ballot):
    """First samples, then second-level nodes."""
    chosen = [BANK.first_second + at for at, flag in enumerate(ballot[2:]) if flag]
    return [*range(ballot[0]), *range(4, 4 + ballot[1]), *chosen]


def counted_keys(evaluation):
    """What is voted on, and everything that runs a model."""
    counted = counted_nodes(evaluation.graph)
    models = {use.key for use in evaluation.nodes if use.model}
    return models, {use.key for use in evaluation.nodes if use.node in counted}


def test_nodes_alone_and_votes_without_ties_are_what_a_replay_says(recorded):
    replay, task, store = recorded
    bank = BankEvaluator(replay, task, store, BANK)
    compared = 0
    for ballot in ballots():
        graph = BANK.graph(ballot)
        [found] = bank.evaluate([graph], QUESTIONS, 1, "search")
        try:
            [said] = replay.evaluate([graph], QUESTIONS, 1, "search")
        except MissingGeneration:  # its readers read samples that a live run would have numbered otherwise
            continue
        if counted_keys(said) != counted_keys(found):
            continue  # a live vote counts other samples that are alike
        sure = np.isin(found.scores, (0.0, 1.0))
        assert (found.scores == said.scores)[sure].all()
        assert (found.latency_ns == said.latency_ns).all()
        for name in ("flops", "tokens_in", "tokens_out", "picodollars"):
            assert (getattr(found, name) == getattr(said, name)).all()
        if sum(ballot) == 1:
            assert (found.answers, found.statuses) == (said.answers, said.statuses)
        compared += 1
    assert compared > 20


def test_a_vote_scores_the_share_of_right_answers_among_the_most_frequent(recorded):
    replay, task, store = recorded
    bank = BankEvaluator(replay, task, store, BANK)
    alone = [BANK.graph(tuple(np.eye(5, dtype=int)[at])) for at in range(5)]
    bank.evaluate(alone, QUESTIONS, 0, "search")
    table = bank._tables[0, "search"]
    for ballot in ballots():
        [found] = bank.evaluate([BANK.graph(ballot)], QUESTIONS, 0, "search")
        expected = vote_credit(table.codes, table.right, columns(ballot))
        assert found.scores == pytest.approx(expected)
        assert [status == "correct" for status in found.statuses] == (expected >= 0.5).tolist()


@pytest.mark.parametrize(
    ("ballot", "alike"),
    [
        ((2, 0, 0, 0, 0), [[a, b] for a, b in itertools.combinations(range(4), 2)]),
        ((2, 0, 0, 1, 0), [[0, b, 8] for b in (1, 2, 3)]),
        ((0, 1, 1, 0, 0), [[4, 7], [5, 7]]),
        ((0, 1, 1, 1, 0), [[4, 7, 8]]),
        ((1, 3, 1, 0, 0), [[a, 4, 5, 6, 7] for a in range(4)]),
    ],
)
def test_scores_are_the_mean_over_all_samples_that_are_alike_to_the_graph(recorded, ballot, alike):
    """Of samples that a second-level node reads, those stay; within what it reads they change places."""
    replay, task, store = recorded
    bank = BankEvaluator(replay, task, store, BANK, draws=1000)
    [found] = bank.evaluate([BANK.graph(ballot)], QUESTIONS, 0, "search")
    table = bank._tables[0, "search"]
    expected = np.mean([vote_credit(table.codes, table.right, drawn) for drawn in alike], axis=0)
    assert found.scores == pytest.approx(expected)
    few = BankEvaluator(replay, task, store, BANK, draws=2).evaluate([BANK.graph(ballot)], QUESTIONS, 0, "search")[0]
    again = BankEvaluator(replay, task, store, BANK, draws=2).evaluate([BANK.graph(ballot)], QUESTIONS, 0, "search")[0]
    assert few.scores.tolist() == again.scores.tolist()


def test_questions_are_looked_up_in_any_order_and_what_is_not_recorded_is_said(recorded):
    replay, task, store = recorded
    bank = BankEvaluator(replay, task, store, BANK)
    graph = BANK.graph((2, 1, 1, 0, 0))
    [part] = bank.evaluate([graph], [7, 3], 0, "search")
    [whole] = bank.evaluate([graph], QUESTIONS, 0, "search")
    assert part.scores.tolist() == whole.scores[[7, 3]].tolist()
    assert part.question_ids == tuple(whole.question_ids[at] for at in (7, 3))
    with pytest.raises(MissingGeneration, match="universe 2"):
        bank.evaluate([graph], QUESTIONS, 2, "search")
    with pytest.raises(InputError, match="indices from 0 to 39"):
        bank.evaluate([graph], [40], 0, "search")
    with pytest.raises(InputError, match="on such samples"):
        bank.evaluate([chain(L, 3)], QUESTIONS, 0, "search")
