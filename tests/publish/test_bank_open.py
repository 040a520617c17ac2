"""Of what is shipped of the pilot every graph is looked up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ttgbench.errors import InputError, UnknownName
from ttgbench.graphs.shapes import mixture_of_agents, parallel
from ttgbench.problems.bank.plan import load_bank, segments
from ttgbench.publish.recording.bank_open import open_bank, opened

PILOT = Path(__file__).parents[2] / "benchmark" / "recording" / "pilot-small-v1"
PLAN = load_bank(PILOT.with_suffix(".yaml"))
L = "qwen2.5-coder-1.5b"


@pytest.fixture(scope="module")
def bank():
    with open_bank(PLAN, PILOT, "gsm_symbolic") as one:
        yield one


def test_segments_of_one_split_alone_are_opened_together(tmp_path):
    first = next(segments(PLAN))
    for finished in ([], [first, replace(first, split="test")]):
        with pytest.raises(InputError, match="one of its splits"), opened(PLAN, tmp_path, finished):
            pass


def test_the_best_of_all_its_graphs_is_known(bank):
    space, evaluator = bank.space("60 units"), bank.evaluator()
    graphs = list(space.enumerate())
    values = [each.accuracy for each in evaluator.evaluate(graphs, bank.asked(0), 0, bank.split)]
    best = graphs[int(np.argmax(values))]
    assert max(values) >= 0.6 - 1e-9
    assert best.model_counts[L] == 4


def test_a_vote_is_worth_what_the_table_says(bank):
    """Mean over all choices of three of four answers."""
    [vote] = bank.evaluator(draws=100).evaluate([parallel(L, 3)], bank.asked(0), 0, bank.split)
    assert vote.accuracy == pytest.approx(0.526, abs=5e-4)


def test_graphs_of_the_open_space_are_projected(bank):
    space = bank.space("60 units")
    graph = mixture_of_agents(3, aggregator=L, layers=2)
    assert space.contains(graph) is not None
    assert space.contains(space.project(graph)) is None


def test_a_task_without_segments_and_one_that_the_plan_lacks_are_refused(tmp_path):
    with pytest.raises(InputError, match="no finished segment of pilot-small-v1"), open_bank(PLAN, PILOT, "logic_qa"):
        pass
    with pytest.raises(UnknownName, match="gsm_symbolic"), open_bank(PLAN, PILOT, "gsm_symbolik"):
        pass
