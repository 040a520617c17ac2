"""The report: what it concludes, what it refuses to conclude, what it writes, and what it says of broken folders."""

from __future__ import annotations

import csv
import json
import math
import shutil

import pytest

from ttgbench.errors import InputError
from ttgbench.report import build, read_runs
from ttgbench.report.export import as_latex, write_csv, write_latex
from ttgbench.report.page import as_html
from ttgbench.report.table import Column, Table
from ttgbench.stats import Interval

SKILLS = {"single_model": 0.4, "random_search": 0.6, "good": 0.85}


def named(report, name):
    return next(table for table in report.tables if table.name == name)


def test_methods_are_ranked_on_the_scale_of_the_anchors(anchored, write_runs):
    suite = anchored(3)
    report = build(read_runs(write_runs(suite, SKILLS)))
    rows = named(report, "methods").records()
    assert [row["method"] for row in rows] == ["good", "random_search", "single_model"]
    assert rows[0]["rank"] == "1"
    at = [rows[0][f"Regret at {spend}"] for spend in (5, 20, 80)]
    assert at[2]["estimate"] == pytest.approx(90 - 85, abs=4)
    assert at[0]["estimate"] > at[1]["estimate"] > at[2]["estimate"] > at[2]["low"]
    assert rows[0]["score"]["estimate"] == pytest.approx((0.85 - 0.2) / 0.7, abs=0.1)
    order = [row["Regret at 80"]["estimate"] for row in rows]
    assert order == sorted(order), "the order is that of the figure shown"


def test_with_few_tasks_nothing_is_said_about_tasks_in_general(anchored, write_runs):
    report = build(read_runs(write_runs(anchored(3), SKILLS)))
    pairs = named(report, "pairs")
    assert "on these tasks only" in pairs.title
    assert "are for all pairs at once" in pairs.note
    assert all(row["p, corrected"] < 0.05 for row in pairs.records())
    assert "critical-difference" not in {figure.name for figure in report.figures}


def test_with_ten_tasks_there_are_p_values_and_a_diagram(anchored, write_runs):
    report = build(read_runs(write_runs(anchored(10), SKILLS, seeds=5)), rope=5)
    pairs = named(report, "pairs")
    assert "Friedman p" in pairs.note
    assert all(row["p, corrected"] < 0.05 for row in pairs.records())
    assert "critical-difference" in {figure.name for figure in report.figures}
    good = next(row for row in named(report, "rope").records() if row["method"] == "good")
    assert good["better"] > 0.95


def test_the_anytime_log_gives_hits_and_running_times(anchored, write_runs):
    report = build(read_runs(write_runs(anchored(2), SKILLS)))
    rows = {row["method"]: row for row in named(report, "anytime").records()}
    assert rows["good"]["area under ECDF"]["estimate"] > rows["single_model"]["area under ECDF"]["estimate"]
    assert rows["good"]["holds_50"]["estimate"] == 1
    assert rows["single_model"]["spend_90"]["estimate"] is None
    ert = [row for row in named(report, "ert").records() if row["method"] == "single_model" and row["target"] == 1]
    assert [(row["ERT"], row["hits"], row["runs"]) for row in ert] == [(None, 0, 6)] * 2


def test_verdicts_are_words_and_use_the_margin_of_the_suite(anchored, write_runs):
    skills = {"single_model": 0.6, "twin": 0.6, "worse": 0.1}
    rows = {row.method: row for row in build(read_runs(write_runs(anchored(1), skills, seeds=20))).rows}
    assert rows["single_model"].verdict == "the baseline"
    assert rows["worse"].verdict.startswith("worse (p < 0.0001")
    assert rows["twin"].verdict.startswith(("no difference shown (p", "equivalent within 0.05 (p"))
    assert "would have been detected" in rows["twin"].verdict


def lose_graph(out, place, keep=0.0):
    """As if the run had crashed before it recommended anything; keep: or only what it recommended from there on."""
    path = out / place / "result.json"
    result = json.loads(path.read_text())
    left = [one for one in result["incumbents"] if keep and one["at"] >= keep]
    path.write_text(json.dumps(result | {"incumbents": left} | ({} if left else {"test": [], "status": "crashed"})))


def test_a_run_without_a_graph_is_counted_and_its_method_has_no_score(anchored, write_runs):
    out = write_runs(anchored(2), SKILLS)
    lose_graph(out, "p0/good/seed-001")
    report = build(read_runs(out))
    first, other = (row for row in report.rows if row.method == "good")
    assert first.statuses == {"crashed": 1, "finished": 5}
    assert first.verdict == "no verdict: 1 of 6 runs of good ended without a graph"
    assert (first.accuracy, first.comparison.difference, first.graph, first.break_even) == (None, None, None, None)
    assert other.accuracy is not None, "it has a score where every run has a graph"
    *ranked, last = named(report, "methods").records()
    assert [row["method"] for row in ranked] == ["random_search", "single_model"]
    assert last.pop("method") == "good"
    assert last.pop("rank") == "1 of 12 runs ended without a graph"
    assert set(last.values()) == {None}
    assert "good" not in {row["method"] for name in ("anytime", "ert") for row in named(report, name).records()}
    assert ("p0", "good") not in {(row["problem"], row["method"]) for row in named(report, "tradeoff").records()}
    assert "1 of 6 runs of good ended without a graph" in as_html(report)


