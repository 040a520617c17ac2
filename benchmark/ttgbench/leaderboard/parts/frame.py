"""What stands above and below the tabs: the title, the state of the board, what was left out, what to do."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata

from ttgbench._version import __version__
from ttgbench.leaderboard.parts.source import State
from ttgbench.util.text import counted, escaped

FIRST_STEPS = """
<pre><code># run a method on a suite, archive what it did
ttgbench submit random_search --suite synthetic-v1 --results results
# and look at it here
ttgbench leaderboard --results results</code></pre>
"""


LEAD = """<p class="ttg-lead">Compared here are <em>search methods</em>: programs that look for the graph of language
models (which models, in which roles, wired how) that answers a task best when every query may cost at most a fixed
budget. All get the same budget for their search, and everything that they spend of it counts.</p>"""


def header(state: State) -> str:
    """Title, what is compared, where to read on, and which state of the board this is."""
    facts = ""
    if state.board is not None:
        runs = sum(suite["runs"] for suite in state.board.manifest["suites"].values())
        facts = (
            f"{counted(runs, 'run')}, read {state.read}<br>"
            f"board <code>{state.board.hash[:12]}</code>, ttgbench {__version__}"
        )
    links = " · ".join(
        f"<a href='{escaped(url, quote=True)}' target='_blank' rel='noopener'>{escaped(name)}</a>"
        for name, url in _links().items()
    )
    return f"<header><div><h1>TTG-Bench</h1>{LEAD}</div><p class='ttg-state'>{links}<br>{facts}</p></header>"


@cache
def _links() -> dict[str, str]:
    """Paper, code and whatever else the package says of itself; on a Space its own files."""
    try:
        stated = metadata("ttgbench").get_all("Project-URL") or []
    except PackageNotFoundError:
        stated = []
    links = dict(line.split(", ", 1) for line in stated)
    if space := os.environ.get("SPACE_ID"):
        links.setdefault("Code", f"https://huggingface.co/spaces/{space}/tree/main")
    if repo := os.environ.get("TTGBENCH_RESULTS_REPO"):
        links["Results"] = f"https://huggingface.co/datasets/{repo}"
    return links


def no_results(problem: str | None) -> str:
    """What to do when there is nothing to show."""
    why = f"<p class='ttg-problem'>{escaped(problem)}</p>" if problem else ""
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
            f"{escaped(state.problem)}</p>"
        )
    left_out = state.board.manifest["left_out"] if state.board is not None else []
    if left_out:
        items = "".join(
            f"<li><code>{escaped(str(item.get('path')))}</code> {escaped(str(item.get('message')))} "
            f"<small>({escaped(str(item.get('reason')))})</small></li>"
            for item in left_out[:200]
        )
        noun = "file or folder is" if len(left_out) == 1 else "files or folders are"
        parts.append(
            f"<details><summary>{len(left_out)} {noun} left out of this board</summary><ul>{items}</ul></details>"
        )
    return "".join(parts)
