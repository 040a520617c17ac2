"""What isolation costs: starting a process, and an evaluation through the pipe, beside the same without.

    python benchmark/perf/isolation.py

Toy problem (an evaluation takes milliseconds, so this is the worst case); random graphs; medians of five, starts of
fifty after a first one. Processor time is the mean of all processes together, and says more than wall time on a busy
machine.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.problems.method import SearchMethod, load_method
from ttgbench.run.isolation import IsolatedMethod

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


def processor_seconds() -> float:
    """Of this process, of its children, and of those that they have waited for. Linux."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            parent, *rest = map(int, stat.read_text().rpartition(")")[2].split()[1:])
            if os.getpid() in (parent, int(stat.parent.name)):
                ticks += sum(rest[9:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(search: SearchMethod, toy: Toy, runs: int = 5) -> tuple[float, float]:
    """Median wall and mean processor seconds of one run."""
    walls, problems = [], [Sitting(toy, seed).problem for seed in range(runs)]
    processor = processor_seconds()
    for seed, problem in enumerate(problems):
        wall = time.perf_counter()
        search(problem, np.random.default_rng(seed))
        walls.append(time.perf_counter() - wall)
    return statistics.median(walls), (processor_seconds() - processor) / runs


def main() -> None:
    """Prints a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starting = IsolatedMethod(submission(folder / "start", 0))
        first = measure(starting, Toy(evaluations=1e6), 1)
        start = measure(starting, Toy(evaluations=1e6), 50)
        print(f"start of the process and one sample: {1000 * start[0]:.1f} ms, {1000 * start[1]:.1f} ms processor")
        print(f"the first one: {1000 * first[0]:.0f} ms, {1000 * first[1]:.0f} ms processor")
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
