"""Submission folders: made, packed to the same bytes, checked for everything that can be wrong."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml

from ttgbench.errors import InputError
from ttgbench.methods.conformance import Finding
from ttgbench.methods.submission import pack as packing
from ttgbench.methods.submission.check import check
from ttgbench.methods.submission.elsewhere import findings_elsewhere
from ttgbench.methods.submission.new import new
from ttgbench.methods.submission.pack import pack, unpack


def test_a_new_submission_has_the_name_of_its_folder(tmp_path):
    folder = new(tmp_path / "deep" / "my_search")
    assert yaml.safe_load((folder / "submission.yaml").read_text())["name"] == "my_search"
    with pytest.raises(InputError, match="is there already"):
        new(folder)


def test_the_same_folder_gives_the_same_bytes_whatever_its_times_and_caches(tmp_path):
    one, two = new(tmp_path / "a" / "mine"), new(tmp_path / "b" / "mine")
    for path in two.iterdir():
        os.utime(path, (0, 0))
        path.chmod(0o600)
    (two / "__pycache__").mkdir()
    (two / "__pycache__" / "method.pyc").write_bytes(b"cache")
    (two / ".git").mkdir()
    assert pack(one) == pack(two)
    (tmp_path / "out").mkdir()
    unpack(pack(two), tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        path.name: path.read_bytes() for path in one.iterdir() if path.is_file()
    }


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda folder: (folder / "link.py").symlink_to("/etc/passwd"), "is a link"),
        (lambda folder: (folder / "dir").symlink_to("/etc"), "is a link"),
        (lambda folder: os.mkfifo(folder / "pipe"), "is a link or no plain file"),
        (lambda folder: (folder / "big.bin").write_bytes(b"0" * (3 << 20)), "larger than 2 MiB"),
        (lambda folder: [(folder / f"{n}.bin").write_bytes(b"0" * (2 << 20)) for n in range(4)], "more than 6 MiB"),
        (lambda folder: [(folder / f"{n}.txt").touch() for n in range(201)], "more than 200 files"),
        (lambda folder: (folder / "a b.txt").touch(), "letters, digits"),
    ],
)
def test_what_has_no_place_in_a_submission_is_refused(tmp_path, spoil, text):
    folder = new(tmp_path / "mine")
    spoil(folder)
    with pytest.raises(InputError, match=text):
        pack(folder)


def test_an_unpacked_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    data = pack(new(tmp_path / "mine"))
    monkeypatch.setattr(packing, "MAX_FILES", 1)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="holds 2 files"):
        unpack(data, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([("../../escaped.py", b"")], "no name for a file"),
        ([("/etc/escaped", b"")], "no name for a file"),
        ([("a\\..\\escaped.py", b"")], "no name for a file"),
        ([("a/./escaped.py", b"")], "no name for a file"),
        ([("/".join("a" * 9), b"")], "no name for a file"),
        ([(link("method.py"), b"/etc/passwd")], "is no plain file"),
        ([("bomb.py", b"0" * (64 << 20))], "larger than 2 MiB"),
        ([(f"f{n}.py", b"0" * (1 << 20)) for n in range(9)], "more than 6 MiB in all"),
        ([(f"f{n}.py", b"") for n in range(300)], "holds 300 files"),
        ([("a", b""), ("a/b", b"")], "cannot be unpacked"),
        ([("submission.yaml", b""), ("submission.yaml", b"")], "twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_zip_files(tmp_path, entries, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries:
            packed.writestr(name, content)
    (tmp_path / "deep" / "out").mkdir(parents=True)
    with pytest.raises(InputError, match=text):
        unpack(buffer.getvalue(), tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("*escaped*"))


def faults(folder: Path, checks: Callable[[Path], Iterable[Finding]] = check) -> dict[str, str]:
    return {finding.check: finding.fault for finding in checks(folder) if finding.fault is not None}


def graphs(tmp_path: Path, **metadata: str) -> Path:
    folder = new(tmp_path / "mine", graphs=True)
    facts = yaml.safe_load((folder / "submission.yaml").read_text())
    (folder / "submission.yaml").write_text(yaml.safe_dump({**facts, **metadata}))
    return folder


def test_published_graphs_are_read_and_named(tmp_path):
    folder = graphs(tmp_path)
    assert faults(folder) == {}
    (folder / "graphs" / "bad name.json").write_text("{}")
    (folder / "graphs" / "none.json").write_text("[")
    found = faults(folder)
    assert found["graphs/bad name.json"] == "is not named after a problem"
    assert "not JSON" in found["graphs/none.json"]
    assert "letters, digits" in found["size, names and links"]


def test_the_licence_is_one_that_others_understand(tmp_path):
    assert "must be an SPDX expression" in faults(graphs(tmp_path, licence="all mine"))["licence"]


@pytest.mark.parametrize("metadata", [{"kind": "both"}, {"name": "../up"}, {"colour": "blue"}])
def test_metadata_that_is_none_ends_the_check(tmp_path, metadata):
    found = list(check(graphs(tmp_path, **metadata)))
    assert [finding.check for finding in found] == ["submission.yaml and method", "size, names and links"]
    assert found[0].fault is not None


def test_a_graph_method_returns_the_graph_of_its_problem(tmp_path):
    from ttgbench.problems.method import load_method

    folder = graphs(tmp_path)
    one = {"schema": 1, "nodes": [{"id": "z", "role": "assistant", "model": "other"}], "edges": []}
    (folder / "graphs" / "math-6u.json").write_text(json.dumps(one))
    method = load_method(str(folder)).search

    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

    assert method(Named("math-6u"), None).nodes[0].model == "other"
    assert method(Named("qa-6u"), None).nodes[0].model == "MODEL"
    (folder / "graphs" / "default.json").unlink()
    with pytest.raises(InputError, match=r"no graphs/qa-6u\.json"):
        method(Named("qa-6u"), None)


def test_a_method_that_uses_the_network_or_files_fails_the_dry_run(tmp_path, monkeypatch):
    from ttgbench.methods.submission import execute as checking

    folder = new(tmp_path / "mine")
    (folder / "method.py").write_text(
        "import socket\n\n\ndef search(problem, rng):\n    graph = problem.space.sample(rng)\n    try:\n"
        "        socket.socket().close()\n        problem.recommend(graph)\n    except OSError:\n        pass\n"
        "    return graph\n"
    )
    monkeypatch.setattr(checking, "check_each", lambda method: [])
    found = faults(folder, checking.code_findings)
    assert set(found) == {f"isolated, {name}: the same run" for name in checking.DRY_RUNS}
    assert "takes another course" in found["isolated, a small problem: the same run"]


def test_an_end_that_is_allowed_shows_no_traceback(tmp_path, monkeypatch, capfd):
    from ttgbench.methods.submission import execute as checking

    folder = new(tmp_path / "mine")
    (folder / "method.py").write_text(
        "def search(problem, rng):\n    while True:\n        graph = problem.space.sample(rng)\n"
        "        problem.recommend(graph)\n        problem.evaluate(graph)\n"
    )
    monkeypatch.setattr(checking, "check_each", lambda method: [])
    assert faults(folder, checking.code_findings) == {}
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("top", "body", "name", "text"),
    [
        ("import sys; sys.exit(0)", "return None", "can be imported", "SystemExit: 0"),
        ("import os; os._exit(0)", "return None", "lets its checks finish", "ended the process, with exit code 0"),
        ("import os", "os._exit(0)", "lets its checks finish", "ended the process, with exit code 0"),
    ],
)
def test_code_that_ends_its_process_is_a_fault(tmp_path, top, body, name, text):
    folder = new(tmp_path / "mine")
    (folder / "method.py").write_text(f"{top}\ndef search(problem, rng):\n    {body}\n")
    last = list(check(folder))[-1]
    assert last.check == name
    assert text in (last.fault or "")


FORGERY = """
import json, os, sys
os.write(int(sys.argv[2]), (json.dumps({forged}) + chr(10)).encode())
os._exit(0)
"""


@pytest.mark.parametrize("forged", ["done", ["", "done"], {"check": "all", "fault": None}])
def test_code_that_writes_findings_of_its_own_is_a_fault(tmp_path, forged):
    folder = new(tmp_path / "mine")
    (folder / "method.py").write_text(FORGERY.format(forged=repr(forged)))
    last = list(check(folder))[-1]
    assert (last.check, last.fault) == ("lets its checks finish", "its code wrote among the findings")


def test_findings_come_one_by_one_and_a_check_that_hangs_is_a_fault(write_method):
    method = write_method("import time\nproblem.recommend(problem.space.sample(rng))\nwhile True: time.sleep(1)")
    metadata = (method / "submission.yaml").read_text().replace("for tests", "Sleeps, so that its check is stopped.")
    (method / "submission.yaml").write_text(metadata + "deterministic: true\n")
    findings = list(findings_elsewhere(method, seconds=3.0))
    assert [finding.fault for finding in findings[:-1]] == [None] * (len(findings) - 1)
    assert findings[-1].check == "ends in time"
    assert "evaluations of graphs seen before are free" in str(findings[-1].fault)
