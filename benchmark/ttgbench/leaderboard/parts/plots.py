"""Figures. Names are text: plotly reads a little HTML in labels, so what could be markup is escaped first."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import Any

import plotly.graph_objects as go

from ttgbench.util.text import counted, escaped

COLOURS = ("#1d6fd1", "#d97706", "#16946b", "#c0397b", "#7c5cd6", "#5f7d1f", "#0e93a8", "#b4532a", "#6b7280", "#a3861b")
"""Told apart in light and in dark, and by most colour-blind eyes; dashes repeat from the eleventh on."""
DASHES = ("solid", "dash", "dot")
NARROW = 36
"""Characters of a line that a telephone shows in full."""


def escape(text: str) -> str:
    """Plotly knows the entities of markup, not those of quotes."""
    return escaped(text, quote=False)


def empty(message: str) -> go.Figure:
    """A frame that says why there is nothing to draw."""
    figure = _figure("", "")
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    lines = textwrap.wrap(message, NARROW, break_long_words=False)
    figure.add_annotation(text="<br>".join(map(escape, lines)), showarrow=False)
    return figure


def _asked(event: dict[str, Any]) -> str:
    """What a log from outside says of an evaluation's questions."""
    count = event.get("questions")
    return counted(count, "question") if isinstance(count, int) else f"{count} questions"


