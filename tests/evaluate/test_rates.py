"""How outputs relate to their prompts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ttgbench.engines.base import Sampling
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.rates import echoes, follows, node_rates
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.shapes import chain, parallel
from ttgbench.testing import ScriptedEngine, ToyTask, toy_pool

HASHES = "Write one short line for each step. Then write a last line that begins with #### and holds the number alone."
CARD = replace(ToyTask().card, answer_format=HASHES)


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("3 + 4 = 7\n#### 7", False),
        ("7\n\nThen write a last line that begins with #### and holds the number alone.", True),
        ("These answers were given independently:\n[1] 7\n[2] 7", False),  # five words
        ("Now write one solution, step by step", True),
        ("NOW  write one\nsolution: step by step", True),
        ("The first of them is right and the second is not.", False),
    ],
)
def test_an_echo_is_a_run_of_the_instructions_words(text, echo):
    assert echoes(text, "fuser", CARD, "v2") is echo


def test_questions_and_quoted_answers_are_no_echo():
    assert not echoes("How many apples are left when Tom eats three of them? Four.", "assistant", CARD, "v2")


@pytest.mark.parametrize(
    ("asked", "text", "followed"),
    [
        (HASHES, "so it is\n#### 12", True),
        (HASHES, "12 + 0 = 12\n####", False),
        (HASHES, "####\n12", False),
        (HASHES, "so it is 12", False),
        ('a last line that begins with "Answer:"', "**Answer:** 12", True),
        ('a last line that begins with "Answer:"', "12", False),
        ("put the final answer into \\boxed{}", "it is $\\boxed{3}$", True),
        ("Answer with one number.", "12", None),
    ],
)
def test_what_the_format_asks_for_is_looked_for(asked, text, followed):
    assert follows(text, replace(CARD, answer_format=asked)) is followed


def test_nodes_are_counted_by_what_they_are_and_once():
    engine = ScriptedEngine(lambda request: "Then 7. Now write one solution, step by step")
    store, task = Store(None), ToyTask()
    evaluator = GenerationEvaluator(task, toy_pool("small"), Sampling(), store, engines={"small": engine})
    graphs = [parallel("small", 2, "fuser"), chain("small", 2), parallel("small", 2, "vote")]
    evaluations = evaluator.evaluate(graphs, range(3), 0, "search")
    evaluator.close()
    found = [(r.role, r.informed, r.outputs, r.echoed, r.cut) for r in node_rates(evaluations, store, task.card, "v2")]
    assert found == [("assistant", False, 6, 0, 0), ("assistant", True, 3, 0, 0), ("fuser", True, 3, 3, 0)]
