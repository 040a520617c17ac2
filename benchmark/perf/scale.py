"""Memory and time of the executor with very many pending generations: a toy engine, an empty store, one batch.

    python benchmark/perf/scale.py --generations 1000000

Prints JSON: seconds, generations per second, peak memory before and after, the most asyncio tasks at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ttgbench.engines.base import Sampling
from ttgbench.engines.echo import EchoEngine
from ttgbench.evaluate.batch import Step, Work
from ttgbench.evaluate.executor import Executor
from ttgbench.evaluate.store.store import Store
from ttgbench.tasks.task import Question
from ttgbench.testing import ToyTask, toy_pool


class CountingEngine(EchoEngine):
    """The toy, looking around."""

    most_tasks = 0

    async def generate(self, request):  # type: ignore[no-untyped-def]
        """See `Engine.generate`."""
        if request.seed % 1024 == 0:
            self.most_tasks = max(self.most_tasks, len(asyncio.all_tasks()))
        return await super().generate(request)


def steps(count: int, depth: int) -> list[Step]:
    """Chains."""
    keys = [f"{number:032x}" for number in range(count)]
    return [Step(key, "assistant", "small", (keys[n - 1],) if n % depth else ()) for n, key in enumerate(keys)]


def questions(count: int) -> Sequence[Question]:
    """So many short ones."""
    return ToyTask(count).questions("search")


def mebibytes() -> float:
    """Peak memory of this process."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


async def run(work: Work, engine: CountingEngine, store: Store) -> float:
    """Seconds."""
    executor = Executor(ToyTask(), toy_pool(), Sampling(max_tokens=16), {"small": engine}, store)
    started = time.perf_counter()
    try:
        await executor.run(work)
    finally:
        await executor.close()
    return time.perf_counter() - started


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generations", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=256)
    parser.add_argument("--depth", type=int, default=1, help="of the chains; 1: everything is ready at once")
    arguments = parser.parse_args()
    nodes = steps(max(1, arguments.generations // arguments.questions), arguments.depth)
    asked = questions(arguments.questions)
    work = Work(nodes, asked, 0, np.ones((len(nodes), len(asked)), dtype=np.bool_))
    engine = CountingEngine(arguments.slots)
    before = mebibytes()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.sqlite")
        seconds = asyncio.run(run(work, engine, store))
        recorded = store.info().generations
        store.close()
    print(
        json.dumps(
            {
                "generations": recorded,
                "ready_at_once": -(-len(nodes) // arguments.depth) * len(asked),
                "seconds": round(seconds, 1),
                "per_second": round(recorded / seconds),
                "peak_mib_before": before,
                "peak_mib": mebibytes(),
                "bytes_per_generation": round((mebibytes() - before) * 2**20 / recorded),
                "most_tasks": engine.most_tasks,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