def curves(rows: Sequence[dict[str, Any]], names: dict[str, str], y_title: str) -> go.Figure:
    """One line per row over log spend, with its band where there is one."""
    figure = _figure("Search spend, full evaluations", y_title)
    _log_axis(figure, [spend for row in rows for spend in row["spend"]])
    for number, row in enumerate(rows):
        colour, name = COLOURS[number % len(COLOURS)], escape(names[row["run_id"]])
        if row["low"]:
            top, bottom = _steps(row["spend"], row["high"]), _steps(row["spend"], row["low"])
            around = [*top, *reversed(bottom)]
            figure.add_scatter(
                x=[x for x, _ in around],
                y=[y for _, y in around],
                fill="toself",
                fillcolor=_faint(colour),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                legendgroup=row["run_id"],
            )
        figure.add_scatter(
            x=row["spend"],
            y=row["value"],
            name=name,
            mode="lines",
            legendgroup=row["run_id"],
            line={"color": colour, "width": 2, "dash": DASHES[number // len(COLOURS) % len(DASHES)], "shape": "hv"},
            hovertemplate="%{x:.2f} full evaluations: %{y:.3f}<extra>" + name + "</extra>",
        )
    return figure


def scatter(rows: Sequence[dict[str, Any]], cost: str, cost_title: str, chosen: str | None) -> go.Figure:
    """Accuracy against cost of graphs; those that no other dominates are joined. Points carry their key."""
    figure = _figure(cost_title, "Test accuracy")
    _log_axis(figure, [row[cost] for row in rows])
    front = sorted((row for row in rows if row[f"front_{cost}"]), key=lambda row: row[cost])
    figure.add_scatter(
        x=[row[cost] for row in front],
        y=[row["accuracy"] for row in front],
        mode="lines",
        name="Pareto front",
        line={"color": COLOURS[0], "width": 1.5, "shape": "hv"},
        hoverinfo="skip",
    )
    kinds = ((False, "found by a search", "circle"), (True, "published graph", "diamond"))
    for published, name, symbol in kinds:
        for best in (True, False):  # traces of their own, as a legend shows one look per trace
            some = [
                row
                for row in rows
                if row["published"] == published and row[f"front_{cost}"] == best and row["key"] != chosen
            ]
            if some:
                label = name if best else f"{name}, dominated"
                figure.add_scatter(**_points(some, cost), name=label, marker=_marker(symbol, best))
    picked = [row for row in rows if row["key"] == chosen]
    if picked:
        marker = {"symbol": "diamond" if picked[0]["published"] else "circle", "size": 15, "color": COLOURS[1]}
        figure.add_scatter(**_points(picked, cost), name="shown below", marker=marker)
    return figure


SPENDS = {"search_spend": "full evaluations", "search_dollars": "dollars"}
"""What search cost is shown in, by column."""


def spends(rows: Sequence[dict[str, Any]], anchored: bool, spend: str = "search_spend", left_out: int = 0) -> go.Figure:
    """Score against what the searches spent, agent included, with 95% intervals; what no other method beats in both
    is joined and named. spend: of SPENDS, known of these rows; left_out: how many methods it is not known of."""
    key, title = ("score", "Score") if anchored else ("value", "Objective, points")
    rows = [row for row in rows if row[key] is not None]
    if not rows:
        return empty("No method has runs that all ended with a graph.")
    rows = [row for row in rows if row[spend] is not None and row[spend] > 0]
    if not rows:
        return empty(f"No search spend is known in {SPENDS[spend]}.")
    without = f" ({left_out} unpriced not shown)" if left_out else ""
    figure = _figure(f"Search spend of a run, {SPENDS[spend]}{without}", title)
    _log_axis(figure, [row[spend] for row in rows])
    front = _front([(row[spend], row[key]) for row in rows])
    for best in (False, True):
        some = [row for number, row in enumerate(rows) if (number in front) == best]
        some.sort(key=lambda row: row[spend])
        if some:
            figure.add_scatter(
                x=[row[spend] for row in some],
                y=[row[key] for row in some],
                name="none is better for less" if best else "another is better for less",
                mode="lines+markers+text" if best else "markers",
                text=[escape(row["method"]) for row in some],
                textposition=_sides([row[spend] for row in some]),
                line={"color": COLOURS[0], "width": 1.5, "shape": "hv"},
                marker={"color": COLOURS[0], "size": 9, "opacity": 1 if best else 0.45},
                error_y=_bounds(some, key),
                hovertemplate=f"%{{text}}<br>%{{y:.3f}} for %{{x:.3g}} {SPENDS[spend]}<extra></extra>",
            )
    return figure


def _sides(spends: Sequence[float]) -> list[str]:
    """Where names stand, cheapest first: below the line and inside the frame, close neighbours on either side of it."""
    middle = math.sqrt(spends[0] * spends[-1])
    late = [spend >= middle and len(spends) > 1 for spend in spends]
    return [
        f"{'top' if after and (len(late) - number) % 2 == 0 else 'bottom'} {'left' if after else 'right'}"
        for number, after in enumerate(late)
    ]


def _front(points: Sequence[tuple[float, float]]) -> set[int]:
    """Numbers of the points that no other beats: cheaper first, each better than all before."""
    front, best = set(), -math.inf
    for number in sorted(range(len(points)), key=lambda n: (points[n][0], -points[n][1])):
        if points[number][1] > best:
            front.add(number)
            best = points[number][1]
    return front


def _bounds(rows: Sequence[dict[str, Any]], key: str) -> dict[str, Any]:
    """Error bars of a measured column."""
    low, high = ([row[f"{key}_{end}"] for row in rows] for end in ("low", "high"))
    return {
        "type": "data",
        "symmetric": False,
        "array": [0 if top is None else top - row[key] for row, top in zip(rows, high, strict=True)],
        "arrayminus": [0 if bottom is None else row[key] - bottom for row, bottom in zip(rows, low, strict=True)],
        "color": COLOURS[0],
        "thickness": 1,
        "width": 3,
    }


def _points(rows: Sequence[dict[str, Any]], cost: str) -> dict[str, Any]:
    return {
        "x": [row[cost] for row in rows],
        "y": [row["accuracy"] for row in rows],
        "mode": "markers",
        "customdata": [row["key"] for row in rows],
        "text": [escape(f"{counted(row['nodes'], 'node')}, by {', '.join(row['found_by'][:3])}") for row in rows],
        "hovertemplate": "%{text}<br>accuracy %{y:.3f}, cost %{x:.4g}<extra></extra>",
    }


def _marker(symbol: str, best: bool) -> dict[str, Any]:
    return {"symbol": symbol, "size": 9, "color": COLOURS[0], "opacity": 1 if best else 0.45}


def forest(rows: Sequence[Any], title: str, *, margin: float | None = None, overall: Any = None) -> go.Figure:
    """Differences with intervals, one line per problem, over all of them first; without one where nothing can be said.

    margin: differences within it on either side of 0 are equivalent, which a band shows.
    """
    figure = _figure(title, "")
    rows = [row for row in rows if row.difference is not None]
    if margin:
        figure.add_vrect(x0=-margin, x1=margin, fillcolor="#8b94a3", opacity=0.16, line_width=0, layer="below")
    figure.add_vline(x=0, line={"color": "#8b94a3", "width": 1, "dash": "dot"})
    if overall is not None:
        figure.add_scatter(**_differences([overall], ["All problems"], COLOURS[1], "diamond"))
    figure.add_scatter(**_differences(rows, [escape(row.problem) for row in rows], COLOURS[0], "circle"))
    ends = [x for row in (*rows, *([overall] if overall else ())) for x in (row.difference, row.low, row.high)]
    reach = max((abs(x) for x in (*ends, margin or 0) if x is not None and math.isfinite(x)), default=0) or 1
    figure.update_xaxes(range=[-1.08 * reach, 1.08 * reach])
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_layout(height=110 + 30 * max(2, len(rows) + (overall is not None)))
    return figure


def _differences(rows: Sequence[Any], names: Sequence[str], colour: str, symbol: str) -> dict[str, Any]:
    known = [row.low is not None and math.isfinite(row.high - row.low) for row in rows]
    return {
        "x": [row.difference for row in rows],
        "y": list(names),
        "mode": "markers",
        "name": "difference",
        "marker": {"color": colour, "size": 10, "symbol": symbol},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [row.high - row.difference if told else 0 for row, told in zip(rows, known, strict=True)],
            "arrayminus": [row.difference - row.low if told else 0 for row, told in zip(rows, known, strict=True)],
            "color": colour,
            "thickness": 1.5,
        },
        "hovertemplate": "%{y}: %{x:+.3f}<extra></extra>",
        "showlegend": False,
    }


def heat(
    names: Sequence[str], problems: Sequence[str], values: Sequence[Sequence[float | None]], what: str
) -> go.Figure:
    """Values of methods (lines) on problems (columns); blue above 0, orange below."""
    reach = max((abs(value) for line in values for value in line if value is not None), default=1) or 1
    return _field(
        [escape(name) for name in problems],
        [escape(name) for name in names],
        values,
        colorscale=[[0, "#d97706"], [0.5, "#f1f3f6"], [1, "#1d6fd1"]],
        zmin=-reach,
        zmax=reach,
        texttemplate="%{z:.2f}" if len(problems) <= 16 else "",
        hovertemplate="%{y} on %{x}: " + what + " %{z:.3f}<extra></extra>",
    )


def told_apart(names: Sequence[str], ties: Sequence[str]) -> go.Figure:
    """Of methods, best first: whether the one of a line is better (blue) or worse (orange) than that of a column, or
    whether they share a letter, so that the data do not tell them apart (grey)."""
    groups = [set(letters.split()) for letters in ties]
    values = [
        [None if i == j else 0 if one & other else 1 if i < j else -1 for j, other in enumerate(groups)]
        for i, one in enumerate(groups)
    ]
    words = {None: "", 0: "not told apart from", 1: "better than", -1: "worse than"}
    shown = [escape(name) for name in names]
    return _field(
        shown,
        shown,
        values,
        colorscale=[[0, "#d97706"], [0.5, "#d5dae1"], [1, "#1d6fd1"]],
        zmin=-1,
        zmax=1,
        showscale=False,
        customdata=[[words[value] for value in line] for line in values],
        hovertemplate="%{y} %{customdata} %{x}<extra></extra>",
    )


def _told(value: Any) -> bool:
    """Whether a log, which comes from outside, has a number there."""
    return isinstance(value, int | float) and math.isfinite(value)


def _field(columns: Sequence[str], lines: Sequence[str], values: Sequence[Sequence[Any]], **look: Any) -> go.Figure:
    figure = _figure("", "")
    bar = {"thickness": 12, "outlinewidth": 0}
    figure.add_heatmap(x=list(columns), y=list(lines), z=values, xgap=2, ygap=2, colorbar=bar, **look)
    figure.update_xaxes(type="category", side="top", tickangle=-45, showgrid=False)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    figure.update_layout(height=150 + 24 * max(3, len(lines)), margin={"t": 40, "b": 16})
    return figure


def search(events: Sequence[dict[str, Any]], full: float, final: float | None) -> go.Figure:
    """One search: what each evaluation measured, which graph was recommended, and what came of it on test.

    full: ledger units of a full evaluation; final: the objective on test of the graph that it ended with.
    """
    events = [event for event in events if _told(event.get("spent")) and event["spent"] > 0]
    measured = [event for event in events if event.get("event") == "evaluate" and _told(event.get("value"))]
    values = {str(event.get("key")): event["value"] for event in measured}
    held = [event for event in events if event.get("event") == "recommend" and str(event.get("key")) in values]
    spent = [event["spent"] / full for event in events]
    if not measured:
        return empty("The log holds no evaluation.")
    figure = _figure("Search spend, full evaluations", "Objective")
    _log_axis(figure, spent)
    figure.add_scatter(
        x=[event["spent"] / full for event in measured],
        y=[event["value"] for event in measured],
        mode="markers",
        name="evaluated on search questions",
        marker={"color": COLOURS[0], "size": 7, "opacity": 0.45},
        text=[escape(f"graph {str(e.get('key'))[:8]}, {_asked(e)}") for e in measured],
        hovertemplate="%{text}: %{y:.3f}<extra></extra>",
    )
    if held:
        figure.add_scatter(
            x=[*(event["spent"] / full for event in held), spent[-1]],
            y=[values[str(event["key"])] for event in [*held, held[-1]]],
            mode="lines",
            name="graph recommended",
            line={"color": COLOURS[0], "width": 2, "shape": "hv"},
            text=[escape(f"graph {str(event['key'])[:8]}") for event in [*held, held[-1]]],
            hovertemplate="%{text}: %{y:.3f}<extra></extra>",
        )
    if final is not None:
        marker = {"color": COLOURS[1], "size": 12, "symbol": "diamond"}
        figure.add_scatter(x=[spent[-1]], y=[final], mode="markers", name="final graph on test", marker=marker)
    return figure


def _figure(x_title: str, y_title: str) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=420,
        margin={"l": 64, "r": 16, "t": 16, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "y": -0.26, "x": 0},
        showlegend=True,
        hovermode="closest",
    )
    figure.update_xaxes(title=x_title, automargin=True, gridcolor="#e5e7eb", zeroline=False)
    figure.update_yaxes(title=y_title, automargin=True, gridcolor="#e5e7eb", zeroline=False)
    return figure


def _log_axis(figure: go.Figure, values: Sequence[float]) -> None:
    """A logarithmic axis that says 1, 2, 5, 10, ... in full; a little room on either side."""
    low, high = 0.93 * min(values), 1.07 * max(values)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    decades = math.log10(high / low)
    steps = (1, 2, 3, 5, 7) if decades < 1.3 else (1, 2, 5) if decades < 4 else (1,)
    ticks = [step * 10.0**power for power in powers for step in steps]
    shown = [tick for tick in ticks if low <= tick <= high]
    figure.update_xaxes(
        type="log",
        range=[math.log10(low), math.log10(high)],
        tickvals=shown,
        ticktext=[f"{tick:.6g}" for tick in shown],
    )


def _steps(spends: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
    """Corners of a curve that keeps each value until the next spend, as the lines are drawn."""
    corners = list(zip(spends, values, strict=True))
    held = [(following, value) for (_, value), (following, _) in pairwise(corners)]
    return [point for pair in zip_longest(corners, held) for point in pair if point is not None]


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"
