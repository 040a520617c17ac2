"""Submitting to a Hub that is slow, strict, busy, or changed by somebody else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ttgbench.errors import HubError
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import Archive, Rejection, Verification, find_archives, read_archive, write_archive
from ttgbench.publish.hub import ATTEMPTS, open_pull_request
from ttgbench.publish.verification import write_verification
from ttgbench.run.experiment import run_suite
from ttgbench.run.session import Session

REPO = "session/results"


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    folder = tmp_path_factory.mktemp("submit")
    problem = {"name": "math", "task": "micro_math", "pool": "embedded", "budget": "2 units"}
    problem |= {"search_questions": 2, "test_questions": 3}
    facts = {"schema": 1, "name": "tiny", "version": 1, "description": "for tests", "search_evaluations": 3, "seeds": 1}
    suite = Suite.model_validate({**facts, "problems": [problem]})
    with Session(folder / "run" / "store.sqlite", "echo") as session:
        run_suite(folder / "run", suite, ["single_model"], 1, session, "echo", lambda *_: None)
    return read_archive(write_archive(folder / "run", "single_model", folder / "results"), suites={"tiny-v1": suite})


def submit(archive: Archive, **options):
    """With the pauses written down and not made."""
    pauses: list[float] = []
    return open_pull_request(archive, REPO, sleep=pauses.append, **options), pauses


def test_a_pull_request_holds_the_archive_byte_for_byte(hub, archive, tmp_path):
    hub.create(REPO, {"README.md": b"results"})
    done, pauses = submit(archive)
    assert done.opened
    assert done.url.endswith("/datasets/session/results/discussions/1")
    assert pauses == []
    assert set(hub.files(REPO)) == {"README.md"}
    files = hub.files(REPO, "refs/pr/1")
    prefix = f"results/tiny-v1/single_model/{archive.run_id}/"
    assert {name for name in files if name != "README.md"} == {prefix + path.name for path in archive.path.iterdir()}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    [found] = find_archives(tmp_path / "results", suites={"tiny-v1": archive.suite})
    assert not isinstance(found, Rejection)
    assert found.cells == archive.cells


def test_a_badge_that_the_folder_holds_is_not_uploaded(hub, archive, tmp_path):
    hub.create(REPO)
    copied = shutil.copytree(archive.path, tmp_path / "results" / Path(*archive.path.parts[-3:]))
    claim = Verification(run_id=archive.run_id, badge="re-run", package_version="1", cells=1, grades=1, rerun=1)
    write_verification(copied, claim)
    claiming = read_archive(copied, suites={"tiny-v1": archive.suite})
    assert claiming.badge == "re-run"
    submit(claiming)
    uploaded = {Path(name).name for name in hub.files(REPO, "refs/pr/1") if name.startswith("results/")}
    assert uploaded == {path.name for path in archive.path.iterdir()}


def test_the_same_run_again_finds_its_pull_request(hub, archive):
    hub.create(REPO)
    first, _ = submit(archive)
    again, _ = submit(archive)
    assert (again.url, again.opened) == (first.url, False)
    assert len(hub.repos[REPO].pulls) == 1


def test_a_run_that_was_merged_is_not_submitted_again(hub, archive):
    hub.create(REPO)
    submit(archive)
    hub.put(REPO, hub.files(REPO, "refs/pr/1"))
    hub.repos[REPO].pulls.clear()
    with pytest.raises(HubError, match="has this run already"):
        submit(archive)


def test_a_race_is_tried_again_on_the_new_state(hub, archive):
    hub.create(REPO)
    hub.race(REPO, times=2)
    done, pauses = submit(archive)
    assert done.opened
    assert pauses == [1.0, 2.0]
    assert hub.repos[REPO].pulls[-1]["parent"] == hub.repos[REPO].refs["main"]


def test_races_without_end_are_given_up(hub, archive):
    hub.create(REPO)
    hub.race(REPO, times=ATTEMPTS)
    with pytest.raises(HubError, match=f"changed at each of {ATTEMPTS} attempts"):
        submit(archive)
    assert hub.repos[REPO].pulls == []


def test_server_errors_pass(hub, archive):
    hub.create(REPO)
    hub.fail("POST", "/commit/", 503, 500)
    done, pauses = submit(archive)
    assert done.opened
    assert len(pauses) == 2


def test_server_errors_that_stay_are_named(hub, archive):
    hub.create(REPO)
    hub.fail("POST", "/commit/", *[503] * ATTEMPTS)
    with pytest.raises(HubError, match=rf"failed {ATTEMPTS} times \(status 503\)"):
        submit(archive)


def test_who_may_not_submit_is_told_why(hub, archive):
    hub.create(REPO)
    with pytest.raises(HubError, match="does not know this login: log in with `hf auth login`"):
        submit(archive, token="hf_wrong")
    hub.repos[REPO].may_write = False
    with pytest.raises(HubError, match="needs a token that can write"):
        submit(archive)
    del hub.repos[REPO]
    with pytest.raises(HubError, match="there is no data set session/results"):
        submit(archive)


def test_without_a_login(hub, archive, monkeypatch):
    hub.create(REPO)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match="log in with `hf auth login`"):
        submit(archive)


def test_no_hub_at_all(archive, monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="cannot be reached"):
        submit(archive)


def test_a_name_that_is_none(hub, archive):
    with pytest.raises(HubError, match="it must be owner/name"):
        open_pull_request(archive, "a/b/c")


def test_a_large_file_goes_the_way_of_large_files(hub, archive):
    hub.create(REPO)
    submit(archive)
    uploaded = [line for line in hub.requests if line.startswith("PUT /lfs/")]
    assert len(uploaded) == len([path for path in Path(archive.path).iterdir() if path.suffix in (".parquet", ".zip")])
