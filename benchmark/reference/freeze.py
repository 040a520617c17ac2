"""Puts a finished recording of a suite beside the code, and its hash into the suite's file.

    ttgbench record --space recorded-micro-v1 --store runs/micro.sqlite --out runs/recorded-micro-v1
    python benchmark/reference/freeze.py runs/recorded-micro-v1

From then on the suite is replayed without an engine. To be done once per version of a suite: the hash and the anchors
are part of the suite's own hash, so results made before and after do not mix.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.problems.anchors import anchor_path
from ttgbench.problems.suite import SUITES, load_suite
from ttgbench.publish.recording.export import ANCHORS, DATA, MANIFEST, TABLE
from ttgbench.run.recorded import FOLDER

MAX_BYTES = 5 << 20
"""What is shipped with every installation must be small."""


def main() -> None:
    """Checks that the recording is the suite's, then copies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="what `ttgbench record --out` wrote")
    folder = parser.parse_args().folder
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    label, data = manifest["name"], manifest["files"][DATA]
    _check(label, manifest)
    shipped = Path(str(FOLDER))
    shutil.copyfile(folder / DATA, shipped / f"{label}.parquet")
    shutil.copyfile(folder / TABLE, shipped / f"{label}.csv")
    anchor_path(label).parent.mkdir(exist_ok=True)
    shutil.copyfile(folder / ANCHORS, anchor_path(label))
    path = Path(str(SUITES / f"{label}.yaml"))
    line = f"recorded: {{file: {label}.parquet, sha256: {data['sha256']}}}\n"
    text = re.sub(r"(?m)^recorded: .*\n", "", path.read_text("utf-8"))
    path.write_text(re.sub(r"(?m)^problems:\n", f"{line}problems:\n", text, count=1), "utf-8")
    print(f"{label}: {manifest['generations']:,} rows, {data['bytes']:,} bytes, sha256 {data['sha256']}")


def _check(label: str, manifest: dict[str, Any]) -> None:
    suite = load_suite(label)
    wanted = {spec.name: spec.model_dump(mode="json") for spec in suite.problems}
    found = {problem["name"]: problem for problem in manifest["problems"]}
    for name, spec in wanted.items():
        for field, value in spec.items():
            if name not in found or found[name][field] != value:
                raise InputError(f"was recorded otherwise than the suite says: {field}", source=name)
    counts = (manifest["search_universes"], manifest["test_universes"])
    if counts != (suite.search_universes, suite.test_universes):
        raise InputError(f"has {counts} search and test universes", source=label)
    if manifest["files"][DATA]["bytes"] > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES} bytes; publish it with --push instead", source=DATA)


if __name__ == "__main__":
    main()
