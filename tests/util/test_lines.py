"""JSON lines come back as they were written, whatever characters their texts hold."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ttgbench.util.lines import lines_of


@given(st.lists(st.text()))
def test_json_lines_come_back(texts):
    written = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
    assert [json.loads(line) for line in lines_of(written)] == texts


def test_only_a_line_feed_ends_a_line():
    assert lines_of("a\u2028b\u2029c\u0085d\x0be\x0c\x1c\n\nf\n") == ["a\u2028b\u2029c\u0085d\x0be\x0c\x1c", "", "f"]
    assert lines_of("") == []
