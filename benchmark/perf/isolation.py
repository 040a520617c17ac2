"""What isolation costs: starting a process, and an evaluation through the pipe, beside the same without.

    python benchmark/perf/isolation.py

Toy problem (an evaluation takes milliseconds, so this is the worst case); random graphs; medians of
five. Processor time is that of both processes, and says more than wall time on a busy machine.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from ttgbench.conformance.toy import Sitting, Toy
from ttgbench.isolation import IsolatedMethod
from ttgbench.method import SearchMethod, load_method

METADATA = "name: counted\ndescription: Evaluates random graphs.\nauthors: [nobody]\nlicence: MIT\n"
BODY = """
def search(problem, rng):
    graph = problem.space.sample(rng)
    for n in range({calls}):
        problem.evaluate(problem.space.sample(rng))
    return graph
"""
CALLS = 400


def submission(folder: Path, calls: int) -> Path:
    """A method that makes so many evaluations."""
    folder.mkdir()
    (folder / "submission.yaml").write_text(METADATA)
    (folder / "method.py").write_text(BODY.format(calls=calls))
    return folder


def measure(search: SearchMethod, toy: Toy) -> tuple[float, float]:
    """Median wall and processor seconds of one run."""
    walls, processors = [], []
    for seed in range(5):
        problem = Sitting(toy, seed).problem
        wall, processor = time.perf_counter(), sum(os.times()[:4])
        search(problem, np.random.default_rng(seed))
        walls.append(time.perf_counter() - wall)
        processors.append(sum(os.times()[:4]) - processor)
    return statistics.median(walls), statistics.median(processors)


def main() -> None:
    """Prints a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = measure(IsolatedMethod(submission(folder / "start", 0)), Toy(evaluations=1e6))
        print(f"start of the process and one sample: {1000 * start[0]:.0f} ms, {1000 * start[1]:.0f} ms processor")
        for count in (16, 128):
            toy = Toy(evaluations=1e6, questions=count)
            path = submission(folder / f"calls{count}", CALLS)
            inside = measure(load_method(str(path)).search, toy)
            outside = [total - begun for total, begun in zip(measure(IsolatedMethod(path), toy), start, strict=True)]
            for kind, before, after in zip(("wall", "processor"), inside, outside, strict=True):
                rates = f"{CALLS / before:6.0f} evaluations/s inside, {CALLS / after:6.0f} isolated"
                print(f"{count:4d} questions, {kind:9s}: {rates}, {1000 * (after - before) / CALLS:+.2f} ms each")


if __name__ == "__main__":
    main()
