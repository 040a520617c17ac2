"""Shared fixtures: a small suite, methods written on the fly, a session on the toy engine."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tiny
import yaml

from ttgbench.problems.suite import Suite
from ttgbench.run.session import Session

if TYPE_CHECKING:
    from loopback_hub import LoopbackHub

TINY_SUITE = {
    **tiny.suite(
        "tiny-math",
        search=8,
        test=10,
        evaluations=4,
        space={"roles": ["assistant", "fuser", "vote"], "max_nodes": 5},
        **{**tiny.REAL, "budget": "5 units"},
    ),
    "methods": ["single_model", "random_search"],
}


def pytest_configure() -> None:
    """A user's setting that keeps off the Hub would keep tests off their loopback Hub."""
    os.environ.pop("HF_HUB_OFFLINE", None)


@pytest.fixture
def tiny_suite() -> Suite:
    """One problem, eight search questions, ten test questions."""
    return Suite.model_validate(TINY_SUITE)


@pytest.fixture
def tiny_suite_file(tmp_path: Path) -> Path:
    """The same as a file."""
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(TINY_SUITE))
    return path


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A session on the toy engine with a store of its own."""
    with Session(tmp_path / "store.sqlite", "echo") as opened:
        yield opened


@pytest.fixture
def write_method(tmp_path: Path) -> Callable[..., Path]:
    """Writes a submission folder around the body of `search(problem, rng)` and returns its path."""

    def write(body: str, name: str = "mine") -> Path:
        folder = tmp_path / "methods" / name
        folder.mkdir(parents=True)
        metadata = {"name": name, "description": "for tests", "authors": ["nobody"], "licence": "MIT"}
        (folder / "submission.yaml").write_text(yaml.safe_dump(metadata))
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        (folder / "method.py").write_text(
            '"""A method under test."""\nfrom ttgbench import BudgetExhausted\nfrom ttgbench.graphs.shapes import *\n'
            f"def search(problem, rng):\n{lines}\n"
        )
        return folder

    return write


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A Hub on this machine that `huggingface_hub` talks to, here and in processes that the test starts."""
    # huggingface_hub's own upload of large files still uses an argument that its HTTP client deprecates.
    warnings.filterwarnings("ignore", "Use 'content=", DeprecationWarning)
    monkeypatch.syspath_prepend(Path(__file__).parent / "publish" / "hub")
    from loopback_hub import LoopbackHub

    with LoopbackHub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_TOKEN", server.token)
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
        yield server
