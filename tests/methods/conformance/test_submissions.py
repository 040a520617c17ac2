"""Every bundled search method passes the conformance suite that is shipped for everybody's."""

from __future__ import annotations

import re

import pytest

from ttgbench.methods.conformance import check_method, fingerprints_elsewhere
from ttgbench.methods.conformance.checks import fingerprint
from ttgbench.problems.method import load_method
from ttgbench.util.plugins import plugin_names

METHODS = plugin_names("submissions")


@pytest.mark.parametrize("name", METHODS)
def test_method_conforms(name):
    findings = check_method(load_method(name), other_process=False)
    assert [str(finding) for finding in findings if finding.fault] == []


def test_methods_run_the_same_in_another_process():
    """One process for all of them, with other string hashes."""
    deterministic = [method for name in METHODS if (method := load_method(name)).metadata.deterministic]
    elsewhere = fingerprints_elsewhere([method.name for method in deterministic])
    assert {method.name: fingerprint(method) for method in deterministic} == elsewhere


@pytest.mark.parametrize("name", METHODS)
def test_folder_is_documented(name):
    method = load_method(name)
    readme = (method.path / "README.md").read_text()
    assert readme.startswith(f"# {name}\n")
    assert method.metadata.paper is None or method.metadata.paper in readme
    assert method.metadata.departures or method.metadata.authors == ("folklore",)
    assert ("needs an agent" in readme) == method.metadata.needs_agent
    assert (method.path / "method.py").read_text().count("from ttgbench") >= 1
    assert not re.search(r"(?<!\bself)\._", (method.path / "method.py").read_text()), "only public names of others"