def test_what_has_no_price_is_unpriced_and_not_free(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    for path in out.glob("p0/random_search/*/result.json"):
        result = json.loads(path.read_text())
        for test in result["test"]:
            test["dollars"] = test["nominal"]["dollars"] = None
        path.write_text(json.dumps(result))
    prices = {row.method: row.values()[6] for row in build(read_runs(out)).rows}
    assert prices["random_search"] == "unpriced"
    assert prices["single_model"] == pytest.approx(0.01)


def test_a_baseline_without_a_score_is_compared_with_nothing(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    lose_graph(out, "p0/single_model/seed-000")
    verdicts = {row.method: row.verdict for row in build(read_runs(out)).rows}
    assert verdicts["good"] == "no verdict: 1 of 6 runs of single_model ended without a graph"
    assert verdicts["single_model"] == "1 of 6 runs ended without a graph"


def test_a_read_out_before_the_first_graph_is_empty(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    lose_graph(out, "p0/good/seed-001", keep=10)
    row = next(row for row in named(build(read_runs(out)), "methods").records() if row["method"] == "good")
    assert row["Regret at 5"] is None
    assert row["Regret at 80"] is not None


def test_what_is_incomplete_is_said(anchored, write_runs):
    out = write_runs(anchored(2), SKILLS)
    shutil.rmtree(out / "p1/good/seed-003")
    assert "5 are shared" in named(build(read_runs(out)), "methods").note
    shutil.rmtree(out / "p1/good")
    assert "lack runs on some problem: good" in named(build(read_runs(out)), "methods").note


def test_few_seeds_allow_no_verdicts(anchored, write_runs):
    report = build(read_runs(write_runs(anchored(10), SKILLS, seeds=4)))
    words = "no verdict: 4 runs of each, fewer than 5"
    assert {row.verdict for row in report.rows} == {"the baseline", words}
    assert {row["rank"] for row in named(report, "methods").records()} == {"no rank: 4 runs of each, fewer than 5"}
    pairs = named(report, "pairs")
    assert {row["verdict"] for row in pairs.records()} == {words}
    assert all(isinstance(row["difference"], float) and row["p, corrected"] is None for row in pairs.records())
    assert pairs.note == "No p-values, no intervals and no verdicts: 4 runs of each, fewer than 5."


def test_problems_with_nothing_to_find_are_in_no_mean_and_in_no_rank(anchored, write_runs):
    suite = anchored(3, ones=(0.9, 0.24, 0.9))
    report = build(read_runs(write_runs(suite, SKILLS)))
    assert "less than 5 points above the best single model: p1." in named(report, "methods").note
    assert "2 problems" in named(report, "methods").note
    assert {row["problem"] for row in named(report, "ert").records()} == {"p0", "p2"}
    assert {row.problem for row in report.rows} == {"p0", "p1", "p2"}, "its own table stays"


def test_one_seed_has_no_overview(anchored, write_runs):
    report = build(read_runs(write_runs(anchored(2), SKILLS, seeds=1)))
    assert report.overview == []
    assert "<script" not in as_html(report)
    assert len(report.rows) == 6


def test_the_same_runs_give_the_same_report(anchored, write_runs):
    out = write_runs(anchored(2), SKILLS)
    assert as_html(build(read_runs(out))) == as_html(build(read_runs(out)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "JSON"),
        (b"{}", "suite: Field required"),
        (b"\xff\xfe", "JSON"),
        (b'{"schema": 2}', "schema"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_a_broken_file_is_named(anchored, write_runs, content, message):
    out = write_runs(anchored(1), SKILLS)
    path = out / "p0/good/seed-001/result.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_runs(out)
    assert caught.value.source == str(path)


def test_mixed_suites_and_doubled_runs_are_refused(anchored, write_runs, tmp_path):
    out = write_runs(anchored(1), SKILLS)
    shutil.copytree(out / "p0/good", out / "p0/copy")
    with pytest.raises(InputError, match="second result for the run"):
        read_runs(out)
    shutil.rmtree(out / "p0/copy")
    path = out / "p0/good/seed-001/result.json"
    path.write_text(path.read_text().replace('"suite_hash":"', '"suite_hash":"0'))
    with pytest.raises(InputError, match="another suite") as caught:
        read_runs(out)
    assert caught.value.source.endswith("result.json")


def test_exports_hold_the_numbers_and_escape_the_rest(anchored, write_runs, tmp_path):
    report = build(read_runs(write_runs(anchored(2), SKILLS)))
    for path in write_csv(report, tmp_path / "csv"):
        heading, *rows = list(csv.reader(path.read_text().splitlines()))
        assert all(len(row) == len(heading) for row in rows)
    names = [path.name for path in write_latex(report, tmp_path / "tex")]
    assert {"methods.tex", "pairs.tex", "anytime.tex", "ert.tex", "tradeoff.tex", "problem-p0.tex"} <= set(names)
    odd = Table("odd", "50%\n\\input{x}", (Column("a_b"),), [("100% & $x_1$ \\end{tabular}",)])
    assert r"100\% \& \$x\_1\$ \textbackslash{}end\{tabular\}" in as_latex(odd)
    assert as_latex(odd).splitlines()[0] == "% 50% \\input{x}"


def test_the_page_escapes_names_in_tables_and_figures(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    evil = "</script><img src=x onerror=alert(1)>"
    for path in sorted(out.rglob("result.json")):
        result = json.loads(path.read_text()) | {"problem": evil, "error": evil}
        path.write_text(json.dumps(result))
    (out / "run.json").unlink()
    page = as_html(build(read_runs(out)))
    assert "<img" not in page.split("plotly.js v")[0]
    assert page.count("</script>") == page.count("<script") or "plotly.js v" in page


def test_what_was_never_reached_is_said_once_and_no_p_is_zero():
    never, spend = Interval(math.inf, math.inf, math.inf), Interval(3.0, 2.0, math.inf)
    table = Table(
        "t", "T", (Column("spend", digits=1), Column("p", digits=4, least=1e-4)), [(never, 0.0), (spend, 0.01)]
    )
    assert table.texts() == [["never", "< 0.0001"], ["3.0 [2.0, never]", "0.0100"]]
