"""The examples in docstrings of the public functions do what they show."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "ttgbench.graphs.shapes",
    "ttgbench.problems.space.space",
    "ttgbench.report.board.results",
    "ttgbench.report.compare",
    "ttgbench.report.run",
    "ttgbench.run.evaluate",
    "ttgbench.run.suite",
    "ttgbench.shapes",
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_do_what_they_show(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert result.attempted
    assert not result.failed
