"""Mathematical answers graded per second: hand-written and generated ones, through the worker processes.

    python benchmark/perf/grading.py [--answers 1000] [--jobs 2]

The answers are those of tests/tasks/grading/answers/math.yaml (fractions, roots, intervals, matrices, words; 1 MB of
garbage left out), each in several wordings, so that no answer is graded twice; starting the workers is part of the
time.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from pathlib import Path

import yaml

from ttgbench.tasks.grading.workers import GraderPool

TABLE = Path(__file__).resolve().parents[2] / "tests" / "tasks" / "grading" / "answers" / "math.yaml"
WORDINGS = (
    "{}",
    "Let us see.\n{}",
    "So we get {}",
    "Step {n}: done.\n{}",
    "{} is what we were looking for, in step {n}",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    rows = [row for row in yaml.safe_load(TABLE.read_text("utf-8")) if "{garbage}" not in row["output"]]
    items = [
        {
            "output": WORDINGS[n % len(WORDINGS)].replace("{n}", str(n)).replace("{}", row["output"]),
            "reference": row["reference"],
        }
        for n, row in zip(range(options.answers), itertools.cycle(rows), strict=False)
    ]
    began = time.perf_counter()
    with GraderPool("ttgbench.tasks.grading.math:grade", jobs=options.jobs) as pool:
        grades = pool.grade(items)
    seconds = time.perf_counter() - began
    counts = ", ".join(
        f"{status} {count}" for status, count in sorted(Counter(grade.status for grade in grades).items())
    )
    print(f"{len(items)} answers, {options.jobs} workers: {seconds:.1f} s, {len(items) / seconds:.0f}/s ({counts})")


if __name__ == "__main__":
    main()
