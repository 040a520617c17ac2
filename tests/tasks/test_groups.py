"""Groups of questions: labels that are none are refused, and a group is in one split whole."""

import itertools
import json
import random
from collections import defaultdict

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError
from ttgbench.tasks.file import SplitPlan
from ttgbench.tasks.groups import choose, group_of
from ttgbench.tasks.splits import plan_splits, splits_hash

TEXTS = [{"question": f"Question {i}?", "kind": "abc"[i % 3 and 1 + i % 2]} for i in range(90)]
PARTS = {
    "rest": {"search": ("train", 30), "validation": ("train", 20), "test": ("train", 0)},
    "too many": {"search": ("train", 300), "validation": ("train", 500), "test": ("train", 0)},
    "two sources": {"search": ("train", 30), "validation": ("train", 10), "test": ("test", 0)},
}
SOURCES = {"train": TEXTS, "test": [{"question": f"Question {2 * i}?", "kind": "x"} for i in range(40)]}


def plan_of(parts):
    return {name: SplitPlan(**{"from": source, "count": count}) for name, (source, count) in parts.items()}


def planned(plan, sources):
    return dict(plan_splits(plan, sources.__getitem__, lambda d: d["question"], lambda d: d.get("kind"), "task@1"))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ("rest", "bf7f7701c2354fd668304c87b403b4f7939217f0ada3c6d9b99bc255debcfba0"),
        ("too many", "76f741b2cd1eb9aa9cdbf8ad0c3b70fa759c0f4e02e674c3897d59bd6647eec5"),
        ("two sources", "6936b7640a357c72d36110624a288a806bac3dcb4e73331cbe8ddcaaec4d1b69"),
    ],
)
def test_questions_without_groups_are_where_they_were_before_there_were_any(parts, expected):
    plain = planned(plan_of(PARTS[parts]), SOURCES)
    assert splits_hash([row for rows in plain.values() for row in rows]) == expected
    empty = {
        name: [{**doc, "cluster": [None, "", " "][i % 3]} for i, doc in enumerate(docs)]
        for name, docs in SOURCES.items()
    }
    assert planned(plan_of(PARTS[parts]), empty) == plain


def test_one_split_of_a_source_needs_no_whole_groups():
    parts = {"search": ("train", 31), "test": ("test", 0)}
    grouped = {**SOURCES, "train": [{**doc, "cluster": i % 7} for i, doc in enumerate(TEXTS)]}
    assert planned(plan_of(parts), grouped) == planned(plan_of(parts), SOURCES)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_group_is_in_one_split_whole_wherever_its_documents_stand(data):
    labels = data.draw(st.lists(st.sampled_from([None, *range(12)]), min_size=20, max_size=60))
    docs = [{"question": f"Q{i}?", "kind": "ab"[i % 2], "cluster": label} for i, label in enumerate(labels)]
    parts = data.draw(
        st.sampled_from([PARTS["rest"], {"search": ("train", 8), "test": ("train", 0)}, PARTS["too many"]])
    )
    plan = plan_of(parts)
    if len({label if label is not None else f"own {i}" for i, label in enumerate(labels)}) < len(plan):
        return
    splits = planned(plan, {"train": docs})
    assert all(splits.values())
    assert sorted(row.row for rows in splits.values() for row in rows) == list(range(len(docs))), (
        "the open one has the rest"
    )
    homes = defaultdict(set)
    for name, rows in splits.items():
        for row in rows:
            if labels[row.row] is not None:
                homes[labels[row.row]].add(name)
    assert all(len(names) == 1 for names in homes.values())
    shuffled = planned(plan, {"train": random.Random(1).sample(docs, len(docs))})
    assert {name: [row.sha256 for row in rows] for name, rows in shuffled.items()} == {
        name: [row.sha256 for row in rows] for name, rows in splits.items()
    }


def test_sizes_are_those_asked_for_where_groups_allow_and_prefixes_hold_the_strata():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(100), rng.integers(1, 9, 100))
    docs = [{"question": f"Q{i}?", "kind": "ab"[label % 2], "cluster": int(label)} for i, label in enumerate(labels)]
    parts = {"search": ("train", 120), "validation": ("train", 60), "test": ("train", 0)}
    splits = planned(plan_of(parts), {"train": docs})
    assert [len(splits[name]) for name in parts] == [120, 60, len(docs) - 180]
    for rows in splits.values():
        share = sum(row.stratum == "a" for row in rows) / len(rows)
        assert 0.3 < share < 0.7
        for size in (10, 20, 40):
            assert abs(sum(row.stratum == "a" for row in rows[:size]) - size * share) <= 1.5
    assert len({labels[row.row] for row in splits["test"][:40]}) > 20, "groups take turns, too"


def test_fewer_groups_than_splits_are_refused():
    docs = [{"question": f"Q{i}?", "cluster": "one"} for i in range(5)]
    with pytest.raises(InputError, match=r"task@1: train, column 'cluster': groups of questions: 1, splits: 2"):
        planned(plan_of({"search": ("train", 2), "test": ("train", 0)}), {"train": docs})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 50), st.integers(0, 2))
def test_no_choice_of_groups_is_nearer(sizes, wanted, spare):
    if len(sizes) <= spare:
        return
    chosen = choose(sizes, wanted, spare)
    assert chosen == sorted(set(chosen))
    assert 1 <= len(chosen) <= len(sizes) - spare
    choices = itertools.chain(*(itertools.combinations(sizes, n) for n in range(1, len(sizes) - spare + 1)))
    assert abs(sum(sizes[place] for place in chosen) - wanted) == min(abs(sum(some) - wanted) for some in choices)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4000), st.integers(0, 2))
