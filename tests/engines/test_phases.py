"""Turns among models that cannot all be awake, seen from the executor: few switches, nothing lost, nobody stuck."""

import asyncio
import itertools

import numpy as np
import pytest

from ttgbench.engines.base import Sampling
from ttgbench.engines.vllm.phases import Phases
from ttgbench.errors import EngineError
from ttgbench.evaluate.batch import Step, Work
from ttgbench.evaluate.executor import Executor
from ttgbench.evaluate.store.store import Store
from ttgbench.testing import ScriptedEngine, ToyTask, toy_pool


class Turned(ScriptedEngine):
    """A scripted engine that is awake in one wave only."""

    def __init__(self, phases, wave, awake, seconds=0.0):
        super().__init__(self.say, slots=4, seconds=lambda _: seconds)
        self.phases, self.wave, self.awake = phases, wave, awake

    def say(self, request):
        assert self.awake == [self.wave]
        return "1"

    async def generate(self, request):
        async with self.phases.awake(self.wave):
            return await super().generate(request)


def switching(awake, log, error=None):
    async def switch(old, new):
        assert awake == ([] if old is None else [old])
        awake.clear()
        await asyncio.sleep(0.001)
        if error is not None and len(log) >= 2:
            raise error
        awake.append(new)
        log.append(new)

    return switch


def levels(models, questions=10):
    keys = [f"{number:032x}" for number in range(len(models))]
    steps = [
        Step(key, "assistant", model, (keys[n - 1],) if n else ())
        for n, (key, model) in enumerate(zip(keys, models, strict=True))
    ]
    return Work(steps, ToyTask(questions).questions("search"), 0, np.ones((len(steps), questions), dtype=np.bool_))


def run(*works, error=None, linger=0.15):
    """Runs works at once on two engines of which one is awake; returns the waves in the order in which they woke."""
    log, awake, store = [], [], Store()

    async def main():
        phases = Phases(switching(awake, log, error), linger=linger)
        engines = {name: Turned(phases, wave, awake) for wave, name in enumerate(("small", "large"))}
        runner = Executor(ToyTask(), toy_pool(), Sampling(max_tokens=16), engines, store)
        try:
            await asyncio.gather(*map(runner.run, works))
        finally:
            await runner.close()
            await phases.close()

    asyncio.run(asyncio.wait_for(main(), 60))
    assert store.info().generations == sum(int(work.missing.sum()) for work in works)
    return log


def test_all_ready_work_of_one_model_then_the_next():
    log = run(levels(["small", "small", "large", "large", "small"]))
    assert log[0] == 0
    assert 3 <= len(log) <= 5  # three, unless a slow machine records more slowly than the executor lingers
    assert all(a != b for a, b in itertools.pairwise(log))


def test_works_that_run_at_once_share_phases():
    works = [levels(["small", "large"]), Work(levels(["small", "large"]).steps, ToyTask(10).questions("search"), 1,
                                              np.ones((2, 10), dtype=np.bool_))]  # fmt: skip
    assert 2 <= len(run(*works)) <= 4


def test_one_wave_never_waits():
    assert run(levels(["small"] * 4), linger=30.0) == [0]


def test_a_failed_switch_is_everybodys_error():
    with pytest.raises(EngineError, match="cannot wake"):
        run(levels(["small", "large", "small"]), error=EngineError("cannot wake"), linger=0.01)


def test_the_wave_with_most_requests_is_next():
    log, awake = [], []

    async def main():
        phases = Phases(switching(awake, log), linger=0.02)

        async def ask(wave):
            async with phases.awake(wave):
                assert awake == [wave]
                await asyncio.sleep(0.01)

        await asyncio.gather(ask(0), *(ask(2) for _ in range(2)), *(ask(1) for _ in range(5)))

    asyncio.run(asyncio.wait_for(main(), 30))
    assert log == [1, 2, 0]


def test_cancelled_requests_hold_nobody_up():
    log, awake = [], []

    async def main():
        phases = Phases(switching(awake, log), linger=0.02)

        async def ask(wave, seconds=0.0):
            async with phases.awake(wave):
                await asyncio.sleep(seconds)

        holder = asyncio.create_task(ask(0, 60))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(ask(1))
        given_up = asyncio.create_task(ask(2))
        await asyncio.sleep(0.01)
        given_up.cancel()
        holder.cancel()
        await waiting
        await asyncio.gather(holder, given_up, return_exceptions=True)
        await phases.close()

    asyncio.run(asyncio.wait_for(main(), 30))
    assert log == [0, 1]


def test_the_awake_wave_may_go_on_while_others_wait():
    log, awake = [], []

    async def main():
        phases = Phases(switching(awake, log), linger=0.2)
        order = []

        async def ask(wave, name):
            async with phases.awake(wave):
                order.append(name)

        await ask(0, "first")
        other = asyncio.create_task(ask(1, "other"))
        await asyncio.sleep(0)
        await ask(0, "again")
        await other
        return order

    assert asyncio.run(asyncio.wait_for(main(), 30)) == ["first", "again", "other"]
