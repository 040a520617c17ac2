"""The tables behind the page: what is computed, what shares a table, what is left out."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys

import made_up
import numpy as np
import pytest
from conftest import PLAIN, SUITE, SUITES
from scipy import stats as scipy_stats

from ttgbench import InputError, load_results
from ttgbench.leaderboard.pages.pictures import best_graphs
from ttgbench.leaderboard.parts import table as page_table
from ttgbench.publish.archive import find_archives, read_archive
from ttgbench.report.board import build, read_board, write_board
from ttgbench.report.board.cite import cite_result, cite_suite
from ttgbench.report.board.compare import compare_graphs, compare_methods
from ttgbench.report.board.slices import slices
from ttgbench.report.columns import column
from ttgbench.report.export import as_csv, as_json, as_latex
from ttgbench.report.table import p_text
from ttgbench.util.latex import latex


def methods(board, **where):
    rows = board.rows("methods", **{"suite": "made-up-v1", "budget": "all", "objective": "all", **where})
    return {row["method"]: row for row in rows}


def runs(board, suite="made-up-v1"):
    return {row["method"]: row["run_id"] for row in board.rows("runs", suite=suite)}


def test_scores_are_the_means_of_the_normalised_finals(board):
    cells = [row for row in board.rows("cells", suite="made-up-v1") if row["method"] == "made_up_alpha"]
    assert len(cells) == 4 * 5
    by_hand = [min(1, max(-1, (row["value"] - 0.4) / 0.5)) for row in cells]
    row = methods(board)["made_up_alpha"]
    assert row["regret"] == pytest.approx(np.mean([100 * (0.9 - row["value"]) for row in cells]))
    assert row["regret_low"] < row["regret"] < row["regret_high"]
    assert row["score"] == pytest.approx(np.mean(by_hand))
    assert row["score_low"] < row["score"] < row["score_high"]
    latency = next(row for row in cells if row["objective"] == "accuracy-latency")
    assert latency["value"] == pytest.approx(latency["accuracy"] - 0.02 * latency["seconds"])


def test_ranks_ties_and_order(board):
    rows = list(methods(board).values())
    assert [row["place"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["method"] for row in rows][:2] == ["made_up_alpha", "made_up_beta"]
    assert rows[0]["ties"] == rows[1]["ties"] == "a"  # 0.85 and 0.80 cannot be told apart with five seeds
    assert (rows[0]["rank_best"], rows[0]["rank_worst"]) == (1, 2)
    assert rows[3]["method"] == "made_up_delta"
    assert rows[3]["rank_best"] == 4


def test_runs_without_a_graph_are_listed_and_neither_ranked_nor_zero(board):
    row = methods(board)["made_up_broken"]
    assert row["score"] is None
    assert row["rank_best"] is None
    assert row["unranked"] == "3 of 20 runs ended without a graph"
    assert json.loads(row["failures"]) == {"crashed": 3}
    failed = [row for row in board.rows("cells", suite="made-up-v1") if row["status"] == "crashed"]
    assert len(failed) == 3
    assert all(row["score"] is None and row["units"] is None for row in failed)


def test_one_seed_and_no_anchors_say_so(board):
    rows = methods(board, suite="plain-v1")
    assert set(rows) == {"made_up_alpha", "made_up_beta"}
    assert all(row["unranked"] == "smoke test, not a ranking: 1 run of each, fewer than 5" for row in rows.values())
    assert all(row["spend_50"] is None and row["score_low"] is None for row in rows.values())
    assert not board.manifest["suites"]["plain-v1"]["normalised"]
    assert board.rows("anytime", suite="plain-v1", kind="ecdf") == []


def test_fewer_seeds_than_the_suite_are_not_ranked(tmp_path):
    made_up.write_all(
        tmp_path, SUITE, [made_up.MadeUp("made_up_few", 0.5, seeds=2), made_up.MadeUp("made_up_all", 0.4)]
    )
    tables, _ = build(find_archives(tmp_path, suites=SUITES))
    rows = {row["method"]: row for row in tables["methods"].to_pylist() if row["budget"] == row["objective"] == "all"}
    assert rows["made_up_few"]["unranked"] == "2 of 5 seeds"
    assert rows["made_up_few"]["score"] is not None
    assert (rows["made_up_all"]["rank_best"], rows["made_up_all"]["rank_worst"]) == (1, 1)


def test_slices_never_mix_what_they_name(board):
    parts = {(part.budget, part.objective): part.rows for part in slices(SUITE)}
    assert parts["all", "all"] == (0, 1, 2, 3)
    assert parts["6 units", "all"] == (0, 2)
    assert parts["20 units", "accuracy-latency"] == (3,)
    assert ("6 units", "accuracy-latency") not in parts  # no such problem
    assert methods(board, budget="20 units", objective="accuracy-latency")["made_up_alpha"]["problems"] == 1


def test_suite_versions_share_no_table(tmp_path):
    second = made_up.suite(version=2)
    for suite in (SUITE, second):
        made_up.write_all(tmp_path, suite, made_up.METHODS[:2])
    tables, manifest = build(find_archives(tmp_path, suites={**SUITES, "made-up-v2": second}))
    assert sorted(manifest["suites"]) == ["made-up-v1", "made-up-v2"]
    for label in manifest["suites"]:
        ranks = [
            row["rank_worst"]
            for row in tables["methods"].to_pylist()
            if row["suite"] == label and row["budget"] == row["objective"] == "all"
        ]
        assert max(ranks) == 2


def test_spend_to_target_is_the_expected_running_time(board, results):
    row = methods(board)["made_up_beta"]
    archive = read_archive(next((results / "made-up-v1" / "made_up_beta").iterdir()), suites=SUITES)
    hits = dict.fromkeys((spec.name for spec in SUITE.problems), 0)
    spent = dict.fromkeys(hits, 0.0)
    for cell in archive.cells:
        since = None
        for incumbent in cell.incumbents:
            high = (cell.score_of(incumbent.key).value - 0.4) / 0.5 >= 0.5
            since = (incumbent.at if since is None else since) if high else None
        hits[cell.problem] += since is not None
        spent[cell.problem] += cell.search.full_evaluations if since is None else since
    assert row["holds_50"] == pytest.approx(sum(hits.values()) / 20)
    each = [spent[name] / hits[name] if hits[name] else math.inf for name in hits]
    assert row["spend_50"] == pytest.approx(np.median(each))
    assert row["spend_50_low"] <= row["spend_50"] <= row["spend_50_high"]


def test_curves_rise_and_bands_hold_them(board):
    rows = board.rows("anytime", suite="made-up-v1", budget="all", objective="all", kind="ecdf")
    assert len(rows) == 5  # the published graph searches nothing
    for row in rows:
        assert row["value"] == sorted(row["value"])
        assert all(low <= share <= high for low, share, high in zip(row["low"], row["value"], row["high"], strict=True))
    broken = board.rows("anytime", problem="", kind="incumbent", run_id=runs(board)["made_up_broken"])
    assert broken[0]["value"] == []  # a mean over the runs that have an incumbent would compare different runs


def test_graphs_are_there_once_with_their_front(board):
    rows = board.rows("graphs", suite="made-up-v1", problem="problem-00")
    assert len({row["key"] for row in rows}) == len(rows)
    for row in rows:
        dominated = any(
            other["accuracy"] >= row["accuracy"]
            and other["units"] <= row["units"]
            and (other["accuracy"], other["units"]) != (row["accuracy"], row["units"])
            for other in rows
        )
        assert row["front_units"] == (not dominated)
    assert any(row["published"] and "made_up_graph" in row["found_by"] for row in rows)
    assert "made_up_graph" not in methods(board)


def test_methods_are_compared_over_their_runs(board):
    ids = runs(board)
    found = compare_methods(board, "made-up-v1", ids["made_up_alpha"], ids["made_up_delta"])
    assert found.sentence.startswith("made_up_alpha is better than made_up_delta: +0.3")
    assert f"in the objective (p {p_text(found.overall.p)}), on these 4 problems of 2 tasks only." in found.sentence
    assert "better on 4, worse on 0 of 4." in found.sentence
    assert [row.problem for row in found.problems] == [spec.name for spec in SUITE.problems]
    for row in found.problems:
        assert (row.verdict, row.units, row.test) == ("better", "5 runs", "paired t test over runs")
        assert row.p <= row.p_holm < 0.05
    accuracies = [
        [row["accuracy"] for row in board.rows("cells", run_id=ids[name], problem="problem-00")]
        for name in ("made_up_alpha", "made_up_delta")
    ]
    assert found.problems[0].p == pytest.approx(scipy_stats.ttest_rel(*accuracies).pvalue)
    back = compare_methods(board, "made-up-v1", ids["made_up_delta"], ids["made_up_alpha"])
    assert back.overall.difference == pytest.approx(-found.overall.difference)
    assert back.sentence.startswith("made_up_delta is worse than made_up_alpha")
    close = compare_methods(board, "made-up-v1", ids["made_up_alpha"], ids["made_up_beta"])
    assert close.sentence.startswith("No difference shown between made_up_alpha and made_up_beta")


def test_a_run_without_a_graph_allows_no_verdict(board):
    ids = runs(board)
    found = compare_methods(board, "made-up-v1", ids["made_up_alpha"], ids["made_up_broken"])
    reason = "3 of 5 runs of made_up_broken ended without a graph"
    assert found.sentence.startswith(f"No verdict over all problems: {reason}. Problem by problem")
    assert found.sentence.endswith("of 4, no verdict on 1.")
    assert found.overall is None
    assert found.problems[0].verdict == f"no verdict: {reason}"
    assert found.problems[0].difference is None
    assert found.problems[1].difference is not None


def test_few_draws_of_the_samples_allow_no_verdict(board, tmp_path):
    ids = runs(board, "plain-v1")
    found = compare_methods(board, "plain-v1", ids["made_up_alpha"], ids["made_up_beta"])
    assert found.sentence.startswith("No verdict over all problems: 1 run of each, fewer than 5. ")
    shared = made_up.AnchoredSuite.model_validate({**SUITE.to_dict(), "seeds": 10, "search_universes": 2})
    made_up.write_all(tmp_path, shared, made_up.METHODS[:2])
    write_board(tmp_path / "board", *build(find_archives(tmp_path, suites={"made-up-v1": shared})))
    two = read_board(tmp_path / "board")
    found = compare_methods(two, "made-up-v1", *runs(two).values())
    words = "the seeds share 2 draws of the samples, fewer than 5"
    assert found.sentence.startswith(f"No verdict over all problems: {words}.")
    assert {row.verdict for row in found.problems} == {f"no verdict: {words}"}
    assert all(row.p is row.low is row.mde is None and row.difference is not None for row in found.problems)


def test_comparison_of_graphs(board):
    rows = board.rows("graphs", suite="made-up-v1", problem="problem-00")
    best, worst = rows[0], rows[-1]
    found = compare_graphs(board, "made-up-v1", "problem-00", best["key"][:12], worst["key"])
    assert found.problems[0].difference == pytest.approx(best["accuracy"] - worst["accuracy"])
    assert "is better than" in found.sentence
    assert "over 40 questions; a difference of" in found.sentence
    assert "would have been detected" in found.sentence
    with pytest.raises(InputError, match="unknown graph 'no-such-key'"):
        compare_graphs(board, "made-up-v1", "problem-00", best["key"], "no-such-key")
    with pytest.raises(InputError, match="unknown run"):
        compare_methods(board, "made-up-v1", "nobody", "nothing")


def test_what_is_broken_is_left_out_with_its_reason(board):
    (item,) = board.manifest["left_out"]
    assert item["reason"] == "missing-file"
    assert item["path"].startswith("made-up-v1/made_up_hollow/0000000000000000")


def test_same_archives_same_bytes(results, board, tmp_path):
    tables, manifest = build(find_archives(results, suites=SUITES))
    write_board(tmp_path, tables, manifest)
    names = sorted(path.name for path in board.folder.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert all((tmp_path / name).read_bytes() == (board.folder / name).read_bytes() for name in names)


def test_a_changed_or_half_written_board_is_refused(board, tmp_path):
    copy = shutil.copytree(board.folder, tmp_path / "board")
    (copy / "methods.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(InputError, match=r"methods\.parquet: is not the file that board\.json lists"):
        read_board(copy)
    (copy / "board.json").unlink()
    with pytest.raises(InputError, match="board build"):
        read_board(copy)
    (copy / "board.json").write_text("[]")
    with pytest.raises(InputError, match="package_version"):
        read_board(copy)
    (copy / "board.json").write_text(json.dumps({**board.manifest, "schema": 1}))
    with pytest.raises(InputError, match="schema: must be 2; build the board again"):
        read_board(copy)


def test_board_of_another_series_is_refused(board, tmp_path):
    copy = shutil.copytree(board.folder, tmp_path / "board")
    manifest = json.loads((copy / "board.json").read_text())
    (copy / "board.json").write_text(json.dumps({**manifest, "package_version": "9.9.9"}))
    with pytest.raises(InputError, match=r"was built by ttgbench 9\.9\.9"):
        read_board(copy)


def test_an_empty_results_folder_makes_an_empty_board(tmp_path):
    write_board(tmp_path / "board", *build(find_archives(tmp_path)))
    empty = read_board(tmp_path / "board")
    assert empty.manifest["suites"] == {}
    assert empty.tables["methods"].num_rows == 0


def test_load_results_reads_boards_and_archives(board, results):
    table = load_results(board.folder)
    assert table.num_rows == 6 * 20 + 2 * 2
    frame = table.to_pandas()
    mine = frame.loc[frame.method == "made_up_alpha"]
    assert mine.value.notna().all()
    assert (mine.score.notna() == (mine.suite == "made-up-v1")).all(), "no score without anchors"
    with pytest.raises(InputError, match="is not a folder of results"):
        load_results(results / "nothing")


def test_command_builds_from_a_results_folder(results, tmp_path):
    suite = tmp_path / "plain.yaml"
    suite.write_text(json.dumps(PLAIN.to_dict()))
    command = [sys.executable, "-m", "ttgbench", "board", "build", str(results), "--out", str(tmp_path / "board")]
    done = subprocess.run([*command, "--suite", str(suite)], capture_output=True, text=True, check=True)
    assert "left out made-up-v1/made_up_alpha" in done.stderr  # its suite is not known to the command
    assert sorted(read_board(tmp_path / "board").manifest["suites"]) == ["plain-v1"]


def test_exports_are_safe_for_their_readers(board):
    rows = list(methods(board).values())
    hostile = [{**rows[0], "method": "=HYPERLINK(1)"}, {**rows[-1], "method": "a_b & 100% \\input{x}"}]
    table = page_table.methods_rows(hostile, True, "50% of\nall")
    assert "'=HYPERLINK(1)" in as_csv(table)
    assert all(
        len(line.split(",")) == len(as_csv(table).splitlines()[0].split(",")) for line in as_csv(table).splitlines()
    )
    assert json.loads(as_json(table))[0]["method"] == "=HYPERLINK(1)"
    assert json.loads(as_json(table))[0]["regret"].keys() == {"estimate", "low", "high"}
    text = as_latex(table)
    assert r"a\_b \& 100\% \textbackslash{}input\{x\}" in text
    assert text.startswith("% 50% of all\n")


def test_files_and_page_take_their_columns_from_one_list(board):
    (row,) = [row for row in board.rows("methods", suite="plain-v1", budget="all") if row["method"] == "made_up_beta"]
    for anchored in (True, False):
        keys = [column.key for column in page_table.shown_columns(anchored)]
        assert ("regret" in keys, "value" in keys) == (anchored, not anchored)
        heading = as_csv(page_table.methods_rows([row], anchored, "")).splitlines()[0].split(",")
        assert [name for name in heading if not name.endswith(("_low", "_high"))][: len(keys)] == keys
    assert (row["regret"], row["score"], row["search_dollars"]) == (None, None, None)
    assert page_table.cell(row, column("search_dollars")) == "unpriced", "never 0"


def test_the_best_graph_of_each_problem_is_drawn_with_what_it_reaches_and_costs(board):
    text = best_graphs(board, "made-up-v1")
    problems = board.manifest["suites"]["made-up-v1"]["problems"]
    assert text.count("<figure>") == text.count("<svg") == len(problems)
    for problem in problems:
        rows = board.rows("graphs", suite="made-up-v1", problem=problem["name"])
        best = max(rows, key=lambda row: (row["value"], -row["units"]))
        card = text.split(f"<b>{problem['name']}</b>")[1].split("</figure>")[0]
        assert f"{best['accuracy']:.3f}" in card
        assert best["found_by"][0] in card
        assert problem["budget"] in card


def test_citations_name_version_and_hash(board):
    facts = board.manifest["suites"]["made-up-v1"]
    text = cite_suite("made-up-v1", facts, "0.1.0")
    assert text.startswith("@misc{ttgbench-made-up-v1,")
    assert f"sha256:{SUITE.hash}" in text
    row = board.rows("runs", suite="made-up-v1")[0]
    result = cite_result("made-up-v1", facts, row)
    assert row["run_id"] in result
    assert f"sha256:{SUITE.hash}" in result
    assert latex("{}\\\n") == r"\{\}\textbackslash{} "
    assert math.isfinite(facts["margin"])
