"""The pilot experiments of arXiv 2511.00086 as its code runs them, and the figures that its authors published.

All graphs end in the fixed final node. Width is swept with chains of two, depth with two chains, one model at a time;
mixes of models spend one budget of nodes, each on some random graphs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import single
from ttgbench.methods.solvers.frame import Frame
from ttgbench.methods.solvers.mixes import FINAL, exact_mixes, node_budget, written_mix
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.space.space import SearchSpace
from ttgbench.report.pilot import Point, Trial

GRAPHS = 3
"""Random graphs for a mix; how many the authors drew is not known."""
EDGE = 0.5
"""Probability of an edge of a random graph, as in the pre-tests of the code."""
SIZES = (1, 2, 4)
"""Chains that are swept, and steps of a chain; the ranges of the authors are not known."""
MOST_MIXES = 12
BUDGETS = {"humaneval": 7}
"""Of nodes, where it is not 9."""
PRICES = {"llama-3.2-1b": 1, "llama-3.2-3b": 3, "llama-3.1-8b": 9, "llama-3.1-70b": 81}
CODE_PRICES = {"llama-3.2-1b": 1, "llama-3.2-3b": 4, "llama-3.1-8b": 7, "llama-3.1-70b": 81}

_SMALL, _MIDDLE, _LARGE = "llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b"
_ALONE = (_SMALL, _MIDDLE, _LARGE, "llama-3.1-70b")


def _named(alone: Sequence[int], mixes: Mapping[tuple[int, int, int], int]) -> dict[str, float]:
    """Percent by what is measured, as shares."""
    found = {f"{name} alone": percent / 100 for name, percent in zip(_ALONE, alone, strict=True)}
    for counts, percent in mixes.items():
        found[written_mix(counts, (_SMALL, _MIDDLE, _LARGE))] = percent / 100
    return found


PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "math500": _named((31, 40, 49, 68), {(9, 0, 0): 39, (6, 1, 0): 44, (3, 2, 0): 45, (0, 3, 0): 54, (0, 0, 1): 49}),
    "mmlu": _named((31, 43, 64, 84), {(9, 0, 0): 30, (6, 1, 0): 39, (3, 2, 0): 45, (0, 3, 0): 41, (0, 0, 1): 64}),
    "humaneval": _named((31, 48, 60, 68), {(7, 0, 0): 38, (3, 1, 0): 48, (0, 0, 1): 60}),
}
"""What the prompts of the released code state, on 100 questions of MATH and MMLU and 33 of HumanEval: one such figure
has a standard error of about 5, 5 and 9 points. Elsewhere the code states others for some (8B: 48, 69; 3B: 50)."""


def paper(space: SearchSpace, task: str, models: Sequence[str]) -> list[Trial]:
    """Single models, mixes at equal budget, widths and depths. Raises InputError where no node fits."""
    found = node_budget(space)
    if found is None:
        raise InputError("no node fits before a final one; take another pool or budget", source="pilot")
    named = CODE_PRICES if task == "humaneval" else PRICES
    prices = tuple(named.get(name, price) for name, price in zip(space.pool.names, found.prices, strict=True))
    budget = NodeBudget(BUDGETS.get(task, 9), prices, found.final)
    trials = [Trial(f"{name} alone", 1, 1, single(name)) for name in models]
    trials += _mixes(space, budget, models)
    for name in models:
        for size in SIZES:
            trials.append(Trial(f"width: {name}, chains of 2", size, 2, _chains(budget, name, size, 2)))
        for size in SIZES:
            trials.append(Trial(f"depth: {name}, 2 chains", 2, size, _chains(budget, name, 2, size)))
    return trials


def _mixes(space: SearchSpace, budget: NodeBudget, models: Sequence[str]) -> list[Trial]:
    """Random graphs of assistants for each mix of these models that spends the budget."""
    trials = []
    rng = np.random.default_rng(0)
    allowed = tuple(
        price if name in models else budget.limit + 1
        for name, price in zip(space.pool.names, budget.prices, strict=True)
    )
    mixes = exact_mixes(allowed, budget.limit)
    mixes.sort(key=lambda mix: written_mix(mix, space.pool.names) not in PUBLISHED["math500"])
    for mix in mixes[:MOST_MIXES]:
        frame = Frame(space, budget, sum(mix))
        tables = frame.tables(EDGE)
        tables.roles[:] = np.eye(len(frame.roles))[frame.roles.index("assistant")]
        for _ in range(GRAPHS):
            graph = frame.graph(frame.draw(tables, rng, mix), rng)
            if graph is not None and frame.mix_of(graph) == mix:
                trials.append(Trial(written_mix(mix, space.pool.names), graph.width, graph.depth, graph, budget.limit))
    return trials


def _chains(budget: NodeBudget, model: str, width: int, depth: int) -> Graph:
    """So many chains of one model's assistants before the final node."""
    rows = [[f"n{row}.{step}" for step in range(depth)] for row in range(width)]
    nodes = [Node(name, "assistant", model) for row in rows for name in row]
    edges = [edge for row in rows for edge in zip(row, [*row[1:], FINAL], strict=True)]
    return Graph([*nodes, Node(FINAL, "assistant", budget.final)], edges)


def beside_published(points: Sequence[Point], task: str) -> list[tuple[str, str, str, str]]:
    """Per series: what it is, accuracy here (mean and range over its graphs), what was published, nominal units."""
    published = PUBLISHED.get(task, {})
    rows = []
    for series in dict.fromkeys(point.series for point in points):
        mine = [point for point in points if point.series == series]
        swept = series.startswith(("width", "depth"))
        for group in [[point] for point in mine] if swept else [mine]:
            accuracies = [point.accuracy for point in group]
            spread = f" [{group[0].low:.3f}, {group[0].high:.3f}]"
            if len(group) > 1:
                spread = f" ({min(accuracies):.3f} to {max(accuracies):.3f})"
            name = f"{series}: {group[0].width} x {group[0].depth}" if swept else series
            figure = f"{published[series]:.2f}" if series in published else ""
            units = fmean(point.units for point in group)
            rows.append((name, f"{fmean(accuracies):.3f}{spread}", figure, f"{units:.2f}"))
    return rows
