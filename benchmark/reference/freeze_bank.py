"""Freezes a suite on a bank: the hashes of its segments into the suite's file, the anchors of its problems beside it.

    python benchmark/reference/freeze_bank.py recorded-pilot-v1

Anchors are computed from the table of all graphs, on all questions and universes that are recorded. To be done once
per version of a suite: hashes and anchors are part of the suite's own hash.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from ttgbench.errors import InputError
from ttgbench.problems.anchors import AnchorFile, anchor_path
from ttgbench.problems.suite import SUITES, load_suite
from ttgbench.run.session import Session
from ttgbench.util.files import write_atomic

METHOD = "every graph of the space, mean over all recorded questions and universes, votes and single answers over draws"


def main() -> None:
    """Writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("label", help="a shipped suite on a bank")
    label = parser.parse_args().label
    path = Path(str(SUITES / f"{label}.yaml"))
    text = re.sub(r"(?m)^  segments:\n(?:    .*\n)+", "", path.read_text("utf-8"))
    write_atomic(path, text)
    suite = load_suite(label)
    if suite.bank is None:
        raise InputError("is not answered by a bank", source=path, field="recorded")
    lines = "".join(f"    {name}: {sha256}\n" for name, sha256 in suite.bank.segments.items())
    write_atomic(path, re.sub(r"(?m)^problems:\n", f"  segments:\n{lines}problems:\n", text, count=1))
    with Session(None, None) as session:
        bank = session.bank(suite)
        assert bank is not None
        found = {spec.name: bank.table(suite, spec).anchor() for spec in suite.problems}
    write_atomic(anchor_path(label), AnchorFile(schema=1, suite=label, method=METHOD, problems=found).to_json())
    for name, anchor in found.items():
        print(f"{name}: {anchor.zero:.4f} to {anchor.one:.4f}")


if __name__ == "__main__":
    main()
