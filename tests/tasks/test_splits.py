"""Splits: drawn by content, stratified, disjoint; kept in a manifest that refuses data which changed."""

import random
from collections import Counter

import pytest

from ttgbench.errors import InputError
from ttgbench.tasks.file import SplitPlan
from ttgbench.tasks.splits import (
    content_hash,
    fingerprint,
    pick,
    plan_splits,
    read_manifest,
    splits_hash,
    write_manifest,
)

DOCS = [{"question": f"Question {i}?", "kind": "abc"[i % 3 and 1 + i % 2]} for i in range(90)]
PLAN = {
    "search": SplitPlan(**{"from": "train", "count": 30}),
    "validation": SplitPlan(**{"from": "train", "count": 20}),
    "test": SplitPlan(**{"from": "train"}),
}


def planned(docs, plan=PLAN):
    return dict(plan_splits(plan, lambda source: docs, lambda d: d["question"], lambda d: d["kind"], "task@1"))


def test_splits_are_disjoint_and_complete():
    splits = planned(DOCS, {**PLAN, "test": SplitPlan(**{"from": "train", "count": 40})})
    rows = [row.row for part in splits.values() for row in part]
    assert [len(splits[name]) for name in ("search", "validation", "test")] == [30, 20, 40]
    assert sorted(rows) == list(range(90))


def test_a_split_without_a_count_takes_what_the_others_leave():
    assert {name: len(rows) for name, rows in planned(DOCS).items()} == {"search": 30, "validation": 20, "test": 40}
    plan = {"search": SplitPlan(**{"from": "train"}), "test": SplitPlan(**{"from": "train", "count": 40})}
    assert {name: len(rows) for name, rows in planned(DOCS, plan).items()} == {"search": 50, "test": 40}


def test_a_split_without_a_count_is_not_empty_where_the_counts_are_too_large():
    plan = {"search": SplitPlan(**{"from": "train", "count": 300}), "test": SplitPlan(**{"from": "train"})}
    assert {name: len(rows) for name, rows in planned(DOCS, plan).items()} == {"search": 45, "test": 45}


def test_places_in_the_data_set_do_not_matter():
    shuffled = random.Random(1).sample(DOCS, len(DOCS))
    one, other = planned(DOCS), planned(shuffled)
    assert {name: [r.sha256 for r in rows] for name, rows in one.items()} == {
        name: [r.sha256 for r in rows] for name, rows in other.items()
    }


def test_every_prefix_holds_the_strata_in_proportion():
    whole = Counter(doc["kind"] for doc in DOCS)
    rows = planned(
        DOCS, {"search": SplitPlan(**{"from": "train", "count": 30}), "test": SplitPlan(**{"from": "train"})}
    )
    rows = rows["test"]
    for size in (15, 30, 60):
        found = Counter(row.stratum for row in rows[:size])
        assert all(abs(found[kind] - size * whole[kind] / len(DOCS)) <= 1.5 for kind in whole)


def test_a_question_stays_in_test_alone():
    sources = {
        "train": [{"question": "What is  TWO + 2"}, {"question": "other"}],
        "test": [{"question": "what is two + 2?"}],
    }
    plan = {"search": SplitPlan(**{"from": "train"}), "test": SplitPlan(**{"from": "test"})}
    splits = dict(plan_splits(plan, sources.__getitem__, lambda d: d["question"], lambda d: None, "t"))
    assert [row.row for row in splits["search"]] == [1]
    assert [row.row for row in splits["test"]] == [0]


def test_test_alone_loads_no_other_source():
    loaded = []
    plan = {"search": SplitPlan(**{"from": "train"}), "test": SplitPlan(**{"from": "test"})}
    splits = plan_splits(plan, lambda s: loaded.append(s) or DOCS, lambda d: d["question"], lambda d: None, "t")
    assert next(splits)[0] == "test"
    assert loaded == ["test"]


def test_a_part_of_the_data_is_shared_in_proportion():
    plan = {name: SplitPlan(**{"from": "train", "count": 500}) for name in ("search", "validation", "test")}
    assert {len(rows) for rows in planned(DOCS, plan).values()} == {30}


def test_how_questions_are_grouped_does_not_change_what_they_are():
    assert content_hash({"question": "a", "cluster": "1"}) == content_hash({"question": "a"})
    assert content_hash({"question": "a", "stratum": "1"}) != content_hash({"question": "a"})


def test_fingerprint_keeps_signs():
    assert fingerprint("What is  6 + 3?") == fingerprint("what is 6 + 3")
    assert fingerprint("6 + 3") != fingerprint("6 - 3")


def test_manifest_round_trip(tmp_path):
    rows = [row for part in planned(DOCS).values() for row in part]
    write_manifest(tmp_path, rows)
    assert read_manifest(tmp_path) == rows
    assert splits_hash(read_manifest(tmp_path)) == splits_hash(rows)
    assert splits_hash(rows) != splits_hash(rows[::-1])


@pytest.mark.parametrize(
    "line", ["test,train,x," + "0" * 64 + ",", "test,train,1,abc,", "test,train", ",train,1," + "0" * 64]
)
def test_a_bad_manifest_names_its_line(tmp_path, line):
    (tmp_path / "manifest.csv").write_text("split,source,row,sha256,stratum\n" + f"test,train,0,{'1' * 64},\n" + line)
    with pytest.raises(InputError, match=r"manifest.csv: line 3: must have the columns"):
        read_manifest(tmp_path)


def test_changed_data_are_refused_with_both_hashes():
    rows = planned(DOCS)["test"]
    changed = [{**doc, "kind": "new"} for doc in DOCS]
    found = content_hash(changed[rows[0].row])
    with pytest.raises(InputError, match=f"{rows[0].sha256}.*{found}"):
        pick(lambda source: changed, rows, "task")
    with pytest.raises(InputError, match="has 1 rows"):
        pick(lambda source: DOCS[:1], [row for row in rows if row.row], "task")
