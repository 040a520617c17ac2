"""Two sides: methods, folders, evaluated graphs; and what cannot be compared."""

from __future__ import annotations

import json
import re
import shutil
from html import escape

import pytest
from typer.testing import CliRunner

import ttgbench
from ttgbench.cli import app
from ttgbench.errors import InputError, UnknownName
from ttgbench.problems.suite import load_suite
from ttgbench.publish.archive import write_archive
from ttgbench.report.compare import compare_sides, read_side
from ttgbench.report.runs import Runs
from ttgbench.run.experiment import run_suite, setup_for
from ttgbench.shapes import parallel, single

SKILLS = {"single_model": 0.4, "random_search": 0.6, "good": 0.85}


def test_two_methods_of_a_folder(anchored, write_runs):
    out = write_runs(anchored(2), SKILLS)
    compared = compare_sides(read_side("good", out), read_side(f"{out}:single_model", None))
    rows = compared.problems.records()
    assert [row["problem"] for row in rows] == ["p0", "p1"]
    for row in rows:
        assert row["difference"]["low"] > 0.2
        assert row["p"] <= row["p (Holm)"] < 0.05
        assert (row["verdict"], row["test"], row["compared"]) == ("better", "paired t test over runs", "6 runs")
        assert row["detectable"] > 0
    found = compared.to_dict()
    assert found["verdict"].startswith("good is better than ")
    assert found["verdict"].endswith("Problem by problem good is better on 2, worse on 0 of 2.")
    assert compared.problems.note in " ".join(str(compared).split())
    assert found["overall"]["scope"] == "on these tasks only"
    assert "other runs of these methods" in compared.problems.note


def test_two_methods_on_other_questions_too(anchored, write_runs):
    out = write_runs(anchored(2), SKILLS)
    narrow, wide = (ttgbench.compare(str(out), "good", "single_model", questions=given) for given in (False, True))
    for over_runs, crossed in zip(narrow.problems.records(), wide.problems.records(), strict=True):
        assert crossed["difference"]["estimate"] == pytest.approx(over_runs["difference"]["estimate"])
        assert crossed["difference"]["low"] > 0.2
        assert crossed["test"] == "t test over runs and questions"
        assert crossed["compared"].startswith("6 runs x ")
    assert "on other questions of these tasks" in wide.problems.note
    assert wide.verdict.overall is None
    assert "each problem is judged alone. Problem by problem good is better on 2" in wide.verdict.sentence


