"""The vLLM launcher against a process that looks like vLLM: started, lost, restarted, put to sleep, gone."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ttgbench.engines import launch, options
from ttgbench.engines.base import Message, Prompt, Request, Sampling
from ttgbench.engines.vllm import hardware
from ttgbench.engines.vllm.options import VLLMOptions
from ttgbench.errors import ContextOverflow, EngineLost, InputError, UnknownName
from ttgbench.evaluate.batch import Step, Work
from ttgbench.evaluate.executor import Executor
from ttgbench.evaluate.store.store import Store
from ttgbench.testing import ToyTask, toy_pool

FAKE = Path(__file__).parent / "fake_vllm"


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The folder through which the fake server is told what to do, and tells what it did."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("TTGBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_VLLM_STATE", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(FAKE))
    monkeypatch.setattr(hardware, "free_gpus", dict)
    return folder


@pytest.fixture
def weights(tmp_path):
    """A folder that passes for a model's."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder


def spec(weights, **more):
    pairs = {"python": sys.executable, "models.small": weights, "models.large": weights, **more}
    return "vllm:" + ",".join(f"{key}={value}" for key, value in pairs.items())


def request(text="What?", seed=1, model="small", max_tokens=16):
    return Request(model, Prompt((Message("user", text),)), Sampling(max_tokens=max_tokens), seed)


def starts(state):
    path = state / "starts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def answered(state):
    path = state / "answers.txt"
    return path.read_text().split() if path.exists() else []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pid, seconds=15):
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


def use(engines, coroutine):
    """Runs a coroutine function on the engines and closes them."""

    async def main():
        try:
            return await coroutine(engines)
        finally:
            for engine in engines.values():
                await engine.close()

    return asyncio.run(asyncio.wait_for(main(), 60))


def chain_work(steps=3, questions=20, model=lambda number: "small"):
    keys = [f"{number:032x}" for number in range(steps)]
    chain = [Step(key, "assistant", model(n), (keys[n - 1],) if n else ()) for n, key in enumerate(keys)]
    task = ToyTask(questions)
    return Work(chain, task.questions("search"), 0, np.ones((steps, questions), dtype=np.bool_))


async def execute(engines, work, store):
    runner = Executor(ToyTask(), toy_pool(), Sampling(max_tokens=16), engines, store)
    try:
        return await runner.run(work)
    finally:
        await runner.close()


def test_a_server_starts_with_the_first_request_and_ends_with_close(state, weights):
    engines = launch(spec(weights, batch_invariant="true", arguments="--enforce-eager"), toy_pool())
    assert not starts(state)

    async def ask(engines):
        return await asyncio.gather(*(engines["small"].generate(request(seed=n)) for n in range(20)))

    completions = use(engines, ask)
    [start] = starts(state)
    assert start["served_model_name"] == "small"
    assert start["model"] == str(weights)
    assert start["max_model_len"] == 4096  # the card's, which is less than the option's
    assert start["invariant"] == "1"
    assert start["enforce_eager"]
    assert start["no_enable_chunked_prefill"]
    assert start["max_num_batched_tokens"] >= start["max_model_len"]
    assert {c.finish_reason for c in completions} == {"stop"}
    assert not alive(start["pid"])
    name = engines["small"].name
    assert name.startswith("vllm/0.0.fake weights=")
    for part in ("template=", "VLLM_BATCH_INVARIANT=1", "--dtype auto", "--enforce-eager", "--max-model-len 4096"):
        assert part in name


def test_the_name_changes_with_weights_and_template(state, weights):
    async def name(engines):
        await engines["small"].generate(request())
        return engines["small"].name

    first = use(launch(spec(weights), toy_pool()), name)
    (weights / "chat_template.jinja").write_text("another")
    second = use(launch(spec(weights), toy_pool()), name)
    (weights / "model.safetensors").write_bytes(b"others")
    third = use(launch(spec(weights), toy_pool()), name)
    assert len({first, second, third}) == 3


