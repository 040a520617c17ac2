"""Shared fixtures: a small suite, methods written on the fly, a workbench on the toy engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from ttgbench.suite import Suite
from ttgbench.workbench import Workbench

TINY_SUITE = {
    "schema": 1,
    "name": "tiny",
    "version": 1,
    "description": "for tests",
    "methods": ["single_model", "random_search"],
    "seeds": 1,
    "search_evaluations": 4,
    "problems": [
        {
            "name": "tiny-math",
            "task": "micro_math",
            "pool": "embedded",
            "budget": "5 units",
            "space": {"roles": ["assistant", "fuser", "vote"], "max_nodes": 5},
            "search_questions": 8,
            "test_questions": 10,
        }
    ],
}


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
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench on the toy engine with a store of its own."""
    with Workbench(tmp_path / "store.sqlite", "echo") as opened:
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
            '"""A method under test."""\nfrom ttgbench import BudgetExhausted\nfrom ttgbench.shapes import *\n'
            f"def search(problem, rng):\n{lines}\n"
        )
        return folder

    return write