def test_other_questions_cannot_be_spoken_of_where_more_than_answers_counts(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    for path in out.glob("p0/*/*/result.json"):
        result = json.loads(path.read_text())
        for test in result["test"]:
            test["value"] -= 0.1
        path.write_text(json.dumps(result))
    (row,) = ttgbench.compare(str(out), "good", "single_model", questions=True).problems.records()
    assert row["verdict"] == "no verdict: the objective is more than a mean over questions"


def changed(out, pattern, change):
    for path in out.glob(pattern):
        result = json.loads(path.read_text())
        change(result)
        path.write_text(json.dumps(result))


def test_other_questions_cannot_be_spoken_of_where_runs_answered_other_ones(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    changed(
        out, "p0/good/*/result.json", lambda run: run.update(question_ids=[f"{x}-new" for x in run["question_ids"]])
    )
    (row,) = ttgbench.compare(str(out), "good", "single_model", questions=True).problems.records()
    assert row["verdict"] == "no verdict: the runs did not answer the same questions"


def test_groups_of_questions_are_those_that_any_run_names(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    changed(out, "p0/good/*/result.json", lambda run: run.update(clusters=[str(i % 20) for i in range(60)]))
    there, back = (
        ttgbench.compare(str(out), *pair, questions=True).problems.records()[0]
        for pair in (("good", "single_model"), ("single_model", "good"))
    )
    assert there["p"] == back["p"]
    assert there["compared"] == back["compared"] == "6 runs x 20 groups of questions"
    changed(out, "p0/single_model/*/result.json", lambda run: run.update(clusters=[str(i % 7) for i in range(60)]))
    (row,) = ttgbench.compare(str(out), "good", "single_model", questions=True).problems.records()
    assert row["verdict"] == "no verdict: the runs name unlike groups of questions"


def test_instances_have_questions_of_their_own_in_any_case():
    runs = Runs((), load_suite("synthetic-v2"))
    assert runs.of_instances
    assert not runs.terms(questions=True).questions


@pytest.mark.parametrize("questions", ["yes", 1, None])
def test_whether_other_questions_are_meant_is_true_or_false(questions, tmp_path):
    with pytest.raises(InputError, match="True or False"):
        ttgbench.compare(str(tmp_path), "a", "b", questions=questions)


def test_a_name_means_a_method_first_and_a_folder_second(anchored, write_runs, tmp_path, monkeypatch):
    out = write_runs(anchored(1), SKILLS)
    (tmp_path / "good").mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert read_side("good", out).method == "good"
    with pytest.raises(InputError):
        read_side("good", None)


def test_a_problem_with_a_run_without_a_graph_has_no_verdict(anchored, write_runs):
    out = write_runs(anchored(2), SKILLS)
    path = out / "p0/good/seed-001/result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"incumbents": [], "test": [], "status": "crashed"}))
    compared = compare_sides(read_side("good", out), read_side("single_model", out))
    first, other = compared.problems.records()
    assert first["verdict"] == "no verdict: 1 of 6 runs of good ended without a graph"
    assert (first["first"], first["difference"], first["p (Holm)"]) == (None, None, None)
    assert other["verdict"] == "better"
    assert other["p"] == other["p (Holm)"], "one problem was tested"
    assert compared.verdict.overall is None
    assert "of good ended without a graph. Problem by problem" in compared.verdict.sentence


def test_a_seed_that_one_side_lacks_is_left_out(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    shutil.rmtree(out / "p0/good/seed-003")
    row = compare_sides(read_side("good", out), read_side("single_model", out)).problems.records()[0]
    assert (row["compared"], row["verdict"]) == ("5 draws shared by 5 and 6 runs", "better")


def test_methods_that_share_no_seed_are_compared_without_pairs(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS, seeds=12)
    for seed in range(6):
        shutil.rmtree(out / f"p0/good/seed-{seed:03}")
        shutil.rmtree(out / f"p0/single_model/seed-{seed + 6:03}")
    compared = compare_sides(read_side("good", out), read_side("single_model", out))
    row = compared.problems.records()[0]
    assert (row["compared"], row["test"]) == ("6 and 6 runs", "Welch's t test over runs")
    assert row["verdict"] == "better"
    assert "share no draw of the samples" in compared.verdict.sentence


def test_a_method_against_itself_is_the_same_graphs(anchored, write_runs):
    out = write_runs(anchored(1), SKILLS)
    compared = compare_sides(read_side("good", out), read_side("good", out))
    (row,) = compared.problems.records()
    assert (row["verdict"], row["difference"], row["p"]) == ("the same graphs", 0, None)
    assert "the same graphs on 1." in compared.verdict.sentence


def test_intervals_of_several_problems_are_as_wide_as_their_verdicts_ask(anchored, write_runs):
    out = write_runs(anchored(6), {"single_model": 0.55, "near": 0.62})
    seen = set()
    for row in ttgbench.compare(str(out), "near", "single_model").problems.records():
        low, high = row["difference"]["low"], row["difference"]["high"]
        assert (low > 0 or high < 0) == (row["p (Holm)"] < 0.05) == (row["verdict"] in ("better", "worse"))
        seen.add((row["p"] < 0.05, row["p (Holm)"] < 0.05))
    assert (True, False) in seen, "the correction decides somewhere"


def test_the_sentence_says_how_far_it_reaches_and_what_is_left(anchored, write_runs):
    suite = anchored(3)
    out = write_runs(suite, {"single_model": 0.6, "twin": 0.6})
    for path in out.rglob("result.json"):
        path.write_text(path.read_text().replace('"task":"task2"', '"task":"task1"'))
    sentence = ttgbench.compare(str(out), "twin", "single_model").verdict.sentence
    assert "on these 3 problems of 2 tasks only" in sentence
    counts = [int(word) for word in re.findall(r" on (\d+)", sentence.partition("Problem by problem")[2])]
    assert sum(counts) == 3


def test_a_notebook_a_print_and_the_command_line_say_the_same(anchored, write_runs):
    out = write_runs(anchored(2), SKILLS)
    compared = ttgbench.compare(str(out), "good", "single_model")
    command = CliRunner().invoke(app, ["compare", "good", "single_model", "--results", str(out)]).stdout
    for text in (compared.problems.note, compared.verdict.sentence, "< 0.0001"):
        assert text in " ".join(command.split())
        assert text in str(compared)
        assert escape(text) in compared._repr_html_()
    assert "0.0000" not in command


def test_archives_are_compared_as_the_runs_that_they_were_made_of(tmp_path):
    runs, archives = tmp_path / "runs", tmp_path / "results"
    suite = load_suite("recorded-micro-v1")
    methods = ["single_model", "sequential_refinement"]
    with setup_for(suite, runs, None, "echo").open() as session:
        run_suite(runs, suite, methods, 1, session, "recorded", lambda *_: None)
    for name in methods:
        write_archive(runs, name, archives)
    one, other = (ttgbench.compare(folder, *methods) for folder in (runs, archives))
    assert str(one) == str(other)
    assert (archives / suite.label).is_dir()
    assert str(ttgbench.compare(archives / suite.label, *methods)) == str(one)
    with pytest.raises(InputError, match="pass the folder that it was read from") as caught:
        ttgbench.compare(ttgbench.load_results(archives), *methods)
    assert "\n" not in str(caught.value)


def evaluated(path, scores, key, **other):
    ids = [f"q{i}" for i in range(len(scores))]
    path.write_text(
        json.dumps({"task": "t", "key": key, "universe": 0, "question_ids": ids, "scores": scores, **other})
    )
    return read_side(str(path), None)


def test_two_graphs_evaluated_once_are_compared_by_mcnemar(tmp_path):
    first = evaluated(tmp_path / "a.json", [1.0] * 30 + [0.0] * 10, "a")
    second = evaluated(tmp_path / "b.json", [1.0] * 18 + [0.0] * 22, "b")
    compared = compare_sides(first, second)
    row = compared.problems.records()[0]
    assert (row["test"], row["compared"]) == ("exact McNemar test", "40 questions")
    assert "for these two graphs" in compared.problems.note
    assert compared.verdict.sentence.startswith(f"Graph {first.name} is better than {second.name}: +0.300")
    assert row["p"] == pytest.approx(2 * 0.5**12)
    assert row["verdict"] == "better"
    row = compare_sides(first, second, margin=0.9).problems.records()[0]
    assert row["verdict"] == "equivalent within 0.9"


def test_groups_of_questions_are_the_units(tmp_path):
    clusters = [f"c{i // 4}" for i in range(40)]
    first = evaluated(tmp_path / "a.json", [1.0] * 30 + [0.0] * 10, "a", clusters=clusters)
    second = evaluated(tmp_path / "b.json", [1.0] * 18 + [0.0] * 22, "b", clusters=clusters)
    assert compare_sides(first, second).problems.records()[0]["compared"] == "10 groups of questions"


def test_what_cannot_be_compared_is_refused(anchored, write_runs, tmp_path):
    out = write_runs(anchored(1), SKILLS)
    with pytest.raises(InputError, match="choose one with"):
        read_side(str(out), None)
    with pytest.raises(UnknownName, match="did you mean 'good'"):
        read_side("goood", out)
    names = "good, random_search, single_model"
    with pytest.raises(UnknownName, match=rf"method \(and no file or folder\) 'runs/nope'; known: {names}"):
        read_side("runs/nope", out)
    with pytest.raises(InputError, match="--results"):
        read_side("good", None)
    first = evaluated(tmp_path / "a.json", [1.0] * 4, "a")
    with pytest.raises(InputError, match="compare two of a kind"):
        compare_sides(first, read_side("good", out))
    with pytest.raises(InputError, match="no problem in common"):
        compare_sides(first, evaluated(tmp_path / "c.json", [1.0] * 4, "c", universe=1))
    with pytest.raises(InputError, match="same questions"):
        compare_sides(first, evaluated(tmp_path / "b.json", [1.0] * 5, "b"))


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "[" * 100_000, '{"task": "t"}', '{"scores": [2], "question_ids": ["a"]}', "\x00"]
)
def test_a_broken_evaluation_is_named(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_side(str(path), None)
    assert caught.value.source == str(path)


def test_a_graph_that_was_not_evaluated_is_told_from_an_evaluation(tmp_path):
    path = tmp_path / "g.json"
    path.write_text(json.dumps(single("sim-b-1b").to_dict()))
    with pytest.raises(InputError, match=r"is a graph; evaluate it first \(`ttgbench evaluate .* --json") as caught:
        read_side(str(path), None)
    assert "\n" not in str(caught.value)


def test_the_rule_of_three_is_named_where_it_made_an_interval(tmp_path):
    spread = evaluated(tmp_path / "a.json", [1.0] * 30 + [0.0] * 10, "a")
    alike = evaluated(tmp_path / "b.json", [1.0] * 30 + [0.0] * 10, "b")
    other = evaluated(tmp_path / "c.json", [1.0] * 18 + [0.0] * 22, "c")
    assert "rule of three" in compare_sides(spread, alike).problems.note
    assert "rule of three" not in compare_sides(spread, other).problems.note


SIMULATED = {"task": "synthetic_math", "pool": "synthetic", "progress": False}


def test_two_evaluations_say_what_their_files_say(tmp_path):
    graphs = [parallel("sim-b-4b", 3), single("sim-b-1b")]
    first, second = ttgbench.evaluate_many(graphs, **SIMULATED, questions=200)
    compared = ttgbench.compare(first, second, margin=0.01)
    sides = []
    for evaluation in (first, second):
        path = tmp_path / evaluation.graph.key
        known = {"task": "synthetic_math", "key": evaluation.graph.key, "universe": 0, "clusters": evaluation.clusters}
        known |= {"question_ids": evaluation.question_ids, "scores": evaluation.scores.tolist()}
        path.write_text(json.dumps(known))
        sides.append(read_side(str(path), None))
    assert compared.verdict.problems == compare_sides(*sides, 0.01).verdict.problems
    assert compared.verdict.sentence.startswith(f"Graph {first.graph.key[:12]} is better than ")
    assert compared.verdict.problems[0].units == "50 groups of questions"
    assert ttgbench.compare(first, first).verdict.problems[0].verdict == "the same graphs"


def test_two_evaluations_must_be_of_the_same_questions_and_universe():
    graph = single("sim-b-1b")
    twenty, ten = (ttgbench.evaluate(graph, **SIMULATED, questions=count) for count in (20, 10))
    redrawn = ttgbench.evaluate(graph, **SIMULATED, universe=1)
    with pytest.raises(InputError, match="did not answer the same questions"):
        ttgbench.compare(twenty, ten)
    with pytest.raises(InputError, match="no problem in common: synthetic_math, universe 0 and synthetic_math, univ"):
        ttgbench.compare(twenty, redrawn)
    with pytest.raises(InputError, match="takes two evaluations, or results and the names of two methods"):
        ttgbench.compare(twenty, "random_search")
