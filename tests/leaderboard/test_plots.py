"""The page's figures: what is drawn is what the data say."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio")

from ttgbench.leaderboard.parts import plots


def test_a_band_steps_where_its_curve_steps():
    row = {"run_id": "r", "spend": [1, 2, 4], "value": [0.2, 0.5, 0.6], "low": [0.1, 0.4, 0.5], "high": [0.3, 0.6, 0.7]}
    band, line = plots.curves([row], {"r": "one"}, "Score").data
    assert line.line.shape == "hv"
    corners = list(zip(band.x, band.y, strict=True))
    assert corners[:5] == [(1, 0.3), (2, 0.3), (2, 0.6), (4, 0.6), (4, 0.7)]
    assert corners[5:] == [(4, 0.5), (4, 0.4), (2, 0.4), (2, 0.1), (1, 0.1)]


def test_the_legend_shows_each_kind_of_graph_as_it_is_drawn():
    def graph(key, best, published=False):
        found = {"found_by": ["one"], "nodes": 3, "units": 2.0, "accuracy": 0.5}
        return {"key": key, "published": published, "front_units": best, **found}

    rows = [graph("a", True), graph("b", False), graph("c", False, published=True), graph("d", False)]
    traces = {trace.name: trace for trace in plots.scatter(rows, "units", "Units", chosen="b").data}
    assert set(traces) == {
        "Pareto front",
        "found by a search",
        "found by a search, dominated",
        "published graph, dominated",
        "shown below",
    }
    assert traces["shown below"].customdata == ("b",)
    points = [trace for name, trace in traces.items() if name != "Pareto front"]
    assert sorted(key for trace in points for key in trace.customdata) == ["a", "b", "c", "d"]
    assert all(isinstance(trace.marker.color, str) for trace in points)
