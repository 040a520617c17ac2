"""What reaches a terminal or a pipe."""

import json

import pytest

from ttgbench.cli import common

HOSTILE = "\x1b[2J\x07 gone \x9b31m\r\nnext\ud800"


@pytest.mark.parametrize(
    "say",
    [
        common.log,
        common.log_error,
        lambda text: common.out.print(common.table(None, "said", rows=[[text]])),
        lambda text: common.print_json({"said": text}),
    ],
)
def test_control_characters_are_written_out(say, capsys):
    say(HOSTILE)
    said = capsys.readouterr()
    whole = said.out + said.err
    assert "gone" in whole
    assert all(c.isprintable() or c == "\n" for c in whole)


def test_json_still_reads_the_same(capsys):
    common.print_json({"said": HOSTILE, "é": "日本"})
    text = capsys.readouterr().out
    assert json.loads(text) == {"said": HOSTILE, "é": "日本"}
    assert "日本" in text
