"""The words of a verdict: the sentences on two methods and on two graphs, the same in report, command line and page.

The words of a single comparison ("better", "no difference shown") are `ttgbench.stats.verdict`'s.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ttgbench.report.table import p_text
from ttgbench.stats import NO_DIFFERENCE, Comparison
from ttgbench.util.text import counted

if TYPE_CHECKING:
    from ttgbench.report.judge import Overall, ProblemVerdict

SAME = "the same graphs"
"""A verdict that needs no statistics."""
GROUPS = ("group of questions", "groups of questions")


def methods_sentence(
    first: str, second: str, problems: Sequence[ProblemVerdict], overall: Overall | str, scale: str
) -> str:
    """overall: over all problems, or why nothing can be said. scale: what the values are."""
    split = _problem_by_problem(first, [row.verdict for row in problems])
    if isinstance(overall, str):
        return f"No verdict over all problems: {overall}. {split}"
    known = math.isfinite(overall.high - overall.low)
    bounds = f" [{overall.low:+.3f}, {overall.high:+.3f}]" if known else ""
    spread = f"{overall.difference:+.3f}{bounds} in {scale} (p {p_text(overall.p)}), {_reach(overall)}"
    if overall.verdict == NO_DIFFERENCE:
        return f"No difference shown between {first} and {second}: {spread}. {split}"
    return f"{first} is {overall.verdict} than {second}: {spread}. {split}"


def _problem_by_problem(first: str, verdicts: Sequence[str]) -> str:
    """On how many problems the first is what; together they are all."""
    kinds = {NO_DIFFERENCE: "not told apart", SAME: SAME}
    known = ("better", "worse", "equivalent", "no verdict")
    counts = Counter(kinds.get(words) or next(kind for kind in known if words.startswith(kind)) for words in verdicts)
    if counts["no verdict"] == len(verdicts):
        return "There is none on any problem alone either."
    rest = ("equivalent", SAME, "not told apart", "no verdict")
    return (
        f"Problem by problem {first} is better on {counts['better']}, worse on {counts['worse']} of {len(verdicts)}"
        + "".join(f", {kind} on {counts[kind]}" for kind in rest if counts[kind])
        + "."
    )


def _reach(overall: Overall) -> str:
    """Of which problems it speaks."""
    tasks, problems = overall.tasks, overall.problems
    if overall.scope == "over tasks":
        return f"over {tasks} tasks, taken as a sample of tasks"
    if problems > tasks:
        return f"on these {problems} problems of {counted(tasks, 'task')} only"
    return f"on {'this task' if tasks == 1 else f'these {tasks} tasks'} only"


def graphs_sentence(first: str, second: str, row: ProblemVerdict, found: Comparison) -> str:
    """found: the comparison that the row shows."""
    if row.verdict == SAME:
        return f"{first} and {second} are the same graph, so nothing was tested."
    spread = f"{found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}], p {p_text(found.p)}"
    missed = (
        "too few questions to detect any difference"
        if row.mde is None
        else f"a difference of {row.mde:.2f} would have been detected"
    )
    said = {
        "better": f"Graph {first} is better than {second}",
        "worse": f"Graph {first} is worse than {second}",
        NO_DIFFERENCE: f"No difference shown between graphs {first} and {second}",
    }.get(row.verdict, f"Graphs {first} and {second} are {row.verdict}")
    return f"{said}: {spread} over {row.units}; {missed}."
