"""What verdicts speak of: report and comparison say the same of it, and nothing where there is no verdict."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import ttgbench
from ttgbench.cli import app
from ttgbench.problems.suite import load_suite
from ttgbench.report import Runs, build, read_runs
from ttgbench.report.compare import Method, compare_sides

SKILLS = {"single_model": 0.4, "good": 0.85}


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    """Two methods on a suite with a bank of one universe."""
    out = tmp_path_factory.mktemp("pilot")

    def any_graph(problem, rng):
        graph = problem.space.sample(rng)
        problem.recommend(graph)
        return graph

    runs = {"problems": ["gsm_symbolic-45u"], "seeds": 5, "progress": False}
    ttgbench.run(["single_model", any_graph], "recorded-pilot-v1", out=out, **runs)
    return out


def test_report_and_comparison_say_the_same_of_a_verdict(anchored, write_runs):
    runs = read_runs(write_runs(anchored(1), SKILLS))
    reach = "other runs of these methods, on these test questions."
    assert f"It speaks of {reach}" in ttgbench.compare(ttgbench.Results(runs), "good", "single_model").problems.note
    assert f"are about {reach}" in build(runs).problems[0].note


@pytest.mark.parametrize(("name", "on"), [("recorded-pilot-v1", "of these banks, in"), ("synthetic-v2", "instances")])
def test_a_verdict_on_seeds_with_questions_of_their_own_says_so(name, on):
    assert on in Runs((), load_suite(name)).reach()


def test_without_a_verdict_nothing_is_said_of_its_reach(pilot):
    runs = read_runs(pilot)
    sides = [Method(name, runs, name) for name in ("single_model", "any_graph")]
    for note in (compare_sides(*sides).problems.note, build(runs).problems[0].note):
        assert "these methods" not in note
    overview = build(runs).overview[0].note
    assert "No ranks and no intervals: the seeds share 1 draw" in overview
    assert "intervals hold" not in overview


def test_seeds_with_questions_of_their_own_have_no_common_ones_to_generalise_from(pilot):
    asked = ["compare", "single_model", "any_graph", "--results", str(pilot), "--questions"]
    found = CliRunner().invoke(app, asked)
    assert found.exit_code != 0
    assert "seeds of this suite draw their own questions" in str(found.exception)
