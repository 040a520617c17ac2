"""The page's figures: what is drawn is what the data say."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("gradio")

from ttgbench.leaderboard.pages import run
from ttgbench.leaderboard.parts import plots


def test_a_band_steps_where_its_curve_steps():
    row = {"run_id": "r", "spend": [1, 2, 4], "value": [0.2, 0.5, 0.6], "low": [0.1, 0.4, 0.5], "high": [0.3, 0.6, 0.7]}
    band, line = plots.curves([row], {"r": "one"}, "Score").data
    assert line.line.shape == "hv"
    corners = list(zip(band.x, band.y, strict=True))
    assert corners[:5] == [(1, 0.3), (2, 0.3), (2, 0.6), (4, 0.6), (4, 0.7)]
    assert corners[5:] == [(4, 0.5), (4, 0.4), (2, 0.4), (2, 0.1), (1, 0.1)]


def test_differences_show_the_margin_and_the_mean_over_all_problems_first():
    row = SimpleNamespace(problem="one", difference=0.02, low=-0.01, high=0.05)
    overall = SimpleNamespace(difference=0.01, low=0.0, high=0.02)
    figure = plots.forest([row], "Difference", margin=0.1, overall=overall)
    assert [trace.y[0] for trace in figure.data] == ["All problems", "one"]
    band = figure.layout.shapes[0]
    assert (band.x0, band.x1) == (-0.1, 0.1)
    low, high = figure.layout.xaxis.range
    assert low == -high
    assert high > 0.1


def test_score_against_spend_joins_what_none_beats_for_less():
    facts = {"score_low": None, "score_high": None}
    spends = {"a": (1, 0.2), "b": (2, 0.1), "c": (4, 0.5), "d": (4, 0.4), "none": (3, None)}
    rows = [{"method": name, "search_spend": x, "score": y, **facts} for name, (x, y) in spends.items()]
    rest, front = plots.spends(rows, anchored=True).data
    assert (front.text, rest.text) == (("a", "c"), ("b", "d"))
    assert plots.spends(rows[-1:], anchored=True).layout.annotations


def test_score_against_dollars_leaves_out_what_is_unpriced():
    facts = {"score_low": None, "score_high": None, "search_spend": 1.0}
    dollars = {"a": (0.5, 0.2), "b": (None, 0.9)}
    rows = [{"method": name, "search_dollars": x, "score": y, **facts} for name, (x, y) in dollars.items()]
    (front,) = plots.spends(rows, anchored=True, spend="search_dollars").data
    assert (front.x, front.text) == ((0.5,), ("a",))
    (said,) = plots.spends(rows[1:], anchored=True, spend="search_dollars").layout.annotations
    assert said.text == "No search spend is known in dollars."


def test_who_shares_a_letter_is_not_told_apart():
    (field,) = plots.told_apart(["a", "b", "c"], ["a", "a b", "b"]).data
    assert [list(line) for line in field.z] == [[None, 0, 1], [0, None, 0], [-1, 0, None]]
    (field,) = plots.heat(["<b>"], ["p", "q"], [[0.5, None]], "score").data
    assert field.y == ("&lt;b&gt;",)
    assert (field.zmin, field.zmax) == (-0.5, 0.5)


def test_a_search_is_drawn_from_whatever_its_log_holds():
    events = [
        {"event": "start", "limit": 100},
        {"event": "evaluate", "spent": 10, "value": 0.5, "key": "k", "questions": 3},
        {"event": "recommend", "spent": 10, "key": "k"},
        {"event": "evaluate", "spent": "much", "value": None},
        {"event": "end", "spent": 40},
    ]
    measured, held, final = plots.search(events, 10, 0.4).data
    assert (measured.x, measured.y) == ((1.0,), (0.5,))
    assert (held.x, held.y) == ((1.0, 4.0), (0.5, 0.5))
    assert (final.x, final.y) == ((4.0,), (0.4,))
    assert plots.search([{"event": "end"}], 10, None).layout.annotations


def test_a_log_is_told_in_full_evaluations():
    evaluation = {"event": "evaluate", "key": "abcdef0123", "value": 0.5, "questions": 3, "charged": 20, "spent": 30}
    assert run._told(evaluation, 10) == "graph abcdef01: 0.500 on 3 questions, for 2"
    assert run._told({"event": "start", "limit": 800}, 10) == "may spend 80 full evaluations"
    refused = {"event": "refused", "reason": "evaluation may cost 2,000,000, 1,000,000 of 4,000,000 are left"}
    assert run._told(refused, 1e6) == "evaluation may cost 2, 1 of 4 are left"
    assert run._told({"event": "evaluate", "key": "<b>"}, 10) == "key <b>"


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
