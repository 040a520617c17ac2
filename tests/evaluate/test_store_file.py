"""A store as one Parquet file: the same bytes in whatever order it was recorded; no broken or hostile file gets in."""

import os
from dataclasses import replace

import pyarrow as pa
import pytest
from generations import KEYS, generation, some
from pyarrow import parquet

from ttgbench.errors import StoreError
from ttgbench.evaluate.store import parquet as store_file
from ttgbench.evaluate.store.store import Store
from ttgbench.tasks.task import CORRECT, WRONG, Grade


def graded_store(count):
    store = Store()
    store.put_many(some(count))
    store.put_grades("exact/1", {row.id: Grade(CORRECT, row.text) for row in some(count)[::2]})
    store.put_grades("exact/2", {row.id: Grade(WRONG, None) for row in some(count)[::3]})
    return store


def test_export_and_import_keep_every_row(tmp_path):
    path, again = tmp_path / "a.parquet", tmp_path / "b.parquet"
    with graded_store(9000) as store, Store() as copy:
        store.export(path)
        report = copy.import_(path)
        assert (report.generations, report.grades) == (9000, 4500 + 3000)
        assert copy.info() == replace(store.info(), bytes=copy.info().bytes)
        report = copy.import_(path)
        assert (report.generations, report.grades) == (0, 0)
        copy.export(again)
    assert again.read_bytes() == path.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_an_export_does_not_depend_on_the_order_of_recording(tmp_path):
    for name, rows_ in (("a", some(50)), ("b", some(50)[::-1])):
        with Store() as store:
            store.put_many(rows_)
            store.export(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_import_that_contradicts_is_refused_whole(tmp_path):
    path = tmp_path / "a.parquet"
    with graded_store(100) as store:
        store.export(path)
    with Store() as other:
        other.put_many([generation(text="another"), *some(3)[1:]])
        other.put_grades("exact/1", {some(3)[2].id: Grade(WRONG, "7")})
        with pytest.raises(StoreError) as caught:
            other.import_(path)
        assert other.info().generations == 3
        assert other.info().grades == 1
    message = str(caught.value)
    assert f"node {KEYS[0]}, question toy@1/search/0000, universe 0" in message
    assert "toy@1/search/0002, universe 2, grade of exact/1" in message
    assert "toy@1/search/0001" not in message


def test_times_and_engines_may_differ(tmp_path):
    with Store() as store:
        store.put_many([generation()])
        store.export(tmp_path / "a.parquet")
    with Store() as other:
        other.put_many([generation(started=2.0, seconds=9.0, engine="echo/2")])
        assert other.import_(tmp_path / "a.parquet").generations == 0
        assert other.get_many([generation().id])[generation().id].engine == "echo/2"


def test_many_contradictions_are_cut_short(tmp_path):
    with Store() as store:
        store.put_many(some(500))
        store.export(tmp_path / "a.parquet")
    with Store() as other:
        other.put_many(some(500, finish_reason="length"))
        with pytest.raises(StoreError, match=r"and more$"):
            other.import_(tmp_path / "a.parquet")


def changed(path, change):
    table = parquet.read_table(path)
    parquet.write_table(change(table), path)


def without_version(path):
    changed(path, lambda table: table.replace_schema_metadata(None))


def without_text(path):
    changed(path, lambda table: table.drop_columns(["text"]))


def texts_as_numbers(path):
    def change(table):
        field = pa.field("text", pa.int64(), nullable=False)
        return table.set_column(table.schema.get_field_index("text"), field, pa.array([1] * len(table)))

    changed(path, change)


def wrong_seed(path):
    def change(table):
        index = table.schema.get_field_index("seed")
        return table.set_column(index, table.schema.field(index), pa.array([1] * len(table), pa.int64()))

    changed(path, change)


def flipped_bytes(path):
    content = bytearray(path.read_bytes())
    content[100:400] = bytes(byte ^ 0x5A for byte in content[100:400])
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PAR1" + os.urandom(500) + b"PAR1"),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.unlink(),
        without_version,
        without_text,
        texts_as_numbers,
        wrong_seed,
        flipped_bytes,
    ],
)
def test_a_broken_import_file_is_one_store_error_and_imports_nothing(tmp_path, spoil):
    path = tmp_path / "a.parquet"
    with graded_store(100) as store:
        store.export(path)
    spoil(path)
    with Store() as other:
        with pytest.raises(StoreError) as caught:
            other.import_(path)
        assert other.info().generations == 0
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def in_every_row(path, text, dictionary):
    """One text, stored once or many times, in all rows."""

    def change(table):
        index = table.schema.get_field_index("text")
        return table.set_column(index, table.schema.field(index), pa.array([text] * len(table)))

    parquet.write_table(change(parquet.read_table(path)), path, compression="zstd", use_dictionary=dictionary)


@pytest.mark.parametrize("dictionary", [False, True])
def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path, monkeypatch, dictionary):
    path, limit = tmp_path / "a.parquet", 1 << 20
    monkeypatch.setattr(store_file, "_MIN_BYTES", limit)
    with graded_store(100) as store:
        store.export(path)
    in_every_row(path, "A" * (limit // 20), dictionary)
    assert path.stat().st_size < limit // 100
    with Store() as other:
        with pytest.raises(StoreError, match=r"a\.parquet: unpacks to more than 100 times its \d+ bytes"):
            other.import_(path)
        assert other.info().generations == 0


def test_long_answers_are_read_in_small_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(store_file, "_READ_BYTES", 1 << 20)
    long = [replace(row, text=f"{n} " + "x" * 100_000) for n, row in enumerate(some(40))]
    with Store() as store, Store() as other:
        store.put_many(long)
        store.export(tmp_path / "a.parquet")
        assert max(map(len, store_file.read(tmp_path / "a.parquet"))) < 40
        assert other.import_(tmp_path / "a.parquet").generations == 40


def test_an_export_replaces_no_other_file(tmp_path):
    path = tmp_path / "store.sqlite"
    with Store(path) as store:
        with pytest.raises(StoreError, match="not a Parquet file"):
            store.export(path)
        with pytest.raises(StoreError):
            store.export(tmp_path / "no" / "such" / "folder.parquet")
    Store(path).close()
