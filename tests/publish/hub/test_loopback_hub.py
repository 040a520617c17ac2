"""The loopback Hub itself, driven by the real client: what the tests of submitting and of the board stand on."""

from __future__ import annotations

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError


@pytest.fixture
def api(hub) -> HfApi:
    return HfApi(endpoint=hub.url, token=hub.token)


def add(path: str, content: bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)


def test_a_commit_of_plain_and_large_files_and_its_snapshot(hub, api, tmp_path):
    first = hub.create("session/results", {"old.txt": b"old"})
    assert api.whoami()["name"] == hub.user
    done = api.create_commit(
        "session/results",
        [add("a/run.json", b"{}"), add("a/store.parquet", b"PAR1" * 1000), CommitOperationDelete("old.txt")],
        commit_message="add",
        repo_type="dataset",
        parent_commit=first,
    )
    assert hub.files("session/results") == {"a/run.json": b"{}", "a/store.parquet": b"PAR1" * 1000}
    assert api.repo_info("session/results", repo_type="dataset").sha == done.oid
    folder = snapshot_download(
        "session/results", repo_type="dataset", endpoint=hub.url, revision=done.oid, local_dir=tmp_path / "snapshot"
    )
    assert (tmp_path / "snapshot" / "a" / "store.parquet").read_bytes() == b"PAR1" * 1000
    assert folder == str(tmp_path / "snapshot")
    before = snapshot_download("session/results", repo_type="dataset", endpoint=hub.url, revision=first)
    assert (
        hf_hub_download("session/results", "old.txt", repo_type="dataset", endpoint=hub.url, revision=first)
        == before + "/old.txt"
    )


def test_a_pull_request_leaves_main_alone(hub, api):
    hub.create("session/results")
    done = api.create_commit(
        "session/results", [add("b", b"1")], commit_message="add b", repo_type="dataset", create_pr=True
    )
    assert done.pr_revision == "refs/pr/1"
    assert "b" in hub.files("session/results", "refs/pr/1")
    assert "b" not in hub.files("session/results")
    [pull] = api.get_repo_discussions("session/results", repo_type="dataset")
    assert (pull.title, pull.is_pull_request) == ("add b", True)


def test_a_race_is_a_412_once(hub, api):
    sha = hub.create("session/results")
    hub.race("session/results")

    def commit(parent: str) -> str:
        return api.create_commit(
            "session/results", [add("c", b"1")], commit_message="c", repo_type="dataset", parent_commit=parent
        ).oid

    with pytest.raises(HfHubHTTPError) as refused:
        commit(sha)
    assert refused.value.response.status_code == 412
    commit(api.repo_info("session/results", repo_type="dataset").sha)
    assert {"c", "other-0-0.txt"} <= set(hub.files("session/results"))


def test_trouble_to_order(hub, api):
    hub.create("session/results")
    hub.fail("GET", "/api/datasets/", 500)
    with pytest.raises(HfHubHTTPError) as refused:
        api.repo_info("session/results", repo_type="dataset")
    assert refused.value.response.status_code == 500
    assert api.repo_info("session/results", repo_type="dataset").sha


def test_who_may_not(hub, api):
    hub.create("session/secret", private=True)
    with pytest.raises(RepositoryNotFoundError):
        HfApi(endpoint=hub.url, token=False).repo_info("session/secret", repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.repo_info("session/nothing", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        api.repo_info("session/secret", repo_type="dataset", revision="nowhere")
    with pytest.raises(HfHubHTTPError) as refused:
        HfApi(endpoint=hub.url, token="hf_wrong").whoami()
    assert refused.value.response.status_code == 401
    hub.repos["session/secret"].may_write = False
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_commit("session/secret", [add("c", b"1")], commit_message="c", repo_type="dataset")
    assert refused.value.response.status_code == 403
