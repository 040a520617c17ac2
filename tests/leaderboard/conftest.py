"""Made-up boards for tests of the leaderboard; the page's own modules become importable."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent)]

import made_up  # noqa: E402

from ttgbench.problems.suite import Suite  # noqa: E402
from ttgbench.publish.archive import find_archives  # noqa: E402
from ttgbench.report.board import Board, build, read_board, write_board  # noqa: E402

PLAIN = Suite.model_validate({**made_up.suite("plain", problems=2, seeds=1).to_dict(), "name": "plain"})
"""A suite without anchors, with one seed and one budget short of the other."""
SUITE = made_up.suite()
SUITES = {"made-up-v1": SUITE, "plain-v1": PLAIN}


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archived results of two suites, and one folder that is no archive."""
    root = tmp_path_factory.mktemp("results")
    made_up.write_all(root, SUITE)
    made_up.write_all(root, PLAIN, made_up.METHODS[:2])
    (root / "made-up-v1" / "made_up_hollow" / ("0" * 16)).mkdir(parents=True)
    return root


@pytest.fixture(scope="session")
def board(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Board:
    """The board made of them."""
    folder = tmp_path_factory.mktemp("board")
    write_board(folder, *build(find_archives(results, suites=SUITES)))
    return read_board(folder)


@pytest.fixture(scope="module")
def browser():
    """A real one."""
    from browsing import launched

    yield from launched()
