"""What every node of a graph said of a question, right and wrong marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ttgbench.util.text import escaped

MARKS = {
    "correct": ("ttg-good", "✓ right"),
    "wrong": ("ttg-bad", "✗ wrong"),
    "unanswered": ("ttg-bad", "✗ no answer"),
    "ungradable": ("", "? ungradable"),
}
COLUMNS = ("Node", "Said", "Grade", "Answer", "Role", "Reads", "Tokens in", "Tokens out")
"""What matters most first: of a narrow screen no more is seen."""
NONE = "–"
NOTE = """<p class="ttg-note">As recorded, worked examples left out. Of all test questions: the first that the graph
gets right although one of its nodes does not, the first that it gets wrong although one of them gets it right, then the
first others. They are picked to be read, and say nothing about how often the graph is right.</p>"""


def traces(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of the board's `traces`, of one graph; nothing if there are none."""
    if not rows:
        return ""
    told = "".join(_trace(row, opened=number == 0) for number, row in enumerate(rows))
    return f"<h3>What its nodes said</h3>{NOTE}{told}"


def _trace(row: dict[str, Any], opened: bool) -> str:
    question = _text(row["question"])
    head = "".join(f"<th scope='col'{_kind(name)}>{name}</th>" for name in COLUMNS)
    body = "".join(_node(node) for node in row["nodes"] or () if node is not None)
    return (
        f"<details class='ttg-trace'{' open' if opened else ''}>"
        f"<summary>{_mark(row['status'])} <code>{question}</code> {_answer(row['answer'])}</summary>"
        f"<pre class='ttg-asked' tabindex='0' aria-label='Question {question}'>{_text(row['asked'])}</pre>"
        f"<div class='ttg-scroll' role='region' tabindex='0' aria-label='What the nodes said of {question}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _node(node: dict[str, Any]) -> str:
    silent = "<em>counts answers and says nothing</em>" if node["model"] is None else "<em>nothing</em>"
    role = " · ".join(_text(name) for name in (node["role"], node["model"]) if name)
    reads = ", ".join(name or NONE for name in node["reads"] or ())
    cells = (
        (" class='said'", escaped(node["text"].strip()) if node["text"] else silent),
        ("", _mark(node["status"])),
        (" class='said'", _answer(node["answer"])),
        ("", role or NONE),
        ("", escaped(reads) or NONE),
        (" class='num'", _count(node["tokens_in"])),
        (" class='num'", _count(node["tokens_out"])),
    )
    body = "".join(f"<td{kind}>{cell}</td>" for kind, cell in cells)
    return f"<tr><th scope='row'>{_text(node['node'])}</th>{body}</tr>"


def _kind(column: str) -> str:
    return " class='num'" if column.startswith("Tokens") else ""


def _text(text: str | None) -> str:
    return NONE if text is None else escaped(text)


def _count(number: int | None) -> str:
    return NONE if number is None else f"{number:,}"


def _answer(text: str | None) -> str:
    return NONE if text is None else f"<q>{escaped(text)}</q>"


def _mark(status: str | None) -> str:
    if status is None:
        return NONE
    kind, words = MARKS.get(status, ("", status))
    return f"<b class='ttg-mark {kind}'>{escaped(words)}</b>"
