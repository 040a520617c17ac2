"""Procedural tasks: the same mixture in every split, no question twice, a season moves the test split alone."""

from __future__ import annotations

import importlib.util
from collections import Counter

import pytest

from ttgbench.errors import InputError, MissingExtra
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.procedural import draw_splits, reasoning_gym_kind

SPLITS = {"search": (1, 20), "validation": (2, 10), "test": (3, 30)}


def adding(rng):
    a, b = rng.randrange(50), rng.randrange(50)
    return {"question": f"{a} + {b}", "answer": str(a + b)}


def doubling(rng):
    a = rng.randrange(500)
    return {"question": f"2 * {a}", "answer": str(2 * a)}


KINDS = {"adding": adding, "doubling": doubling}


def test_splits_hold_the_same_mixture_and_no_question_twice():
    drawn = draw_splits(KINDS, SPLITS)
    assert {split: len(rows) for split, rows in drawn.items()} == {"search": 20, "validation": 10, "test": 30}
    for rows in drawn.values():
        assert [row["stratum"] for row in rows] == ["adding", "doubling"] * (len(rows) // 2)
    asked = [row["question"] for rows in drawn.values() for row in rows]
    assert len(set(asked)) == len(asked)
    assert drawn == draw_splits(KINDS, SPLITS)


def test_a_season_draws_the_test_split_alone_anew():
    public, season = draw_splits(KINDS, SPLITS), draw_splits(KINDS, SPLITS, "a secret of some length")
    assert [public[split] == season[split] for split in SPLITS] == [True, True, False]


def test_examples_are_shown_and_never_asked():
    first = draw_splits({"adding": adding}, {"search": (1, 5)})["search"][0]
    examples = {"adding": [(first["question"], first["answer"])]}
    rows = draw_splits({"adding": adding}, {"search": (1, 5)}, examples=examples)["search"]
    assert first["question"] not in {row["question"] for row in rows}
    assert rows[0]["examples"] == f"{first['question']}\nAnswer: {first['answer']}\n\nQuestion: "


def test_a_kind_that_runs_out_of_questions_is_named():
    with pytest.raises(InputError, match="kind 'one' has no question left"):
        draw_splits({"one": lambda _: {"question": "the only one", "answer": ""}}, {"search": (1, 2)})


def test_questions_of_one_template_are_a_group():
    questions = load_task("gsm_symbolic").questions("search")
    templates = {question.cluster for question in questions}
    assert 60 < len(templates) <= 85
    common = Counter(question.cluster for question in questions).most_common(1)[0][0]
    same = [set(question.text.split()) for question in questions if question.cluster == common]
    assert len(same) > 3
    assert all(len(words & same[0]) > len(words) / 2 for words in same), "what is drawn anew are names and numbers"


def test_without_reasoning_gym_the_command_that_brings_it_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'ttgbench\[tasks\]'"):
        draw_splits({"aiw": reasoning_gym_kind("aiw")}, {"search": (1, 1)})
    with pytest.raises(MissingExtra, match=r"pip install 'ttgbench\[tasks\]'"):
        load_task("logic_qa").questions("search")
