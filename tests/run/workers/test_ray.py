"""The same cells on a Ray cluster: the same bytes, and broken processes are recorded as on one machine."""

from __future__ import annotations

import pytest

from ttgbench.evaluate.store.store import Store
from ttgbench.run.experiment import run_on
from ttgbench.run.results import LOG_NAME, RESULT_NAME
from ttgbench.run.workers.base import Setup
from ttgbench.run.workers.on_ray import OnRay
from ttgbench.run.workers.processes import Processes

pytest.importorskip("ray")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_ray_workers_write_the_same_bytes_as_two_processes(tmp_path, tiny_suite, write_method):
    broken = write_method("g = single('smollm2-135m')\nproblem.recommend(g)\nimport os; os._exit(3)", "broken")
    methods = ["random_search", str(broken)]
    setup = Setup(tiny_suite, tmp_path / "store.sqlite", "echo")
    for name, backend in (("ray", OnRay(setup, 60.0, "local", 2)), ("here", Processes(setup, 2, 60.0))):
        results = run_on(backend, tmp_path / name, tiny_suite, methods, 2, "echo", lambda *_: None)
        assert [result.status for result in results] == ["finished", "died", "finished", "died"]
    here = sorted(path for path in (tmp_path / "here").rglob("*") if path.name in (LOG_NAME, RESULT_NAME))
    assert len(here) == 8
    for path in here:
        assert path.read_bytes() == (tmp_path / "ray" / path.relative_to(tmp_path / "here")).read_bytes()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_lost_ray_worker_takes_no_generation_along(tmp_path, tiny_suite, write_method):
    body = "g = single('smollm2-135m')\nproblem.evaluate(g)\nimport os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)"
    setup = Setup(tiny_suite, tmp_path / "store.sqlite", "echo")
    said: list[object] = []
    methods = [str(write_method(body, "deadly"))]
    backend = OnRay(setup, 60.0, "local", 1)
    assert run_on(backend, tmp_path / "run", tiny_suite, methods, 1, "echo", lambda _, r: said.append(r)) == []
    assert len(said) == 1
    assert "lost by the cluster" in str(said[0])
    with Store(setup.store, read_only=True) as store:
        assert store.info().generations == tiny_suite.problems[0].search_questions
