"""Tables in a narrow terminal: columns of less weight go first, and it is said which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ttgbench.cli import report
from ttgbench.cli.report import WRAPPED, fitting, print_table
from ttgbench.report.table import Column, Table

COLUMNS = (Column("name"), Column("of less weight", minor=2), Column("value", minor=1), Column("of least", minor=3))
TABLE = Table("t", "A table", COLUMNS, [("a" * 20, "b" * 20, "c" * 20, "d" * 20)])


def shown(width, monkeypatch, capsys):
    monkeypatch.setattr(report, "out", Console(width=width))
    print_table(TABLE)
    return capsys.readouterr().out


def test_a_wide_terminal_shows_everything(monkeypatch, capsys):
    text = shown(120, monkeypatch, capsys)
    assert all(column.name in text for column in COLUMNS)
    assert "wider terminal" not in text


def test_a_narrow_one_leaves_out_the_least_first_and_says_so(monkeypatch, capsys):
    text = shown(50, monkeypatch, capsys)
    assert "a" * 20 + "  " + "c" * 20 in text
    assert "d" * 20 not in text
    assert "of less weight, of least" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 50


def test_sentences_wrap_and_figures_do_not(monkeypatch, capsys):
    columns = (Column("method"), Column("figure"), Column("verdict"))
    row = ("random_search", "0.750 [0.628, 0.842]", "no verdict: 1 run of each, fewer than 5 that it takes")
    monkeypatch.setattr(report, "out", Console(width=60))
    print_table(Table("t", "A table", columns, [row]))
    text = capsys.readouterr().out
    assert f"{row[0]}  {row[1]}  no verdict" in text
    assert " ".join(row[2].split()[-3:]) in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 60


lines = st.integers(1, 6).flatmap(
    lambda n: st.lists(st.lists(st.text("x", max_size=60), min_size=n, max_size=n), min_size=1, max_size=4)
)


@given(lines, st.data(), st.integers(10, 200))
def test_what_must_stay_stays_and_the_rest_fits(rows, data, width):
    minor = data.draw(st.lists(st.integers(0, 3), min_size=len(rows[0]), max_size=len(rows[0])))
    kept = fitting(minor, rows, width)
    assert kept == sorted(kept)
    assert {i for i, weight in enumerate(minor) if weight == 0} <= set(kept)
    used = sum(min(max(len(row[i]) for row in rows), WRAPPED) + 2 for i in kept) - 2
    assert used <= width or not any(minor[i] for i in kept)
