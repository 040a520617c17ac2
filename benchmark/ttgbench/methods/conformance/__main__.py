"""`python -m ttgbench.methods.conformance METHOD...`: checks methods (bundled names or paths), exit 1 if one fails."""

from __future__ import annotations

import json
import sys

from ttgbench.errors import TTGBenchError
from ttgbench.methods.conformance.checks import check_each, fingerprint
from ttgbench.problems.method import load_method


def main(arguments: list[str]) -> int:
    """Prints the findings; with --fingerprint first, only hashes of runs, as JSON."""
    only_prints = arguments[:1] == ["--fingerprint"]
    try:
        methods = [load_method(name) for name in arguments[only_prints:]]
    except TTGBenchError as error:
        print(error, file=sys.stderr)
        return 2
    if only_prints:
        print(json.dumps({method.name: fingerprint(method) for method in methods}))
        return 0
    faults = 0
    for method in methods:
        for finding in check_each(method):
            print(f"{method.name}: {finding}", flush=True)
            faults += finding.fault is not None
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
