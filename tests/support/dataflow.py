"""Works of a few steps, and an executor that runs them on scripted engines."""

import asyncio

import numpy as np

from ttgbench.engines.base import Sampling
from ttgbench.evaluate.batch import Step, Work
from ttgbench.evaluate.executor import Executor
from ttgbench.evaluate.store.store import Store
from ttgbench.testing import ScriptedEngine, ToyTask, toy_pool


def key(name):
    return name.encode().hex().ljust(32, "0")


def step(name, *inputs, model="small"):
    role = "vote" if model is None else "assistant"
    return Step(key(name), role, model, tuple(sorted(key(source) for source in inputs)))


CHAIN = [step("a"), step("b", "a"), step("e", "b")]
DIAMOND = [step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c")]


def work(steps, questions=3, universe=0, recorded=()):
    task = ToyTask(questions)
    missing = np.ones((len(steps), questions), dtype=np.bool_)
    missing[list(recorded)] = False
    return Work(steps, task.questions("search"), universe, missing)


def prompt_of(request):
    prompt = request.prompt
    return prompt.text or "\n".join(message.content for message in prompt.messages)


def executor(engine, store, progress=None, task=None):
    engines = engine if isinstance(engine, dict) else {"small": engine, "large": engine}
    return Executor(task or ToyTask(), toy_pool(), Sampling(max_tokens=16), engines, store, progress)


def run(engine, *works, store=None, progress=None):
    """Runs all works at once; returns their tokens and the store."""
    store = store or Store()

    async def main():
        runner = executor(engine, store, progress)
        try:
            return await asyncio.gather(*(runner.run(each) for each in works))
        finally:
            await runner.close()

    return asyncio.run(main()), store


def counting(prefix="said"):
    numbers = iter(range(10**6))
    return ScriptedEngine(lambda request: f"{prefix}-{next(numbers)}.")


def texts(store, steps, each):
    found = store.get_many((s.key, q.id, each.universe) for s in steps for q in each.questions)
    return {(identity[0], identity[1]): row.text for identity, row in found.items()}
