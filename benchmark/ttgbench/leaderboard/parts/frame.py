"""What stands above and below the tabs: the title, the state of the board, what was left out, what to do."""

from __future__ import annotations

from html import escape

from ttgbench._version import __version__
from ttgbench.leaderboard.parts.source import State
from ttgbench.report.board import Board

FIRST_STEPS = """
<pre><code># run a method on a suite, archive what it did
ttgbench submit random_search --suite synthetic-v1 --results results
# and look at it here
ttgbench leaderboard --results results</code></pre>
"""


def header(board: Board | None) -> str:
    """Title and one line."""
    state = ""
    if board is not None:
        runs = sum(facts["runs"] for facts in board.manifest["suites"].values())
        state = (
            f"<p class='ttg-state'>{runs:,} runs · board <code>{board.hash[:12]}</code> · ttgbench {__version__}</p>"
        )
    return (
        "<header><div><h1>TTG-Bench</h1>"
        "<p>Search methods that look for compute-optimal test-time-scaling graphs, at matched budgets.</p></div>"
        f"{state}</header>"
    )


def no_results(problem: str | None) -> str:
    """What to do when there is nothing to show."""
    why = f"<p class='ttg-problem'>{escape(problem)}</p>" if problem else ""
    return (
        f"<section class='ttg-card' role='status'><h2>No results yet</h2>{why}"
        f"<p>This page shows archived results. To make some and see them here:</p>{FIRST_STEPS}</section>"
    )


def notices(state: State) -> str:
    """Which state is not shown and which files were left out, and why."""
    parts = []
    if state.problem and state.board is not None:
        parts.append(
            f"<p class='ttg-problem' role='status'>A newer state could not be read, so this is the last good one: "
            f"{escape(state.problem)}</p>"
        )
    left_out = state.board.manifest["left_out"] if state.board is not None else []
    if left_out:
        items = "".join(
            f"<li><code>{escape(str(item.get('path')))}</code> {escape(str(item.get('message')))} "
            f"<small>({escape(str(item.get('reason')))})</small></li>"
            for item in left_out[:200]
        )
        noun = "file or folder is" if len(left_out) == 1 else "files or folders are"
        parts.append(
            f"<details><summary>{len(left_out)} {noun} left out of this board</summary><ul>{items}</ul></details>"
        )
    return "".join(parts)
