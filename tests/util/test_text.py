"""What is shown to people: no control character is obeyed, no text is markup, and one is one."""

import html

from hypothesis import given
from hypothesis import strategies as st

from ttgbench.util.text import counted, escaped, visible


@given(st.text())
def test_what_is_shown_can_be_printed_and_holds_no_markup(text):
    assert all(c.isprintable() or c in "\n\t" for c in visible(text))
    assert html.unescape(escaped(text)) == visible(text)
    assert not {"<", ">", '"', "'"} & set(escaped(text))


def test_plain_text_stays_as_it_is():
    assert visible("µ, 日本 and\ttwo\nlines") == "µ, 日本 and\ttwo\nlines"
    assert visible("\u202e\x1b") == r"\u202e\x1b"
    assert escaped("it's", quote=False) == "it's"


def test_counts_say_their_noun():
    assert counted(1, "problem") == counted(1.0, "problem") == "1 problem"
    assert [counted(n, "node") for n in (0, 2, 12345, 0.5)] == ["0 nodes", "2 nodes", "12,345 nodes", "0.5 nodes"]
    assert counted(2, "query", "queries") == "2 queries"
