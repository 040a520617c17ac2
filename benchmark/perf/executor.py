"""What the dataflow costs: time of a batch of graphs over the time in which bare engines generate the same requests.

    python benchmark/perf/executor.py --engine llama_cpp --task micro_math --pool embedded --questions 10 --rounds 2
    python benchmark/perf/executor.py --engine echo --latency 0.05 --slots 32 --questions 50

Prints JSON. Each round evaluates the graphs with an empty store and notes every request that reaches an engine, then
sends exactly these requests, all at once, to fresh engines. Fresh engines each time, so that caches start equal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ttgbench.engines import background, launch
from ttgbench.engines.base import Completion, Engine, Request, Sampling
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import chain, layered, parallel, parallel_chains
from ttgbench.models.pool import Pool, load_pool
from ttgbench.tasks.folder import load_task
from ttgbench.tasks.task import Task


@dataclass
class Leg:
    """One timed way of generating."""

    seconds: float
    tokens_in: int
    tokens_out: int
    requests: list[Request]


class NotingEngine:
    """Passes requests on and notes them; may add a delay that depends on the request's seed."""

    def __init__(self, engine: Engine, latency: float) -> None:
        self.name, self.slots, self._engine, self._latency = engine.name, engine.slots, engine, latency
        self.requests: list[Request] = []
        self.completions: list[Completion] = []

    async def generate(self, request: Request) -> Completion:
        """See `Engine.generate`."""
        self.requests.append(request)
        if self._latency:
            await asyncio.sleep(self._latency * (0.5 + request.seed / 2**31))
        completion = await self._engine.generate(request)
        self.completions.append(completion)
        return completion

    async def close(self) -> None:
        """See `Engine.close`."""
        await self._engine.close()


def some_graphs(names: tuple[str, ...]) -> list[Graph]:
    """Wide, deep, both, and mixed; they share nodes, as graphs in a search do."""
    graphs = [layered([names, names], names[-1]), layered([names * 2, names, names], names[0])]
    for name in names:
        graphs += [parallel(name, 8), chain(name, 4), parallel_chains(name, 3, 3), parallel_chains(name, 4, 2, "fuser")]
    return graphs


def noted(arguments: argparse.Namespace, pool: Pool) -> dict[str, NotingEngine]:
    """Fresh engines."""
    engines = launch(arguments.engine, tuple(pool), slots=arguments.slots)
    return {name: NotingEngine(engine, arguments.latency) for name, engine in engines.items()}


def dataflow(arguments: argparse.Namespace, task: Task, pool: Pool) -> Leg:
    """The graphs through the evaluator: engines, store and grading."""
    engines = noted(arguments, pool)
    sampling = Sampling(max_tokens=task.card.max_tokens, stop=task.card.stop)
    evaluator = GenerationEvaluator(task, pool, sampling, Store(), engines)
    graphs = some_graphs(pool.names)
    started = time.perf_counter()
    evaluator.evaluate(graphs, range(arguments.questions), universe=0, split="search")
    seconds = time.perf_counter() - started
    evaluator.close()
    close(engines)
    return leg(seconds, engines)


def flat(arguments: argparse.Namespace, pool: Pool, requests: Sequence[Request]) -> Leg:
    """The same requests, as many at once as the engines have slots."""
    engines = noted(arguments, pool)

    async def send() -> None:
        gates = {name: asyncio.Semaphore(engine.slots) for name, engine in engines.items()}

        async def one(request: Request) -> None:
            async with gates[request.model]:
                await engines[request.model].generate(request)

        await asyncio.gather(*map(one, requests))

    started = time.perf_counter()
    background.run(send())
    seconds = time.perf_counter() - started
    close(engines)
    return leg(seconds, engines)


def close(engines: Mapping[str, NotingEngine]) -> None:
    """Stops all."""
    for engine in engines.values():
        background.run(engine.close())


def leg(seconds: float, engines: Mapping[str, NotingEngine]) -> Leg:
    """What was timed, with what was generated meanwhile."""
    completions = [completion for engine in engines.values() for completion in engine.completions]
    return Leg(
        seconds,
        sum(completion.tokens_in for completion in completions),
        sum(completion.tokens_out for completion in completions),
        [request for engine in engines.values() for request in engine.requests],
    )


def summary(legs: Sequence[Leg]) -> dict[str, object]:
    """Means over the rounds."""
    return {
        "seconds": [round(each.seconds, 3) for each in legs],
        "requests": len(legs[-1].requests),
        "tokens_in": statistics.mean(each.tokens_in for each in legs),
        "tokens_out": statistics.mean(each.tokens_out for each in legs),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="llama_cpp")
    parser.add_argument("--pool", default="embedded")
    parser.add_argument("--task", default="micro_math")
    parser.add_argument("--questions", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--slots", type=int)
    parser.add_argument("--latency", type=float, default=0.0, help="mean seconds added to each request")
    arguments = parser.parse_args()
    task, pool = load_task(arguments.task), load_pool(arguments.pool)
    flows, flats = [], []
    for _ in range(arguments.rounds):
        flows.append(dataflow(arguments, task, pool))
        flats.append(flat(arguments, pool, flows[-1].requests))
    ratio = sum(each.seconds for each in flows) / sum(each.seconds for each in flats)
    result = {
        "engine": arguments.engine,
        "slots": arguments.slots,
        "latency": arguments.latency,
        "graphs": len(some_graphs(pool.names)),
        "questions": arguments.questions,
        "dataflow": summary(flows),
        "flat": summary(flats),
        "ratio": round(ratio, 4),
        "python": platform.python_version(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
