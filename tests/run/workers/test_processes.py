"""Cells in worker processes: the same bytes as in one process, and what happens to methods that break theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ttgbench.run.experiment import run_on, run_suite
from ttgbench.run.results import LOG_NAME, RESULT_NAME
from ttgbench.run.session import Session
from ttgbench.run.workers.base import Setup
from ttgbench.run.workers.processes import Processes

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
    with Session(tmp_path / "other.sqlite", "echo") as session:
        run_suite(tmp_path / "alone", tiny_suite, methods, 3, session, "echo", lambda *_: None)
    assert len(contents(tmp_path / "run")) == 12
    assert contents(tmp_path / "run") == contents(tmp_path / "alone")


BROKEN = {
    "exits": ("import os; os._exit(3)", "died", "exit status 3"),
    "kills": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "died", "SIGKILL"),
    "segfaults": ("import ctypes; ctypes.string_at(0)", "died", "SIGSEGV"),
    "hangs": ("import time; time.sleep(600)", "timeout", "limit of 4 seconds"),
    "interrupts": ("raise KeyboardInterrupt", "crashed", "KeyboardInterrupt"),
}


def test_broken_processes_are_recorded_and_stop_nobody_else(tmp_path, tiny_suite, write_method):
    folders = [write_method(RECOMMEND + body, name) for name, (body, _, _) in BROKEN.items()]
    results, _ = run(tmp_path, tiny_suite, [*folders, "single_model"], timeout=4.0)
    assert [result.status for result in results] == [*(status for _, status, _ in BROKEN.values()), "finished"]
    for result, (_, _, error) in zip(results, BROKEN.values(), strict=False):
        assert error in result.error
        assert result.final.accuracy == result.incumbent(1).accuracy
        assert result.search.spent == result.search.by_category["evaluation"] > 0


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


def test_a_fork_does_not_go_on_as_the_harness_and_dies_with_it(tmp_path, tiny_suite, write_method):
    body = (
        f"import os, pathlib, time\npid = os.fork()\n{RECOMMEND}"
        f"if pid == 0: time.sleep(600)\npathlib.Path({str(tmp_path)!r}, 'child').write_text(str(pid))\nreturn g"
    )
    returning = write_method(f"import os\nos.fork()\n{RECOMMEND}return g", "returning")
    hanging = write_method(body.replace(RECOMMEND, "g = single('smollm2-135m')\n"), "hanging")
    results, _ = run(tmp_path, tiny_suite, [returning, hanging])
    assert [result.status for result in results] == ["finished", "finished"]
    assert len((tmp_path / "run/tiny-math/returning/seed-000" / LOG_NAME).read_text().splitlines()) == 4
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not running(child):
            break
        time.sleep(0.05)
    assert not running(child)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def test_what_a_method_does_to_its_process_harms_no_other_method(tmp_path, tiny_suite, write_method):
    body = (
        "import numpy, random\nfrom ttgbench.run import score\nnumpy.random.seed(0); random.seed(0)\n"
        "score.significant = lambda value: 0.5\nnumpy.mean = lambda *a, **k: 0.5\nraise ValueError"
    )
    poisonous = write_method(body, "a_poison")
    run(tmp_path, tiny_suite, [poisonous, "random_search"], jobs=1)
    run(tmp_path, tiny_suite, ["random_search"], jobs=1, out="alone")
    poisoned, alone = contents(tmp_path / "run"), contents(tmp_path / "alone")
    assert len(alone) == 2
    assert all(poisoned[name] == data for name, data in alone.items())


def test_a_cell_that_cannot_even_be_recorded_is_missing_and_runs_next_time(tmp_path, tiny_suite, monkeypatch):
    from ttgbench.run.workers.supervisor import Gone, Supervisor

    def lost(self, job):
        raise Gone("died", "its process ended: exit status 9")

    with monkeypatch.context() as patched:
        patched.setattr(Supervisor, "_attempt", lost)
        results, said = run(tmp_path, tiny_suite, ["single_model"])
    assert results == []
    assert "could not be scored" in said[0]
    assert [result.status for result in run(tmp_path, tiny_suite, ["single_model"])[0]] == ["finished"]


@pytest.mark.slow
def test_kill_9_of_the_whole_run_then_the_same_bytes(tmp_path, tiny_suite):
    suite = tmp_path / "suite.yaml"
    suite.write_text(yaml.safe_dump(tiny_suite.to_dict()))

    def start(out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ttgbench", "run", "--suite", str(suite), "--engine", "echo", "--jobs", "2"]
        command += ["--agent", "smollm2-135m", "--methods", "single_model,textgrad"]
        return subprocess.Popen(
            [*command, "--seeds", "6", "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    _, stderr = (first := start(whole)).communicate(timeout=200)
    assert first.returncode == 0, stderr.decode()
    for wanted in (1, 6):
        process = start(killed)
        while len(contents(killed)) < wanted and process.poll() is None:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    _, stderr = (last := start(killed)).communicate(timeout=200)
    assert last.returncode == 0, stderr.decode()
    assert len(contents(whole)) == 24
    assert sum(b'"event":"ask"' in data for data in contents(whole).values()) == 6
    assert contents(killed) == contents(whole)
