"""A finished run of two methods, its archives, and copies of them that a test may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import REASONS, Archive, Rejected, Rejection, find_archives, read_archive, write_archive
from ttgbench.run.experiment import run_suite
from ttgbench.run.session import Session

SUITE = Suite.model_validate(
    tiny.suite(
        "b-math",
        "a-math",
        search=4,
        test=5,
        seeds=2,
        space={"roles": ["assistant", "fuser", "vote"], "max_nodes": 4},
        **tiny.REAL,
    )
)


@pytest.fixture(scope="session")
def suites() -> dict[str, Suite]:
    """The archives' suite, by its label."""
    return {"tiny-v1": SUITE}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished run of two methods, and the results folder with both archives."""
    folder = tmp_path_factory.mktemp("finished")
    with Session(folder / "run" / "store.sqlite", "echo") as session:
        run_suite(folder / "run", SUITE, ["single_model", "random_search"], 2, session, "echo", lambda *_: None)
    for method in ("single_model", "random_search"):
        write_archive(folder / "run", method, folder / "results")
    return folder / "run", folder / "results"


@pytest.fixture
def results(finished: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the results that a test may spoil."""
    return shutil.copytree(finished[1], tmp_path / "results")


@pytest.fixture
def archive(results: Path) -> Path:
    """One archive in the copy."""
    return next((results / "tiny-v1" / "random_search").iterdir())


@pytest.fixture
def reason(suites: dict[str, Suite]) -> Callable[[Path], str]:
    """Why an archive is refused. It is also what `find_archives` says about it, beside the good one."""

    def find(path: Path) -> str:
        with pytest.raises(Rejected) as refused:
            read_archive(path, suites=suites)
        found = list(find_archives(path.parents[2], suites=suites))
        assert [item.record.method.name for item in found if isinstance(item, Archive)] == ["single_model"]
        rejections = [item for item in found if isinstance(item, Rejection)]
        assert [item.reason for item in rejections] == [refused.value.reason]
        assert rejections[0].path.startswith("tiny-v1/random_search/")
        assert rejections[0].message
        assert refused.value.reason in REASONS
        return refused.value.reason

    return find
