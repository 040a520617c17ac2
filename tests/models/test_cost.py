"""Cost: the formulas against sums over single tokens, the paper's figures, nominal graphs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.errors import InputError, UnknownName
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, parallel, single
from ttgbench.models.cost import (
    Cost,
    generation_cost,
    generation_flops,
    nanoseconds,
    nominal_cost,
    picodollars,
    unit_flops,
)
from ttgbench.models.pool import load_pool, pool_names
from ttgbench.tasks.task import Lengths

PAPER = load_pool("paper")
ONE_B = PAPER["llama-3.2-1b"]
MATH = Lengths(202, 275)
tokens = st.integers(0, 10**5)
cards = st.sampled_from([card for name in pool_names() for card in load_pool(name)])


@pytest.mark.parametrize(
    ("lengths", "flops"),
    [
        (Lengths(202, 275), 968_942_601_216),
        (Lengths(213, 215), 868_033_196_032),
        (Lengths(180, 115), 595_722_603_520),
    ],
)
def test_figures_of_the_paper(lengths, flops):
    assert generation_flops(ONE_B, lengths.question, lengths.answer) == flops
    assert nominal_cost(single("llama-3.2-1b"), PAPER, lengths).total.flops == flops
    assert unit_flops(PAPER, lengths) == flops


@given(cards, st.integers(0, 60), st.integers(0, 60))
def test_flops_are_a_sum_over_tokens(card, n_p, n_d):
    def one(position):
        return 2 * card.parameters + 4 * card.layers * card.hidden_size * position

    assert generation_flops(card, n_p, n_d) == sum(one(i + 1) for i in range(n_p + n_d))


@pytest.mark.parametrize("function", [generation_flops, picodollars, nanoseconds])
@given(cards, st.lists(st.tuples(tokens, tokens), max_size=5))
def test_arrays_agree_with_integers(function, card, pairs):
    n_p, n_d = (np.array([pair[i] for pair in pairs], dtype=np.int64) for i in (0, 1))
    result = function(card, n_p, n_d)
    assert result.dtype == np.int64
    assert result.tolist() == [function(card, p, d) for p, d in pairs]


def test_a_scalar_and_an_array_broadcast():
    assert generation_flops(ONE_B, np.array([[1], [2]]), 3).shape == (2, 1)
    assert generation_flops(ONE_B, np.int64(7), np.uint8(3)) == generation_flops(ONE_B, 7, 3)


def test_integers_have_no_upper_limit_and_arrays_refuse_to_overflow():
    assert generation_flops(ONE_B, 10**12, 10**12) > 2**63
    with pytest.raises(InputError, match="64 bits"):
        generation_flops(ONE_B, np.array([5, 10**12]), np.array([5, 10**12]))


@pytest.mark.parametrize("wrong", [-1, 1.5, "7", None, np.array([1.0]), np.array([-1]), np.array([2**63], np.uint64)])
def test_what_is_no_count_of_tokens_is_refused(wrong):
    for arguments in ((wrong, 1), (1, wrong)):
        with pytest.raises(InputError, match=r"n_[pd]: must be"):
            generation_flops(ONE_B, *arguments)


@given(cards, tokens, tokens, tokens)
def test_prices_and_times_are_linear_and_exact(card, a, b, c):
    for function in (picodollars, nanoseconds):
        assert function(card, a + b, c) == function(card, a, c) + function(card, b, 0)
    assert picodollars(card, 10**6, 0) == pytest.approx(card.price_in * 1e12, rel=1e-9)
    assert nanoseconds(card, 0, 10**6) == pytest.approx(1e15 / card.decode_speed, rel=1e-4)


def test_costs_add_up():
    a, b = generation_cost(ONE_B, 5, 7), generation_cost(ONE_B, 11, 13)
    assert a + b == b + a
    assert (a + b).tokens_in == 16
    assert sum([a, b], start=Cost()).flops == a.flops + b.flops


def test_a_node_reads_the_question_and_one_answer_per_predecessor():
    cost = nominal_cost(parallel("llama-3.2-1b", 3, "fuser", "llama-3.1-8b"), PAPER, MATH)
    eight = PAPER["llama-3.1-8b"]
    assert cost.nodes["fuser"] == generation_cost(eight, 202 + 3 * 275, 275)
    assert cost.total.flops == 3 * generation_flops(ONE_B, 202, 275) + cost.nodes["fuser"].flops
    assert cost.total.tokens_out == 4 * 275


def test_a_vote_is_free_and_its_output_is_read_like_any_other():
    votes = [Node("v", "vote"), Node("a", "assistant", "llama-3.2-1b"), Node("z", "assistant", "llama-3.2-1b")]
    cost = nominal_cost(Graph(votes, [("a", "v"), ("v", "z")]), PAPER, MATH)
    assert cost.nodes["v"] == Cost()
    assert cost.nodes["z"] == generation_cost(ONE_B, 202 + 275, 275)
    assert list(cost.nodes) == ["v", "a", "z"]


def test_latency_is_the_longest_path():
    wide, deep = (nominal_cost(g, PAPER, MATH) for g in (parallel("gemma-2b", 5), chain("gemma-2b", 5)))
    assert wide.total.nanoseconds == wide.nodes["a1"].nanoseconds
    assert deep.total.nanoseconds == sum(node.nanoseconds for node in deep.nodes.values())


def test_an_unknown_model_has_no_price():
    with pytest.raises(UnknownName, match=r"llama-3\.2-1b"):
        nominal_cost(single("llama-3.2-1bb"), PAPER, MATH)
