"""What the package says of itself is said once, and its types travel with it."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ttgbench
from ttgbench.util.extras import EXTRAS

ROOT = Path(__file__).parents[1]


def test_the_citation_names_this_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == ttgbench.__version__


def test_the_types_are_marked():
    assert (Path(ttgbench.__file__).parent / "py.typed").is_file()


PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def distributions(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


WITH_OTHERS = {
    "sympy": "math-verify",
    "latex2sympy2_extended": "math-verify",
    "starlette": "gradio",
    "tokenizers": "transformers, where a server's counts are checked",
}
"""What comes with a requirement and is used with it alone."""


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level modules that a file imports as it runs, the branches for type checkers left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
        yield from imported(node)


def test_what_the_package_imports_it_also_requires():
    """Another package's requirement may go with its next version, and an extra's is not there without it."""
    files = Path(ttgbench.__file__).parent.rglob("*.py")
    found = {name for file in files for name in imported(ast.parse(file.read_text()))}
    foreign = found - sys.stdlib_module_names - {"ttgbench"} - {*EXTRAS, *WITH_OTHERS}
    core, known = distributions(PYPROJECT["dependencies"]), packages_distributions()
    undeclared = {name for name in foreign if not core & {canonicalize_name(d) for d in known.get(name, [])}}
    assert not undeclared


def test_every_extra_brings_what_it_is_said_to_bring():
    known = packages_distributions()
    for module, extra in EXTRAS.items():
        brought = distributions(PYPROJECT["optional-dependencies"][extra])
        assert brought & {module, *(canonicalize_name(name) for name in known.get(module, []))}, module
