"""Makes the shipped instances of the public salt: draws, filters and measures them. A quarter of an hour of one core.

    python benchmark/reference/instances.py [--jobs 2] [--part instances.part]

May be killed and started again: what is known lies in PART. Prints how many draws the filter refused, and why.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ttgbench.problems.family.family import INSTANCES
from ttgbench.problems.family.make import make_instances
from ttgbench.problems.family.record import shipped
from ttgbench.util.files import write_atomic

SALT = "synthetic-v2"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", type=Path, default=Path("instances.part"))
    options = parser.parse_args()
    made = make_instances(
        SALT, range(1, INSTANCES + 1), options.jobs, options.part, lambda line: print(line, flush=True)
    )
    write_atomic(shipped(SALT), made.to_json())
    kept = sum(map(len, made.instances.values()))
    print(f"{made.drawn} drawn, {kept} kept, {1 - kept / made.drawn:.0%} refused: {made.refused}")


if __name__ == "__main__":
    main()
