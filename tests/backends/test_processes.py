"""Cells in worker processes: the same bytes as in one process, and what happens to methods that break theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttgbench.backends.base import Setup
from ttgbench.backends.processes import Processes
from ttgbench.launch import run_on, run_suite
from ttgbench.results import LOG_NAME, RESULT_NAME
from ttgbench.workbench import Workbench

RECOMMEND = "g = single('smollm2-135m')\nproblem.evaluate(g)\nproblem.recommend(g)\n"


def contents(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.name in (LOG_NAME, RESULT_NAME)
    }


def run(tmp_path, suite, methods, *, seeds=1, jobs=2, timeout=60.0, out="run"):
    backend = Processes(Setup(suite, tmp_path / "pool.sqlite", "echo"), jobs, timeout)
    said = []
    results = run_on(
        backend, tmp_path / out, suite, list(map(str, methods)), seeds, "echo", lambda cell, r: said.append(r)
    )
    return results, said


def test_two_workers_write_the_same_bytes_as_none(tmp_path, tiny_suite):
    methods = ["single_model", "random_search"]
    run(tmp_path, tiny_suite, methods, seeds=3)
    with Workbench(tmp_path / "other.sqlite", "echo") as bench:
        run_suite(tmp_path / "alone", tiny_suite, methods, 3, bench, "echo", lambda *_: None)
    assert len(contents(tmp_path / "run")) == 12
    assert contents(tmp_path / "run") == contents(tmp_path / "alone")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("import os; os._exit(3)", "died", "exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "died", "SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "died", "SIGSEGV"),
        ("while True: pass", "timeout", "limit of 4 seconds"),
        ("raise KeyboardInterrupt", "crashed", "KeyboardInterrupt"),
    ],
)
def test_a_broken_process_is_recorded_and_stops_nobody_else(tmp_path, tiny_suite, write_method, body, status, error):
    broken = write_method(RECOMMEND + body, "broken")
    results, _ = run(tmp_path, tiny_suite, [broken, "single_model"], timeout=4.0)
    assert [result.status for result in results] == [status, "finished"]
    assert error in results[0].error
    assert results[0].final.accuracy == results[0].incumbent(1).accuracy
    assert results[0].search.spent == results[0].search.by_category["evaluation"] > 0


def test_what_is_missing_runs_again_and_nothing_else(tmp_path, tiny_suite):
    methods = ["single_model", "random_search"]
    run(tmp_path, tiny_suite, methods, seeds=2)
    before = contents(tmp_path / "run")
    lost = tmp_path / "run" / "tiny-math" / "random_search" / "seed-001" / RESULT_NAME
    kept = tmp_path / "run" / "tiny-math" / "random_search" / "seed-000" / RESULT_NAME
    lost.unlink()
    time_kept = kept.stat().st_mtime_ns
    run(tmp_path, tiny_suite, methods, seeds=2)
    assert contents(tmp_path / "run") == before
    assert kept.stat().st_mtime_ns == time_kept


def test_what_a_method_prints_lies_beside_its_result(tmp_path, tiny_suite, write_method, capfd):
    body = "import os, sys\nprint('one'); os.write(2, b'two')\nreturn single('smollm2-135m')"
    run(tmp_path, tiny_suite, [write_method(body)])
    assert (tmp_path / "run/tiny-math/mine/seed-000/output.txt").read_text().split() in (["twoone"], ["one", "two"])
    assert capfd.readouterr() == ("", "")
