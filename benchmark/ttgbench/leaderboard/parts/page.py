"""What a tab is, and how its choices are read from a link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import gradio as gr

from ttgbench.report.board import Board


class Page:
    """A tab: makes its components when it is created inside the Blocks, fills them in `render`."""

    id: ClassVar[str]
    label: ClassVar[str]
    needs_results: ClassVar[bool] = True

    params: dict[str, gr.components.Component]
    """Choices by their name in links; their values are what `render` is called with."""
    outputs: list[gr.components.Component]
    """What `render` fills besides the choices."""

    def render(self, board: Board, **values: Any) -> dict[Any, Any]:
        """What to show for these choices. Values come from a link: any may be None or nonsense."""
        raise NotImplementedError


def parse(component: gr.components.Component, text: str) -> Any:
    """A query parameter as its component wants it."""
    multiple = isinstance(component, gr.Dropdown) and component.multiselect
    return [part for part in text.split(",") if part] if multiple else text


Choices = Sequence[tuple[str, Any]]


def chosen(value: Any, choices: Choices, *, first: int = 0) -> Any:
    """The value if it can be chosen, else the choice number `first`, else the first, else None."""
    values = [choice for _, choice in choices]
    if value in values:
        return value
    return values[first] if first < len(values) else values[0] if values else None


def dropdown(value: Any, choices: Choices, **props: Any) -> Any:
    """Update of a dropdown with one choice."""
    return gr.update(choices=list(choices), value=value, **props)


def suites(board: Board) -> Choices:
    """Labels of the board's suites, those with most problems first: they say most."""
    facts = board.manifest["suites"]
    return [(label, label) for label in sorted(facts, key=lambda label: (-len(facts[label]["problems"]), label))]


def problem_names(board: Board, suite: str) -> list[str]:
    """Problems of a suite, in its order."""
    return [problem["name"] for problem in board.manifest["suites"][suite]["problems"]]


def run_choices(board: Board, suite: str, kind: str | None = None) -> Choices:
    """Archived runs of a suite by method name; the run id tells those of one method apart."""
    rows = [row for row in board.rows("runs", suite=suite) if kind in (None, row["kind"])]
    named = Counter(row["method"] for row in rows)
    return [
        (row["method"] if named[row["method"]] == 1 else f"{row['method']} · {row['run_id'][:8]}", row["run_id"])
        for row in rows
    ]
