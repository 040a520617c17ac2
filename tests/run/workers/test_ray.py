"""Cells and model servers on a Ray cluster of this machine: the same bytes as without one; what is lost is recorded or
replaced. One file, so that a machine never holds two clusters at once: they take each other's time, and may hang."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import tiny
import yaml

from ttgbench.engines import launch
from ttgbench.engines.base import Message, Prompt, Request, Sampling
from ttgbench.errors import InputError
from ttgbench.evaluate.store.store import Store
from ttgbench.run.experiment import run_on
from ttgbench.run.results import LOG_NAME, RESULT_NAME
from ttgbench.run.workers.base import Setup
from ttgbench.run.workers.on_ray import OnRay
from ttgbench.run.workers.processes import Processes
from ttgbench.testing import toy_pool

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
PATIENCE = 250.0
"""Seconds after which something hangs, however busy the machine is: below the limit of a test, waited for by none."""
FAKE = Path(__file__).parents[2] / "engines" / "fake_vllm"


def started(start):
    """What `start` returns. Ray waits 30 seconds for its own parts, which is not always enough on a busy machine."""
    for _ in range(2):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            ray.shutdown()
    pytest.skip("Ray does not start here within its own 30 seconds")


@pytest.fixture(autouse=True, scope="module")
def nothing_left():
    """Ray leaves processes of its own unwaited for: they are collected here, where warnings of it are ignored, and not
    in another file's test."""
    yield
    gc.collect()


def test_two_ray_workers_write_the_same_bytes_as_two_processes(tmp_path, tiny_suite, write_method):
    broken = write_method("g = single('smollm2-135m')\nproblem.recommend(g)\nimport os; os._exit(3)", "broken")
    methods = ["random_search", str(broken)]
    setup = Setup(tiny_suite, tmp_path / "store.sqlite", "echo")
    for name, backend in (("ray", OnRay(setup, PATIENCE, "local", 2)), ("here", Processes(setup, 2, PATIENCE))):
        run = partial(run_on, backend, tmp_path / name, tiny_suite, methods, 1, "echo", lambda *_: None)
        results = started(run)
        assert [result.status for result in results] == ["finished", "died"]
    here = sorted(path for path in (tmp_path / "here").rglob("*") if path.name in (LOG_NAME, RESULT_NAME))
    assert len(here) == 4
    for path in here:
        assert path.read_bytes() == (tmp_path / "ray" / path.relative_to(tmp_path / "here")).read_bytes()


def test_a_lost_ray_worker_takes_no_generation_along(tmp_path, tiny_suite, write_method):
    killed = f"import os, time\nos.kill(os.getppid(), 9)\ntime.sleep({PATIENCE})"
    body = f"g = single('smollm2-135m')\nproblem.evaluate(g)\n{killed}"
    setup = Setup(tiny_suite, tmp_path / "store.sqlite", "echo")
    said: list[object] = []
    methods = [str(write_method(body, "deadly"))]
    backend = OnRay(setup, PATIENCE, "local", 1)
    run = partial(run_on, backend, tmp_path / "run", tiny_suite, methods, 1, "echo", lambda _, r: said.append(r))
    assert started(run) == []
    assert len(said) == 1
    assert "lost by the cluster" in str(said[0])
    with Store(setup.store, read_only=True) as store:
        assert store.info().generations == tiny_suite.problems[0].search_questions


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A cluster with two GPUs that are none; the folder in which the fake server notes what happens."""
    folder = tmp_path_factory.mktemp("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(FAKE), *filter(None, sys.path)]))
        patch.setenv("FAKE_VLLM_STATE", str(folder))
        patch.setenv("TTGBENCH_CACHE", str(folder / "cache"))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        options = {"include_dashboard": False, "log_to_driver": False, "configure_logging": False}
        started(partial(ray.init, num_cpus=4, num_gpus=2, **options))
        yield folder
        ray.shutdown()


@pytest.fixture
def weights(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def spec(weights, **more):
    pairs = {"ray": "auto", "python": sys.executable, "gpu_gib": 24, "models.small": weights, "models.large": weights}
    return "vllm:" + ",".join(f"{key}={value}" for key, value in {**pairs, **more}.items())


def ask(model, seed):
    return Request(model, Prompt((Message("user", "hi"),)), Sampling(max_tokens=4), seed)


def starts(state):
    return [json.loads(line) for line in (state / "starts.jsonl").read_text().splitlines()]


def alive(start):
    return Path(f"/proc/{start['pid']}").exists()


def test_servers_get_gpus_of_their_own_and_a_lost_one_is_replaced(state, weights):
    engines = launch(spec(weights), toy_pool())

    async def main():
        try:
            await asyncio.gather(*(engines[name].generate(ask(name, n)) for n in range(5) for name in engines))
            first = starts(state)
            os.kill(first[0]["pid"], signal.SIGKILL)
            lost = first[0]["served_model_name"]
            await asyncio.gather(*(engines[lost].generate(ask(lost, n)) for n in range(5)))
            return first, engines[lost].restarted
        finally:
            for engine in engines.values():
                await engine.close()

    first, restarted = asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert sorted(start["gpus"] for start in first) == ["0", "1"]
    assert all(start["kv_cache_memory_bytes"] for start in first)
    assert restarted == 1
    last = starts(state)
    assert len(last) == 3
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and (any(map(alive, last)) or ray.available_resources().get("GPU") != 2.0):
        time.sleep(0.1)
    assert not any(map(alive, last))
    assert ray.available_resources()["GPU"] == 2.0


def test_too_few_gpus_are_refused(state, weights):
    with pytest.raises(InputError, match="need 3 GPUs, each its own; the Ray cluster has 2"):
        launch(spec(weights, **{"models.huge": weights}), toy_pool("small", "large", "huge"))


def test_cells_and_servers_share_a_cluster_and_write_the_bytes_of_one_machine(state, weights, tmp_path):
    """Each model is served once, whatever the number of workers; a server that dies midway costs nothing."""
    pool = tmp_path / "pool.yaml"
    pool.write_text(yaml.safe_dump(toy_pool().model_dump(mode="json", by_alias=True)))
    suite = tmp_path / "suite.yaml"
    problem = {**tiny.REAL, "pool": str(pool), "budget": "30 units"}
    suite.write_text(yaml.safe_dump(tiny.suite("one", search=6, test=8, seeds=2, **problem)))
    address = ray.get_runtime_context().gcs_address
    before = len(starts(state))
    (state / "die_at").write_text("20")
    here = ["--jobs", "2", "--engine", spec(weights, device="cpu").replace("ray=auto,", "")]
    there = ["--ray", address, "--engine", spec(weights, ray=address)]
    for name, options in (("there", there), ("here", here)):
        command = [sys.executable, "-m", "ttgbench", "run", "--suite", str(suite), "--out", str(tmp_path / name)]
        command += [*options, "--methods", "single_model,random_search"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr[-2000:]
    assert len(starts(state)) == before + 2 + 1 + 2
    written = sorted(path for path in (tmp_path / "here").rglob("seed-*/*.json*"))
    assert len(written) == 8
    for path in written:
        assert path.read_bytes() == (tmp_path / "there" / path.relative_to(tmp_path / "here")).read_bytes()
