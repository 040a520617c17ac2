"""What a pilot's answers say about a task."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.publish.recording.gates import Answers, gates, graph_values, pass_at, vote_of, vote_values


def made(chances: dict[str, list[float]], rows: int = 60, seed: int = 0) -> Answers:
    """Each model's samples are right (code 0) with its chance, else one of five wrong answers."""
    rng = np.random.default_rng(seed)
    columns = [chance for own in chances.values() for chance in own]
    codes = np.where(rng.random((rows, len(columns))) < columns, 0, rng.integers(1, 6, (rows, len(columns))))
    starts = np.cumsum([0, *map(len, chances.values())])
    samples = {model: list(range(a, b)) for model, a, b in zip(chances, starts, starts[1:], strict=False)}
    return Answers(codes, codes == 0, np.arange(rows), np.arange(rows), samples, {}, {})


def test_a_vote_shares_its_credit_among_tied_answers_and_needs_an_answer():
    codes = np.array([[0, 0, 1], [0, 1, 2], [-1, -1, 1], [-1, -1, -1]])
    answers = Answers(codes, codes == 0, np.arange(4), np.arange(4), {"m": [0, 1, 2]}, {}, {})
    assert vote_values(answers, [0, 1, 2]) == pytest.approx([1, 1 / 3, 0, 0])
    assert vote_of(answers, "m", 1) == pytest.approx([2 / 3, 1 / 3, 0, 0])


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=6), st.integers(1, 5))
def test_pass_at_k_is_the_mean_over_all_choices_of_k(rows, k):
    right = np.array(rows)
    drawn = [right[:, list(chosen)].any(axis=1).mean() for chosen in itertools.combinations(range(5), k)]
    assert pass_at(right, k) == pytest.approx(np.mean(drawn))


def test_all_votes_over_first_samples_are_graphs_and_those_alone_are_second_level_nodes():
    answers = made({"s": [0.3, 0.3], "l": [0.6, 0.6, 0.9]})
    answers = replace(answers, samples={"s": [0, 1], "l": [2, 3]}, second={"fuser": 4})
    values, graphs = graph_values(answers)
    assert len(values) == len(graphs) == 3 * 3 * 2 - 1
    by_graph = dict(zip(graphs, values, strict=True))
    assert by_graph[(0, 0), "fuser"] == pytest.approx(answers.right[:, 4].astype(float))
    assert by_graph[(1, 2), None] == pytest.approx(vote_values(answers, [0, 2, 3]))
    assert by_graph[(2, 1), "fuser"] == pytest.approx(vote_values(answers, [0, 1, 2, 4]))


def test_gates_open_where_votes_help_and_not_where_all_is_chance():
    useful = gates(made({"s": [0.4] * 4, "l": [0.5] * 6}, rows=300), np.random.default_rng(1))
    assert useful[0].passed
    assert useful[1].passed
    chance = gates(made({"s": [0.02] * 4, "l": [0.02] * 4}), np.random.default_rng(1))
    assert not chance[0].passed
    assert not chance[1].passed


def test_halves_keep_groups_of_questions_together():
    """On each of six templates another node is right: what is best on three of them is of no use on the others."""
    group, rows = np.repeat(np.arange(6), 10), np.arange(60)
    codes = np.where(np.arange(7) == group[:, None], 0, 1 + np.arange(7))
    nodes = {f"f{number}": number for number in range(6)}
    loose = Answers(codes, codes == 0, rows, rows, {"m": [6]}, nodes, {})
    gaps = [gates(one, np.random.default_rng(0))[0].value for one in (loose, replace(loose, groups=group))]
    assert gaps[0] > 5
    assert gaps[1] == 0
