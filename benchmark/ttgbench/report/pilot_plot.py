"""Plots of pilot experiments: one self-contained page, drawn by plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ttgbench.report.pilot import Point
from ttgbench.util.text import counted

AXES = {"width": "copies side by side", "depth": "steps one after another", "budget": "budget, units per query"}
COLUMNS = {"width": "width", "depth": "depth", "mix": "budget", "paper": "width"}


def as_html(experiment: str, points: Sequence[Point], title: str) -> str:
    """The page. experiment: width, depth, grid or mix."""
    figure = _heatmaps(points) if experiment == "grid" else _curves(points, COLUMNS[experiment])
    figure.update_layout(title={"text": title}, template="plotly_white")
    return str(figure.to_html(include_plotlyjs=True, full_html=True))


def _curves(points: Sequence[Point], column: str) -> Any:
    """Accuracy with 95% intervals against what was varied, and against what it costs."""
    from plotly.colors import qualitative
    from plotly.subplots import make_subplots

    figure = make_subplots(cols=2, shared_yaxes=True)
    for number, series in enumerate(dict.fromkeys(point.series for point in points)):
        mine = [point for point in points if point.series == series]
        colour = qualitative.Safe[number % len(qualitative.Safe)]
        for place, name in enumerate((column, "units"), 1):
            figure.add_scatter(
                x=[getattr(point, name) for point in mine],
                y=[point.accuracy for point in mine],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [point.high - point.accuracy for point in mine],
                    "arrayminus": [point.accuracy - point.low for point in mine],
                },
                text=[f"{point.width} x {point.depth}, {counted(point.nodes, 'node')}" for point in mine],
                name=series,
                legendgroup=series,
                showlegend=place == 1,
                line={"color": colour},
                mode="lines+markers",
                row=1,
                col=place,
            )
            figure.update_xaxes(title=AXES.get(name, "nominal cost, units per query"), row=1, col=place)
    figure.update_yaxes(title="accuracy", row=1, col=1)
    return figure


def _heatmaps(points: Sequence[Point]) -> Any:
    """Accuracy by width and depth, one map per model, on one scale of colours."""
    from plotly.subplots import make_subplots

    models = list(dict.fromkeys(point.series for point in points))
    figure = make_subplots(cols=len(models), subplot_titles=models)
    values = [point.accuracy for point in points]
    for place, model in enumerate(models, 1):
        mine = {(point.width, point.depth): point for point in points if point.series == model}
        widths, depths = (sorted({size[axis] for size in mine}) for axis in (0, 1))
        cells = [[mine.get((w, d)) for w in widths] for d in depths]
        figure.add_heatmap(
            x=[str(w) for w in widths],
            y=[str(d) for d in depths],
            z=[[None if point is None else point.accuracy for point in row] for row in cells],
            text=[["" if point is None else _cell(point) for point in row] for row in cells],
            texttemplate="%{text}",
            coloraxis="coloraxis",
            row=1,
            col=place,
        )
        figure.update_xaxes(title=AXES["width"], row=1, col=place)
    figure.update_yaxes(title=AXES["depth"], row=1, col=1)
    figure.update_layout(coloraxis={"colorscale": "Cividis", "cmin": min(values), "cmax": max(values)})
    return figure


def _cell(point: Point) -> str:
    return f"{point.accuracy:.2f}<br>[{point.low:.2f}, {point.high:.2f}]<br>{point.units:.1f} units"