def test_many_groups_are_chosen_from_the_first_on(seed, wanted, spare):
    sizes = np.random.default_rng(seed).integers(1, 9, 600).tolist()
    chosen = choose(sizes, wanted, spare)
    found = sum(sizes[place] for place in chosen)
    assert found == min(wanted, sum(sizes) - sum(sorted(sizes)[:spare])) or wanted > sum(sizes) - 9 * (spare + 1)
    assert len(sizes) - len(chosen) >= spare
    assert chosen[: len(chosen) - 64] == list(range(len(chosen) - 64)) or len(chosen) <= 64


def test_groups_of_millions_are_chosen_as_nearly_and_at_once():
    assert sum([10**6] * 200) / 2 == sum(10**6 for _ in choose([10**6] * 200, 10**8, 1))
    sizes = [10**6 + n for n in range(200)]
    assert abs(sum(sizes[place] for place in choose(sizes, 10**8, 1)) - 10**8) <= 10**6


@pytest.mark.parametrize(("sizes", "spare"), [([5], 1), ([], 0), ([1, 0], 1)])
def test_what_cannot_be_chosen_from_is_one_error(sizes, spare):
    with pytest.raises(ValueError, match=f"{len(sizes)} groups; it takes more than the {spare} to be left"):
        choose(sizes, 3, spare)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("a text", "a text"),
        (" a ", "a"),
        (7, "7"),
        (7.0, "7"),
        (0, "0"),
        (-1, "-1"),
    ],
)
def test_what_a_label_is(value, label):
    assert group_of({"cluster": value}) == label
    assert group_of({}) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (["a"], "list"),
        ({"a": 1}, "dict"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (1.5, r"1\.5"),
        (True, "True"),
        (False, "False"),
    ],
)
@pytest.mark.parametrize("made", [False, True])
def test_what_is_no_label_is_one_line_that_names_file_row_and_column(tmp_path, value, shown, made):
    rows = [{"question": f"{n} + 1?", "answer": n + 1, "cluster": "a" if n else None} for n in range(4)]
    rows[2]["cluster"] = value
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    message = rf"questions\.jsonl: row 3, column 'cluster': must be text or a whole number .*, not {shown}$"
    parts = {"search": {"from": "questions", "count": 2}, "test": {"from": "questions"}}
    block = {"ttgbench": {"grader": "number", "splits": parts}}
    file = {"task": "mine", "doc_to_text": "question", "doc_to_target": "answer", "metadata": block}
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(file))
    command = ["new", "mine", "--from", path, "--in", tmp_path] if made else ["questions", tmp_path]
    with pytest.raises(InputError, match=message):
        run("task", *command)
    assert not (tmp_path / "mine").exists()


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, InputError):
        raise result.exception
    return result


def task_of(folder, rows, options=()):
    folder.mkdir()
    path = folder / "q.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("task", "new", "mine", "--from", path, "--in", folder, *options)
    return folder / "mine"


def findings(folder):
    found = json.loads(run("task", "check", folder, "--json").stdout)["findings"]
    return {(each["level"], each["about"]): each["message"] for each in found}


def test_a_check_counts_groups_and_warns_where_one_is_torn(tmp_path):
    rows = [
        {"question": f"What is {n} + 1?", "answer": n + 1, "cluster": n // 3 if n < 18 else None} for n in range(20)
    ]
    whole = task_of(tmp_path / "whole", rows)
    said = findings(whole)
    assert said["ok", "groups"] == "20 questions in 8 groups: search 8 in 4, test 12 in 4"
    assert ("warning", "search and test") not in said

    torn = task_of(tmp_path / "torn", rows)
    lines = (torn / "questions.jsonl").read_text().splitlines(keepends=True)
    (torn / "train.jsonl").write_text("".join(lines[:7]))
    (torn / "test.jsonl").write_text("".join(lines[7:]))
    file = yaml.safe_load((torn / "task.yaml").read_text())
    file["metadata"]["ttgbench"]["splits"] = {"search": {"from": "train"}, "test": {"from": "test"}}
    (torn / "task.yaml").write_text(yaml.safe_dump(file))
    said = findings(torn)
    assert said["ok", "groups"] == "20 questions in 8 groups: search 7 in 3, test 13 in 6"
    assert said["warning", "search and test"] == "groups in both: 2"


def test_a_check_warns_where_one_group_is_nearly_all(tmp_path):
    rows = [{"question": f"What is {n} + 1?", "answer": n + 1, "cluster": "all" if n < 45 else n} for n in range(50)]
    said = findings(task_of(tmp_path / "huge", rows))
    assert said["ok", "groups"] == "50 questions in 6 groups: search 5 in 5, test 45 in 1"
    assert said["warning", "search"] == (
        "5 questions where the plan has 20: groups stay whole; the largest group holds 1 of them"
    )
    assert said["warning", "test"] == (
        "its groups weigh as 1.0 of one size: intervals will be wide; the largest group holds 45 of them"
    )


def test_a_task_of_one_group_is_refused_before_anything_is_written(tmp_path):
    rows = [{"question": f"What is {n} + 1?", "answer": n + 1, "cluster": "all"} for n in range(4)]
    with pytest.raises(InputError, match="puts all questions into one group"):
        task_of(tmp_path / "one", rows)
    assert not (tmp_path / "one" / "mine").exists()
