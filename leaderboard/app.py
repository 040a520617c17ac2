"""The Space's entry point: the page is the package's `ttgbench.leaderboard`, from the wheel beside this file if any."""

import atexit
import os
import runpy
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

for wheel in HERE.glob("ttgbench-*.whl"):
    unpacked = tempfile.mkdtemp(prefix="ttgbench-wheel-")
    atexit.register(shutil.rmtree, unpacked, ignore_errors=True)
    zipfile.ZipFile(wheel).extractall(unpacked)
    sys.path.insert(0, unpacked)
if (HERE / "board" / "board.json").is_file() and "TTGBENCH_RESULTS_REPO" not in os.environ:
    os.environ.setdefault("TTGBENCH_RESULTS_DIR", str(HERE / "board"))

if __name__ == "__main__":
    runpy.run_module("ttgbench.leaderboard.app", run_name="__main__")
