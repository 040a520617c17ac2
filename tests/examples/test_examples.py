"""The examples run as they stand, with fewer seeds; the notebook's last expressions show themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ttgbench

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOWN = """
import ast, json, sys
names = {"__name__": "__main__"}
for cell in json.loads(open(sys.argv[1]).read())["cells"]:
    if cell["cell_type"] == "code":
        tree = ast.parse("".join(cell["source"]).replace("seeds=5", "seeds=1"))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        for view in ("_repr_html_", "_repr_svg_"):
            if hasattr(value, view):
                print(type(value).__name__, view, len(getattr(value, view)()) > 100)
"""


def run(folder: Path, *command: object) -> str:
    """What a fresh process prints."""
    environment = {**os.environ, "PYTHONPATH": str(Path(ttgbench.__file__).parents[1])}
    arguments = [sys.executable, *map(str, command)]
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (["own_method.py", "--seeds", 1, "--problems", "sanity-qa"], "No verdict over all problems: 1 run of each"),
        (["many_graphs.py", "--graphs", 40], "FLOPs per question"),
        (["evolution_strategy.py", "--seeds", 1], "evolution_strategy"),
    ],
)
def test_scripts_run(script, says, tmp_path):
    name, *arguments = script
    assert says in run(tmp_path, EXAMPLES / name, *arguments)


def test_every_script_is_run():
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"own_method.py", "many_graphs.py", "evolution_strategy.py"}


def test_the_notebook_runs_from_top_to_bottom(tmp_path):
    shown = run(tmp_path, "-c", SHOWN, EXAMPLES / "own_method.ipynb").splitlines()
    for view in ("Graph _repr_svg_", "Evaluation _repr_html_", "Results _repr_html_", "Compared _repr_html_"):
        assert f"{view} True" in shown
    assert (tmp_path / "page.html").is_file()


def test_the_notebook_holds_no_outputs():
    cells = json.loads((EXAMPLES / "own_method.ipynb").read_text())["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
