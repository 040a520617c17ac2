"""A file is whole or not there."""

import pytest

from ttgbench.util.files import replacing, write_atomic


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "result.json"
    write_atomic(path, "old")
    with pytest.raises(AttributeError), replacing(path) as part:
        part.write_text("half").no_such_attribute  # noqa: B018
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_and_bytes_are_written_as_they_are(tmp_path):
    write_atomic(tmp_path / "a", "é\r\n")
    assert (tmp_path / "a").read_bytes() == "é\r\n".encode()
    write_atomic(tmp_path / "a", b"\x00")
    assert (tmp_path / "a").read_bytes() == b"\x00"