def test_a_server_killed_in_a_batch_loses_nothing_and_bills_nothing_twice(state, weights, monkeypatch):
    monkeypatch.setenv("FAKE_VLLM_DELAY", "0.05")
    store = Store()

    async def run(engines):
        task = asyncio.create_task(execute(engines, chain_work(), store))
        while len(answered(state)) < 10:
            await asyncio.sleep(0.01)
        os.kill(starts(state)[0]["pid"], signal.SIGKILL)
        return await task, engines["small"].restarted

    (tokens_in, tokens_out), restarted = use(launch(spec(weights), toy_pool(), slots=8), run)
    assert restarted == 1
    assert len(starts(state)) == 2
    rows = store.get_many((step.key, q.id, 0) for step in chain_work().steps for q in chain_work().questions)
    assert len(rows) == 60
    assert all(row.retried_tokens_in == row.retried_tokens_out == 0 for row in rows.values())
    assert {row.tokens_out for row in rows.values()} == {1}
    assert tokens_out.sum() == 60
    assert (tokens_in > 0).all()


def test_a_server_that_dies_too_often_is_given_up(state, weights):
    (state / "die_at").write_text("1")

    async def run(engines):
        with pytest.raises(EngineLost, match=r"small.*lost 1 times.*status 9.*log"):
            await engines["small"].generate(request())
        answers = await asyncio.gather(
            *(engines["small"].generate(request()) for _ in range(5)), return_exceptions=True
        )
        assert {type(answer) for answer in answers} == {EngineLost}
        await engines["small"].close()
        await engines["small"].generate(request())

    use(launch(spec(weights, restarts=0), toy_pool()), run)
    assert len(starts(state)) == 2


def test_a_server_that_does_not_start_says_why(state, weights):
    (state / "refuse").touch()

    async def run(engines):
        answers = await asyncio.gather(
            *(engines["small"].generate(request()) for _ in range(5)), return_exceptions=True
        )
        assert {type(answer) for answer in answers} == {EngineLost}
        assert re.search(r"small ended with status 1.*out of memory", str(answers[0]))
        assert engines["small"].restarted == 1

    use(launch(spec(weights), toy_pool()), run)


def test_a_server_that_never_gets_ready_is_ended(state, weights):
    (state / "unready").touch()

    async def run(engines):
        with pytest.raises(EngineLost, match="not ready after 2 s"):
            await engines["small"].generate(request())

    use(launch(spec(weights, startup_seconds=1.5), toy_pool()), run)
    assert gone(starts(state)[0]["pid"])


def test_an_overflow_is_no_loss(state, weights):
    async def run(engines):
        with pytest.raises(ContextOverflow):
            await engines["small"].generate(request("word " * 100))
        return await engines["small"].generate(request("word"))

    assert use(launch(spec(weights, max_model_len=64), toy_pool()), run).tokens_out == 1
    assert len(starts(state)) == 1


