"""Of everything that the package ships, in a checkout and in a wheel, an isolated method can read no file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ttgbench
from ttgbench.run.isolation.inside.fork_server import AUTHOR_MODULES
from ttgbench.util.plugins import bundled_folder

PACKAGE = Path(ttgbench.__file__).parent
METHOD = """
import importlib, json, os
from pathlib import Path
from ttgbench import BudgetExhausted, Evaluation, Graph, InputError, ModelCard, Node, Pool, Problem, SearchSpace

def search(problem, rng):
    asked = json.loads(Path(__file__).with_name("asked.json").read_text())
    for name in asked["modules"]:
        importlib.import_module(name)
    read = []
    for name in asked["files"]:
        try:
            open(name, "rb").close()
            read.append(name)
        except OSError:
            pass
    listed = []
    for name in asked["folders"]:
        try:
            listed.append(os.listdir(name))
        except OSError:
            pass
    raise ValueError(json.dumps([read, listed]))
"""
HARNESS = """
import sys
from pathlib import Path
import numpy as np
from ttgbench.methods.conformance.toy import Sitting, Toy
from ttgbench.run.isolation import IsolatedMethod
try:
    IsolatedMethod(Path(sys.argv[1]), quiet=True)(Sitting(Toy()).problem, np.random.default_rng(0))
except ValueError as error:
    print(error)
"""


def checkout(_: Path) -> Path:
    return PACKAGE


def wheel(folder: Path) -> Path:
    """The package with the folders that a wheel brings along, as hatch_build.py lays them out."""
    package = folder / "site" / "ttgbench"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, package, ignore=ignored)
    for name in ("tasks", "submissions", "leaderboard", "recording"):
        shutil.copytree(bundled_folder(name), package / "_bundled" / name, ignore=ignored)
    (package / "added_later.csv").write_text("answer\n42\n")
    return package


@pytest.mark.parametrize("layout", [checkout, wheel])
def test_no_file_of_the_package_can_be_read(layout, tmp_path):
    package = layout(tmp_path)
    shipped = sorted(package.rglob("*"))
    if layout is checkout:
        shipped += [
            path for name in ("tasks", "leaderboard", "recording") for path in sorted(bundled_folder(name).rglob("*"))
        ]
    files, folders = ([str(path) for path in shipped if kind(path)] for kind in (Path.is_file, Path.is_dir))
    assert any(name.endswith("recorded-micro-v1.csv") for name in files)
    method = tmp_path / "mine"
    method.mkdir()
    (method / "submission.yaml").write_text("{name: mine, description: reads, authors: [nobody], licence: MIT}")
    (method / "method.py").write_text(METHOD)
    (method / "asked.json").write_text(json.dumps({"files": files, "folders": folders, "modules": AUTHOR_MODULES}))
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", HARNESS, str(method)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[], []]
