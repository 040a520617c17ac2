"""The command line in this process; test_cli.py also starts it as a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from ttgbench.cli import main

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ttgbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command as `main` does and returns what a process would."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = ["ttgbench", *map(str, arguments)]
        monkeypatch.setattr("sys.argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(command, int(ended.value.code or 0), printed.out, printed.err)

    return run
