"""What the package says of itself is said once, and its types travel with it."""

from pathlib import Path

import yaml

import ttgbench

ROOT = Path(__file__).parents[1]


def test_the_citation_names_this_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == ttgbench.__version__


def test_the_types_are_marked():
    assert (Path(ttgbench.__file__).parent / "py.typed").is_file()
