"""Figures as plotly's JSON (data and layout): numbers and escaped names, no code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ttgbench.report.anytime import Anytime
from ttgbench.report.grid import Grid
from ttgbench.report.overall import Profile
from ttgbench.report.problems import Row
from ttgbench.report.table import Table
from ttgbench.report.tradeoff import Tradeoff
from ttgbench.stats import CriticalDifference, Interval
from ttgbench.util.text import escaped

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#a6761d")
"""Okabe & Ito's, told apart by most colour-blind readers; the last two added."""
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its caption."""

    name: str
    title: str
    caption: str
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]


def of_grid(grid: Grid, summary: Table, profile: Profile | None, critical: CriticalDifference | None) -> list[Figure]:
    """Means with intervals; with anchors performance profiles, with enough tasks critical differences."""
    figures = [_forest(grid, summary)]
    if profile is not None:
        figures.append(_profiles(grid, profile))
    return [*figures, _critical(grid, critical)] if critical is not None else figures


def _forest(grid: Grid, summary: Table) -> Figure:
    data: list[dict[str, Any]] = []
    rows = list(reversed(summary.rows))
    for i, column in enumerate(summary.columns):
        if column.key or not column.interval:
            continue
        known = [(str(row[0]), value) for row in rows if isinstance(value := row[i], Interval)]
        intervals = [value for _, value in known]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": column.name.partition(" ")[2],
                "x": [_r(v.estimate) for v in intervals],
                "y": [escaped(name) for name, _ in known],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_r(_known(v.high - v.estimate)) for v in intervals],
                    "arrayminus": [_r(_known(v.estimate - v.low)) for v in intervals],
                    "thickness": 1.5,
                },
                "marker": {"symbol": SYMBOLS[len(data) % 4], "color": COLOURS[len(data) % len(COLOURS)], "size": 9},
            }
        )
    what = "regret, points of the objective" if grid.anchored else "objective, points"
    layout = {"xaxis": {"title": {"text": what}}, "yaxis": {"automargin": True}, "height": 160 + 28 * len(rows)}
    caption = "Mean over problems and seeds at the read-outs of search spend (full evaluations), 95% over draws."
    return Figure("means", "Regret" if grid.anchored else "Objective", caption, data, layout)


def _profiles(grid: Grid, profile: Profile) -> Figure:
    data: list[dict[str, Any]] = []
    for m, method in enumerate(grid.names):
        low, mid, high = (a[m] for a in (profile.band.low, profile.band.estimate, profile.band.high))
        data += _curve(method, m, profile.thresholds, low, mid, high)
    layout = {
        "xaxis": {"title": {"text": "threshold of the normalised score"}},
        "yaxis": {"title": {"text": "share of runs above"}, "range": [0, 1.02]},
    }
    return Figure(
        "profiles", "Performance profiles", "Share of all runs that score above a threshold, 95%.", data, layout
    )


def _critical(grid: Grid, critical: CriticalDifference) -> Figure:
    order = [int(i) for i in np.argsort(critical.average_ranks)]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [_r(critical.average_ranks[i]) for i in order],
            "y": [escaped(grid.names[i]) for i in order],
            "marker": {"color": COLOURS[0], "size": 10},
            "name": "average rank",
        }
    ]
    for group in critical.holm_groups:
        if len(group) > 1:
            rank = float(np.mean([critical.average_ranks[i] for i in group]))
            names = [escaped(grid.names[i]) for i in group]
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": [_r(rank)] * len(group),
                    "y": names,
                    "line": {"width": 6, "color": COLOURS[1]},
                    "opacity": 0.5,
                    "name": "not told apart",
                }
            )
    layout = {
        "xaxis": {"title": {"text": "average rank"}},
        "yaxis": {"automargin": True, "autorange": "reversed"},
        "height": 160 + 28 * len(order),
    }
    caption = (
        f"Average ranks over tasks. Nemenyi's critical difference is {critical.difference:.2f}; bars join methods that "
        "pairwise Wilcoxon tests with Holm's correction cannot tell apart."
    )
    return Figure("critical-difference", "Critical differences", caption, data, layout)


def of_accuracies(rows: Sequence[Row]) -> Figure:
    """Test accuracy per problem and method, of those that have one."""
    data = []
    for m, method in enumerate(dict.fromkeys(row.method for row in rows)):
        known = [(row.problem, row.accuracy) for row in rows if row.method == method and row.accuracy is not None]
        intervals = [accuracy for _, accuracy in known]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": escaped(method),
                "x": [escaped(problem) for problem, _ in known],
                "y": [_r(accuracy.estimate) for accuracy in intervals],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [_r(accuracy.high - accuracy.estimate) for accuracy in intervals],
                    "arrayminus": [_r(accuracy.estimate - accuracy.low) for accuracy in intervals],
                },
                "marker": {"symbol": SYMBOLS[m % 4], "color": COLOURS[m % len(COLOURS)], "size": 9},
            }
        )
    layout = {"xaxis": {"type": "category"}, "yaxis": {"title": {"text": "test accuracy"}}, "scattermode": "group"}
    caption = "Share of test questions answered rightly, mean over runs, 95%."
    return Figure("accuracy", "Test accuracy", caption, data, layout)


def of_anytime(anytime: Anytime) -> Figure:
    """ECDF of (problem, target) over log search spend."""
    data: list[dict[str, Any]] = []
    for m, (method, band) in enumerate(zip(anytime.methods, anytime.curves, strict=True)):
        data += _curve(method.name, m, anytime.spends, band.low, band.estimate, band.high)
    layout = {
        "xaxis": {"title": {"text": "search spend, full evaluations"}, "type": "log"},
        "yaxis": {"title": {"text": "share of (problem, target)"}, "range": [0, 1.02]},
    }
    return Figure(
        "ecdf",
        "Anytime performance",
        "Share of (problem, target) whose expected spend is within a search spend, 95%.",
        data,
        layout,
    )


def of_tradeoffs(tradeoffs: Sequence[Tradeoff], names: Sequence[str]) -> Figure:
    """Accuracy against cost per problem, chosen from a menu: mean points, and what the median run attained.

    names: all methods, in the order that gives them their colours elsewhere.
    """
    data: list[dict[str, Any]] = []
    owner: list[int] = []
    for t, one in enumerate(tradeoffs):
        for method, (accuracy, cost) in one.points.items():
            m = names.index(method)
            surface = one.surfaces[method]
            shown = np.isfinite(surface)
            style = {"color": COLOURS[m % len(COLOURS)]}
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": _list(one.costs[shown]),
                    "y": _list(surface[shown]),
                    "line": {**style, "shape": "hv", "dash": DASHES[m // len(COLOURS) % 4], "width": 1.5},
                    "name": escaped(method),
                    "legendgroup": method,
                    "showlegend": False,
                    "visible": t == 0,
                }
            )
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [_r(cost)],
                    "y": [_r(accuracy)],
                    "marker": {**style, "size": 10, "symbol": SYMBOLS[m // len(COLOURS) % 4]},
                    "name": escaped(method),
                    "legendgroup": method,
                    "visible": t == 0,
                }
            )
            owner += [t, t]
    buttons = [
        {
            "label": escaped(one.problem),
            "method": "update",
            "args": [{"visible": [o == t for o in owner]}, {"xaxis.title.text": f"nominal {one.metric} per query"}],
        }
        for t, one in enumerate(tradeoffs)
    ]
    layout = {
        "xaxis": {"title": {"text": f"nominal {tradeoffs[0].metric} per query"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "test accuracy"}},
        "updatemenus": [{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.15, "yanchor": "top"}],
        "margin": {"t": 90},
    }
    caption = "Points: mean of the final graphs. Steps: what at least half of the runs attained within each cost."
    return Figure("tradeoff", "Accuracy against cost", caption, data, layout)


def _curve(
    name: str, number: int, x: np.ndarray, low: np.ndarray, mid: np.ndarray, high: np.ndarray
) -> list[dict[str, Any]]:
    """A line with its band; both belong to one entry of the legend."""
    colour = COLOURS[number % len(COLOURS)]
    label = escaped(name)
    band = {
        "type": "scatter",
        "mode": "lines",
        "x": [*_list(x), *_list(x[::-1])],
        "y": [*_list(high), *_list(low[::-1])],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": 0.12,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "legendgroup": label,
        "showlegend": False,
    }
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": _list(x),
        "y": _list(mid),
        "name": label,
        "legendgroup": label,
        "line": {"color": colour, "dash": DASHES[number // len(COLOURS) % 4], "width": 2},
    }
    return [band, line]


def _list(values: np.ndarray) -> list[float]:
    return [_r(value) for value in values]


def _known(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _r(value: float) -> float:
    return float(f"{value:.5g}")
