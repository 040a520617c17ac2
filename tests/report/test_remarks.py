"""What stands before the figures: the suite's own words, runs that failed with a graph, runs that tried nothing."""

from __future__ import annotations

import json

from typer.testing import CliRunner

import ttgbench
from ttgbench.cli import app
from ttgbench.report import build, read_runs
from ttgbench.report.page import as_html
from ttgbench.run.results import result_paths

SKILLS = {"single_model": 0.4, "good": 0.85}


def changed(out, method, seed, **fields):
    for path in result_paths(out):
        if path.parts[-3:-1] == (method, f"seed-{seed:03}"):
            path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_a_run_that_crashed_with_a_graph_is_told_with_its_reason(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    assert build(read_runs(out)).remarks == ()
    changed(out, "good", 2, status="crashed", error="ValueError: lost <b>my\nway")
    said = "good: of 6 runs, 1 crashed (ValueError: lost <b>my); the graph that each recommended last is scored."
    report = build(read_runs(out))
    assert report.remarks == (said,)
    assert said in str(ttgbench.Results.read(out))
    assert said in CliRunner().invoke(app, ["report", str(out)]).stdout.replace("\n", " ")
    assert "lost &lt;b&gt;my)" in as_html(report)


def test_a_run_that_evaluated_nothing_is_told(anchored, write_runs):
    out = write_runs(anchored(2), SKILLS)
    search = json.loads(next(iter(result_paths(out))).read_text())["search"] | {"spent": 0, "by_category": {}}
    changed(out, "good", 0, status="exhausted", error="evaluation may cost 9", search=search)
    said = "good: 2 of 12 runs spent nothing and evaluated no graph (evaluation may cost 9)."
    assert build(read_runs(out)).remarks == (said,)


def test_what_the_suite_says_of_itself_comes_first(anchored, write_runs):
    out = write_runs(anchored(1).model_copy(update={"description": "Smoke test, e.g. for\nCI. Nothing else."}), SKILLS)
    about = "Smoke test, e.g. for CI."
    runs = CliRunner()
    for shown in (
        str(ttgbench.Results.read(out)),
        str(ttgbench.compare(out, "good", "single_model")),
        runs.invoke(app, ["report", str(out)]).stdout.strip(),
        runs.invoke(app, ["compare", "good", "single_model", "--results", str(out)]).stdout.strip(),
    ):
        assert shown.startswith(f"{about}\n")
    assert f"<p>{about}</p>" in as_html(build(read_runs(out)))


def test_the_graph_that_is_drawn_is_named_as_what_it_is(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    best = "good, its most frequent final graph (6 of 6 runs)"
    assert f"best mean accuracy: {best}; mean over its runs 6.00 units" in CliRunner().invoke(
        app, ["report", str(out)]
    ).stdout.replace("\n", " ")
    assert f"Best mean accuracy: {best}" in as_html(build(read_runs(out)))
