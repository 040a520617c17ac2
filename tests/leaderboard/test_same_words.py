"""The same runs through command line, report and page: the same words."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import made_up
import pytest
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.leaderboard.pages.compare import Compare
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import find_archives
from ttgbench.report import build as report
from ttgbench.report import read_runs
from ttgbench.report.board import Board, build, read_board, write_board
from ttgbench.run.experiment import Manifest, write_manifest
from ttgbench.run.run import cell_folder

PLAIN = Suite.model_validate({**made_up.suite(seeds=10).to_dict(), "name": "plain"})
SHARED = PLAIN.model_copy(update={"search_universes": 2})
METHODS = (
    made_up.MadeUp("single_model", 0.5),
    made_up.MadeUp("made_up_near", 0.55),
    made_up.MadeUp("made_up_far", 0.9),
    made_up.MadeUp("made_up_few", 0.9, seeds=7),
    made_up.MadeUp("made_up_broken", 0.7, failing=3),
)


@pytest.fixture(scope="module", params=[PLAIN, SHARED], ids=["a draw per seed", "two draws"])
def board_and_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Board, Path]:
    """One set of runs as a board of archives and as a folder of results."""
    suite, root = request.param, tmp_path_factory.mktemp("same-words")
    folder = root / "runs"
    made_up.write_all(root / "archives", suite, METHODS)
    archives = list(find_archives(root / "archives", suites={"plain-v1": suite}))
    write_board(root / "board", *build(archives))
    names = tuple(method.name for method in METHODS)
    write_manifest(folder, Manifest(package_version="0", suite=suite, methods=names, seeds=10, engine="none"))
    for cell in (cell for archive in archives for cell in archive.cells):
        place = cell_folder(folder, cell.problem, cell.method.name, cell.seed)
        place.mkdir(parents=True)
        (place / "result.json").write_text(cell.to_json())
    return read_board(root / "board"), folder


def page(board: Board, first: str, second: str) -> tuple[str, str]:
    """The sentence and the table of the page; its components, which want an event loop, are only keys here."""
    bare = object.__new__(Compare)
    bare.verdict, bare.plot, bare.table = "verdict", "plot", "table"
    shown = bare._result(board, "methods", "plain-v1", "", first, second)
    return shown["verdict"], shown["table"]


def test_command_line_report_and_page_say_the_same(board_and_folder):
    board, folder = board_and_folder
    runs = {row["method"]: row["run_id"] for row in board.rows("runs", suite="plain-v1")}
    reported = {(row.method, row.problem): row.verdict for row in report(read_runs(folder)).rows}
    for name in sorted(set(runs) - {"single_model"}):
        command = ["compare", name, "single_model", "--results", str(folder)]
        said = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
        assert said["verdict"] in " ".join(CliRunner().invoke(app, command).stdout.split())
        shown, table = page(board, runs[name], runs["single_model"])
        assert escape(said["verdict"]) in shown
        for row in said["problems"]:
            assert f">{escape(row['verdict'])}<" in table
            assert reported[name, row["problem"]].startswith(row["verdict"])


def test_they_say_what_they_should(board_and_folder):
    board, folder = board_and_folder
    shared = board.manifest["suites"]["plain-v1"]["search_universes"] == 2
    words = {row.method: row.verdict for row in report(read_runs(folder)).rows if row.problem == "problem-01"}
    if shared:
        few = "no verdict: the seeds share 2 draws of the samples, fewer than 5"
        assert {words["made_up_near"], words["made_up_far"], words["made_up_few"]} == {few}
    else:
        assert words["made_up_far"].startswith("better (p ")
        assert words["made_up_few"].startswith("better (p ")
