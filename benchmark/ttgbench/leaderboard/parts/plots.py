"""Figures. Names are text: plotly reads a little HTML in labels, so what could be markup is escaped first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape as html_escape
from itertools import pairwise, zip_longest
from typing import Any

import plotly.graph_objects as go

COLOURS = ("#1d6fd1", "#d97706", "#16946b", "#c0397b", "#7c5cd6", "#5f7d1f", "#0e93a8", "#b4532a", "#6b7280", "#a3861b")
"""Told apart in light and in dark, and by most colour-blind eyes; dashes repeat from the eleventh on."""
DASHES = ("solid", "dash", "dot")


def escape(text: str) -> str:
    """Plotly knows the entities of markup, not those of quotes."""
    return html_escape(text, quote=False)


def empty(message: str) -> go.Figure:
    """A frame that says why there is nothing to draw."""
    figure = _figure("", "")
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(text=escape(message), showarrow=False)
    return figure


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


def _points(rows: Sequence[dict[str, Any]], cost: str) -> dict[str, Any]:
    return {
        "x": [row[cost] for row in rows],
        "y": [row["accuracy"] for row in rows],
        "mode": "markers",
        "customdata": [row["key"] for row in rows],
        "text": [escape(f"{row['nodes']} nodes, by {', '.join(row['found_by'][:3])}") for row in rows],
        "hovertemplate": "%{text}<br>accuracy %{y:.3f}, cost %{x:.4g}<extra></extra>",
    }


def _marker(symbol: str, best: bool) -> dict[str, Any]:
    return {"symbol": symbol, "size": 9, "color": COLOURS[0], "opacity": 1 if best else 0.45}


def forest(rows: Sequence[Any], title: str) -> go.Figure:
    """Differences with intervals, one line per problem; without one where nothing can be said."""
    figure = _figure(title, "")
    rows = [row for row in rows if row.difference is not None]
    names = [escape(row.problem) for row in rows]
    figure.add_vline(x=0, line={"color": "#8b94a3", "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=[row.difference for row in rows],
        y=names,
        mode="markers",
        marker={"color": COLOURS[0], "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [0 if row.high is None else row.high - row.difference for row in rows],
            "arrayminus": [0 if row.low is None else row.difference - row.low for row in rows],
            "color": COLOURS[0],
            "thickness": 1.5,
        },
        hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        showlegend=False,
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_layout(height=110 + 34 * max(2, len(rows)))
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
        legend={"orientation": "h", "y": -0.22, "x": 0},
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
