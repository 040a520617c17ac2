"""What was recorded first stays, whoever writes, whatever dies; what is not a store is not touched."""

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from generations import KEYS, generation, some
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import StoreError
from ttgbench.evaluate.store.store import Overlay, Store
from ttgbench.tasks.task import CORRECT, WRONG, Grade

SUPPORT = str(Path(__file__).parents[1] / "support")

rows = st.builds(
    generation,
    st.sampled_from(KEYS),
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 2),
    st.text(max_size=5),
    tokens_in=st.integers(0, 2**40),
)


@given(st.lists(st.lists(rows, max_size=6), max_size=6))
@settings(max_examples=50, deadline=None)
def test_the_first_recorded_generation_is_the_sample(batches):
    first: dict = {}
    with Store() as store:
        for batch in batches:
            recorded = store.put_many(batch)
            for row in batch:
                first.setdefault(row.id, row)
            assert recorded == [first[row.id] for row in batch]
        assert store.get_many(first) == first
        assert store.info().generations == len(first)


def test_rows_survive_closing(tmp_path):
    path = tmp_path / "folder" / "store.sqlite"
    with Store(path) as store:
        store.put_many(some(10))
        store.put_grades("exact/1", {some(1)[0].id: Grade(CORRECT, "4")})
    with Store(path) as store:
        assert store.put_many(some(10, finish_reason="length")) == some(10)
        assert store.grades(KEYS[0], 0, "exact/1") == {"toy@1/search/0000": Grade(CORRECT, "4")}
        assert store.grades(KEYS[0], 0, "exact/2") == {}
        assert store.verify() == []
    assert [file.name for file in path.parent.iterdir()] == ["store.sqlite"]


def test_usage_counts_failed_attempts():
    with Store() as store:
        store.put_many([generation(attempts=2, retried_tokens_in=20, retried_tokens_out=1)])
        assert store.usage(KEYS[0], 0) == {"toy@1/search/0000": (40, 4)}
        assert store.usage(KEYS[0], 1) == {}


def test_a_recorded_grade_stays():
    with Store() as store:
        [row] = store.put_many([generation()])
        store.put_grades("exact/1", {row.id: Grade(CORRECT, "4")})
        store.put_grades("exact/1", {row.id: Grade(WRONG, None)})
        assert store.grades(KEYS[0], 0, "exact/1") == {row.question_id: Grade(CORRECT, "4")}


def test_a_row_with_negative_tokens_is_refused_with_its_batch():
    with Store() as store:
        with pytest.raises(StoreError, match="tokens_in"):
            store.put_many([*some(2), generation(universe=9, tokens_in=-1)])
        assert store.info().generations == 0


def test_what_cannot_be_stored_is_a_store_error():
    with Store() as store:
        for row in (generation(text="\ud800"), generation(tokens_in=2**70)):
            with pytest.raises(StoreError):
                store.put_many([row])


def test_a_closed_store_says_so():
    store = Store()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.info()


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from generations import KEYS, generation
from ttgbench.evaluate.store.store import Store
name = sys.argv[2]
with Store(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    for batch in range(60):
        rows = [generation(KEYS[n % 4], f"{batch}/{n}", text=name) for n in range(20)]
        recorded = store.put_many(rows)
        for row in recorded:
            print(row.question_id, row.text)
"""


def writer(path, name):
    command = [sys.executable, "-c", WRITER, str(path), name, SUPPORT]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_that_write_the_same_rows_agree(tmp_path):
    path = tmp_path / "store.sqlite"
    writers = [writer(path, name) for name in ("one", "two", "three")]
    for process in writers:
        process.stdout.readline()
    outputs = [process.communicate("go\n")[0].splitlines() for process in writers]
    assert outputs[0] == outputs[1] == outputs[2]
    with Store(path) as store:
        assert store.info().generations == len(outputs[0]) == 1200
        assert store.verify() == []


KILLED = """
import itertools, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from generations import generation
from ttgbench.evaluate.store.store import Store
store = Store(Path(sys.argv[1]))
for batch in itertools.count():
    store.put_many([generation(question_id=f"{batch:06d}/{n}") for n in range(10)])
    print(batch, flush=True)
"""


def test_kill_9_loses_only_what_was_in_flight(tmp_path):
    path = tmp_path / "store.sqlite"
    command = [sys.executable, "-c", KILLED, str(path), SUPPORT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = list(itertools.islice(process.stdout, 50))
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.readlines()
    committed = int(lines[-1]) + 1
    with Store(path, read_only=True) as store:
        count = store.info().generations
        assert count in (committed * 10, committed * 10 + 10)
    with Store(path) as store:
        assert store.info().generations == count
        assert store.verify() == []


def test_a_read_only_store_is_never_changed(tmp_path):
    path = tmp_path / "store.sqlite"
    Store(path).close()
    before = path.read_bytes()
    with Store(path, read_only=True) as store:
        with pytest.raises(StoreError, match="reading only"):
            store.put_many(some(1))
        with pytest.raises(StoreError, match="reading only"):
            store.import_(tmp_path / "other.parquet")
        with Overlay(store) as overlay:
            assert overlay.put_many(some(2)) == some(2)
            assert overlay.get_many(row.id for row in some(3)) == {row.id: row for row in some(2)}
    assert path.read_bytes() == before


def test_a_missing_store_is_not_made_for_reading(tmp_path):
    with pytest.raises(StoreError, match="No such file"):
        Store(tmp_path / "none.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


def other_database(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE generations (x)")
    connection.close()


def newer_store(path):
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def other_tables(path):
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE grades ADD COLUMN extra TEXT")
    connection.close()


def damaged_store(path):
    with Store(path) as store:
        store.put_many(some(2000))
    content = bytearray(path.read_bytes())
    content[8192:12288] = os.urandom(4096)
    path.write_bytes(content)


def truncated_store(path):
    with Store(path) as store:
        store.put_many(some(2000))
    path.write_bytes(path.read_bytes()[:20000])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b""), "not a ttgbench store"),
        (lambda path: path.write_text("node_key,question_id\n" * 100), "not an SQLite file"),
        (other_database, "another program"),
        (newer_store, "schema 99"),
        (other_tables, "tables"),
        (damaged_store, "damaged"),
        (truncated_store, "damaged"),
        (Path.mkdir, "directory"),
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_sound_store_is_refused_and_left_alone(tmp_path, make, reason, read_only):
    path = tmp_path / "file.sqlite"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match=reason) as caught:
        Store(path, read_only=read_only)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    if before is not None:
        assert path.read_bytes() == before


def test_verify_names_what_is_wrong(tmp_path):
    with Store(tmp_path / "store.sqlite") as store:
        store.put_many([generation(), generation(universe=1, seed=1), generation(node_key="short")])
        store.put_grades("exact/1", {(KEYS[1], "gone", 0): Grade("odd", None)})
        faults = "\n".join(store.verify())
    assert f"node {KEYS[0]}, question toy@1/search/0000, universe 1: the seed" in faults
    assert "32 hexadecimal" in faults
    assert "graded, but" in faults
    assert "unknown grade status" in faults