SCRIPT = """
import asyncio, sys
from ttgbench.engines import launch
from ttgbench.testing import toy_pool
from ttgbench.engines.base import *
async def main():
    engine = launch(sys.argv[1], toy_pool())["small"]
    await engine.generate(Request("small", Prompt((Message("user", "hi"),)), Sampling(max_tokens=4), 1))
    print("ready", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def test_no_server_outlives_a_harness_that_is_killed(state, weights):
    path = os.pathsep.join([str(FAKE), *sys.path])
    harness = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, spec(weights, device="cpu")],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    with harness:
        assert harness.stdout.readline() == b"ready\n"
        [start] = starts(state)
        assert alive(start["pid"])
        harness.kill()
    assert gone(start["pid"])


GPUS = {0: 24 << 30}


@pytest.fixture
def one_gpu(monkeypatch):
    monkeypatch.setattr(hardware, "free_gpus", lambda: GPUS)
    monkeypatch.setattr(hardware, "free_host", lambda: 64 << 30)
    monkeypatch.setattr("ttgbench.engines.vllm.placement.OVERHEAD", 14 << 30)  # so that two toys do not fit together


def test_models_that_do_not_fit_together_take_turns_and_sleep(state, weights, one_gpu):
    store, work = Store(), chain_work(4, 20, model=lambda number: "large" if number % 2 else "small")

    async def run(engines):
        return await execute(engines, work, store)

    tokens_in, _ = use(launch(spec(weights), toy_pool(), slots=4), run)
    assert (tokens_in > 0).all()
    assert store.info().generations == 80
    assert [start["gpus"] for start in starts(state)] == ["0", "0"]
    assert all(start["enable_sleep_mode"] and start["kv_cache_memory_bytes"] for start in starts(state))
    turns = (state / "turns.txt").read_text().splitlines()
    assert turns[:3] == ["small /sleep?level=1", "large /sleep?level=1", "small /wake_up"]
    assert all("/sleep" in asleep for asleep in turns[1::2])  # whoever wakes, the other was put to sleep just before
    assert {turn.split()[0] for turn in turns[1::2]} == {"large", "small"}


def test_a_server_that_dies_asleep_is_started_again(state, weights, one_gpu):
    async def run(engines):
        await engines["small"].generate(request())
        await engines["large"].generate(request(model="large"))
        os.kill(starts(state)[0]["pid"], signal.SIGKILL)
        return await engines["small"].generate(request(seed=2))

    assert use(launch(spec(weights, restarts=0), toy_pool()), run).tokens_out == 1
    assert [start["served_model_name"] for start in starts(state)] == ["small", "large", "small"]


def test_without_sleep_mode_models_are_stopped_in_turn(state, weights, one_gpu):
    store, work = Store(), chain_work(3, 5, model=lambda number: "large" if number % 2 else "small")

    async def run(engines):
        return await execute(engines, work, store)

    use(launch(spec(weights, sleep="false"), toy_pool()), run)
    assert store.info().generations == 15
    assert [start["served_model_name"] for start in starts(state)] == ["small", "large", "small"]
    assert not any(alive(start["pid"]) for start in starts(state))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("restarts=-1", "restarts"),
        ("dtype=float8", "dtype"),
        ("nonsense=1", "nonsense"),
        ("max_model_len=many", "max_model_len"),
        ("restarts", "key=value"),
        ("models=3", "models"),
        ("models=3,models.small=/x", "models"),
        ("quantization=; rm -rf", "quantization"),
        ("gpu_gib=.nan", "gpu_gib"),
    ],
)
def test_wrong_options_are_named(text, field):
    with pytest.raises(InputError, match=field):
        options.parse(VLLMOptions, text, "vllm")


def test_options_from_a_file(tmp_path):
    path = tmp_path / "gpu.yaml"
    path.write_text("restarts: 7\narguments: [--enforce-eager]\nmodels: {small: /x}\n")
    parsed = options.parse(VLLMOptions, str(path), "vllm")
    assert (parsed.restarts, parsed.arguments, parsed.models) == (7, ("--enforce-eager",), {"small": "/x"})
    path.write_text("restarts: x\n")
    with pytest.raises(InputError, match=r"gpu\.yaml.*restarts"):
        options.parse(VLLMOptions, str(path), "vllm")


def test_what_cannot_be_launched_is_refused_before_anything_starts(state, weights, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"config\.json"):
        launch(spec(tmp_path / "nothing"), toy_pool())
    with pytest.raises(UnknownName, match="smal"):
        launch(f"vllm:python={sys.executable},models.smal={weights}", toy_pool())
    with pytest.raises(InputError, match="no GPU 3"):
        launch(spec(weights).replace("vllm:", "vllm:gpus=[3],"), toy_pool())
    with pytest.raises(InputError, match="no GPU"):
        launch(spec(weights, device="gpu"), toy_pool())
    monkeypatch.setattr(hardware, "free_gpus", lambda: {0: 1 << 30})
    with pytest.raises(InputError, match=r"large needs .* GiB on each of 1 GPUs"):
        launch(spec(weights), toy_pool())
