"""`Results`: tables, curves, figures and views of runs, and what it says where there is little to say."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

import ttgbench
from ttgbench.errors import InputError, UnknownName
from ttgbench.report import Runs
from ttgbench.report.results import Results

SKILLS = {"single_model": 0.4, "random_search": 0.6, "good": 0.85}
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def results(anchored, write_runs) -> Results:
    return Results.read(write_runs(anchored(2), SKILLS))


def test_it_says_what_it_holds(results):
    assert len(results) == len(list(results)) == 2 * 3 * 6
    assert (results.methods, results.problems) == (["single_model", "good", "random_search"], ["p0", "p1"])
    assert repr(results) == "Results of 36 runs: single_model, good, random_search on p0, p1"
    assert "Methods over all problems" in str(results)
    for table in results._report.overview:
        assert table.note in str(results)
    assert results._report.problems[0].legend in str(results)
    assert results.to_dict()["tables"]["methods"]


def test_one_row_per_run(results):
    frame = results.to_pandas()
    assert len(frame) == len(results)
    assert set(frame.columns) == set(ttgbench.load_results(results.folder).column_names)
    assert (frame.accuracy_low < frame.accuracy).all()
    assert (frame.accuracy < frame.accuracy_high).all()
    assert (frame.agent_spend == 0).all()
    row = frame.iloc[0]
    assert row.score == pytest.approx((row.value - 0.2) / 0.7)
    assert row.anytime[-1]["score"] == pytest.approx(row.score)


def test_the_anytime_curve_of_every_run(results):
    frame = results.anytime()
    assert len(frame) == len(results) * 6
    assert list(frame.columns) == ["problem", "method", "seed", "spend", "accuracy", "score"]
    one = frame[(frame.problem == "p0") & (frame.method == "good") & (frame.seed == 0)]
    assert one.spend.is_monotonic_increasing
    assert one.score.iloc[-1] == pytest.approx((one.accuracy.iloc[-1] - 0.2) / 0.7)


def test_figures_by_name(results):
    figure = results.plot()
    assert figure.layout.title.text == "Anytime performance"
    assert {trace.name for trace in results.plot("accuracy").data} == set(SKILLS)
    for name in results.figures:
        assert results.plot(name).data
    with pytest.raises(UnknownName, match="accuracy"):
        results.plot("acuracy")
    with pytest.raises(InputError, match="figure: must be text"):
        results.plot(["accuracy"])


def test_one_seed_without_anchors_still_has_a_figure(write_runs, anchored):
    suite = anchored(1)
    folder = write_runs(suite, {"good": 0.9}, seeds=1)
    alone = Results(Runs(Results.read(folder).runs.results, None))
    assert alone.figures == ["accuracy"]
    assert alone.plot().layout.title.text == "Test accuracy"
    assert alone.to_pandas().budget.isna().all()


def test_the_page_is_written(results, tmp_path):
    page = results.report(tmp_path / "new" / "page.html")
    assert page.read_text().startswith("<!doctype html>")


def test_hostile_names_are_escaped(results, write_runs, anchored):
    views = [results._repr_html_(), Results(results.runs, None, (HOSTILE,))._repr_html_()]
    compared = ttgbench.compare(results, "good", "random_search")
    named = type(compared)(HOSTILE, "b", compared.problems, compared.verdict)
    views.append(named._repr_html_())
    graph = ttgbench.Graph([ttgbench.Node(HOSTILE, "assistant", "<script>alert(1)</script>")])
    views.append(graph._repr_svg_())
    for view in views:
        assert "<img" not in view
        assert "<script" not in view
        ElementTree.fromstring(f"<div>{view}</div>")  # well-formed, so nothing breaks out of its tag
    assert "&lt;img" in views[1]


def test_compare_says_what_the_command_says(results):
    compared = ttgbench.compare(results, "good", "random_search")
    assert compared.verdict.sentence.startswith("good is better than random_search")
    assert str(compared).endswith(compared.verdict.sentence)
    assert ttgbench.compare(results.folder, "good", "random_search").to_dict() == compared.to_dict()
    assert json.dumps(compared.to_dict())


def test_compare_refuses_what_it_cannot_compare(results, tmp_path):
    with pytest.raises(UnknownName, match="good"):
        ttgbench.compare(results, "god", "random_search")
    with pytest.raises(InputError, match="margin: must lie above 0"):
        ttgbench.compare(results, "good", "random_search", margin=-1)
    for arguments, says in [
        ((None, "good", "random_search"), "results: must be what ttgbench.run or"),
        (("", "good", "random_search"), "results: must be a path"),
        ((results, 1, "random_search"), "takes two evaluations, or"),
        ((results, "good", ["random_search"]), "takes two evaluations, or"),
    ]:
        with pytest.raises(InputError, match=says):
            ttgbench.compare(*arguments)
    for margin in ("x", float("nan"), 2):
        with pytest.raises(InputError, match="margin: must"):
            ttgbench.compare(results, "good", "random_search", margin=margin)
    with pytest.raises(InputError, match="is not a folder of results"):
        ttgbench.compare(tmp_path / "nothing", "a", "b")
