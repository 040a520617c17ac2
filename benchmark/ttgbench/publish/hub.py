"""Archived runs on a results data set of the Hugging Face Hub: opening a pull request with one.

The Hub is where `HF_ENDPOINT` says, the login is huggingface_hub's own (`hf auth login` or `HF_TOKEN`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ttgbench.errors import HubError
from ttgbench.publish.archive import Archive
from ttgbench.publish.archive.layout import RUN
from ttgbench.util.text import counted

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

RESULTS_FOLDER = "results"
"""Folder of the data set that holds the archives."""
ATTEMPTS = 5
"""How often a commit is tried: after a server error, and when somebody else's commit came first."""
LOGIN = "log in with `hf auth login`, or set HF_TOKEN"
_PAUSE = 1.0  # seconds before the second attempt; doubles
_BUSY = (408, 429, 500, 502, 503, 504)
_RACE = 412

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What came of a submission."""

    url: str
    opened: bool
    """False: the same run had been submitted before, and this is its pull request."""


def title_of(archive: Archive) -> str:
    """Title of the pull request; the run id makes it unique."""
    record = archive.record
    return f"Add {record.method.name} on {record.suite.label} (run {record.run_id})"


def open_pull_request(
    archive: Archive, repo: str, *, token: str | None = None, sleep: Callable[[float], Any] = time.sleep
) -> PullRequest:
    """Opens a pull request that adds the archive to a results data set; finds it if it is open already.

    repo: "owner/name". Tries again after server errors and races, `ATTEMPTS` times in all; each time on the newest
    state. Raises HubError, whose message says what to do.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token, library_name="ttgbench")
    try:
        return retried(lambda: _attempt(api, archive, repo), sleep)
    except Exception as error:
        raise explained(error, repo, "data set", "open pull requests on") from None


def _attempt(api: HfApi, archive: Archive, repo: str) -> PullRequest:
    from huggingface_hub import CommitOperationAdd

    title = title_of(archive)
    head = api.repo_info(repo, repo_type="dataset").sha
    for discussion in api.get_repo_discussions(repo, repo_type="dataset", discussion_type="pull_request"):
        if discussion.title == title and discussion.status in ("open", "draft"):
            return PullRequest(discussion.url, opened=False)
    folder = f"{RESULTS_FOLDER}/{archive.record.suite.label}/{archive.record.method.name}/{archive.run_id}"
    if api.file_exists(repo, f"{folder}/run.json", repo_type="dataset", revision=head):
        raise HubError(f"{repo} has this run already: {folder}")
    # What the record lists, never a verification.json beside it: badges are the maintainers' to give.
    files = [archive.path / RUN, *(archive.path / name for name in archive.record.names)]
    done = api.create_commit(
        repo,
        [CommitOperationAdd(f"{folder}/{path.name}", str(path)) for path in files],
        commit_message=title,
        commit_description=_description(archive),
        repo_type="dataset",
        create_pr=True,
        parent_commit=head,
    )
    assert done.pr_url is not None
    return PullRequest(done.pr_url, opened=True)


def _description(archive: Archive) -> str:
    """Plain facts only: what the method says about itself stays in its file."""
    record = archive.record
    return (
        f"suite {record.suite.label} ({record.suite.hash[:12]}), {counted(len(archive.cells), 'cell')}, "
        f"{counted(record.seeds, 'seed')}, "
        f"ttgbench {record.package_version}\n\nCheck it with `ttgbench verify`."
    )


def retried(attempt: Callable[[], _Result], sleep: Callable[[float], Any]) -> _Result:
    """Tries again where trying again can help. Raises what the last attempt raised."""
    from huggingface_hub.errors import HfHubHTTPError

    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except HfHubHTTPError as error:
            if number == ATTEMPTS or _status(error) not in (*_BUSY, _RACE):
                raise
            sleep(_PAUSE * 2 ** (number - 1))
    raise AssertionError


def _status(error: HfHubHTTPError) -> int:
    return error.response.status_code if error.response is not None else 0


def explained(error: Exception, repo: str, kind: str, deed: str) -> HubError:
    """What went wrong and what to do, in one sentence; kind: "data set" or "Space", deed: what was tried on it."""
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalTokenNotFoundError,
        RepositoryNotFoundError,
    )

    if isinstance(error, HubError):
        return error
    if isinstance(error, LocalTokenNotFoundError):
        return HubError(f"no login: {LOGIN}")
    if isinstance(error, HFValidationError):
        return HubError(f"{repo[:100]!r} is no name of a {kind}; it must be owner/name")
    if isinstance(error, HfHubHTTPError):
        status = _status(error)
        message = {
            401: f"the Hub does not know this login: {LOGIN}",
            403: f"this login may not {deed} {repo}: it needs a token that can write",
            _RACE: f"{repo} changed at each of {ATTEMPTS} attempts; try again",
        }.get(status)
        if message is None and status in _BUSY:
            message = f"the Hub failed {ATTEMPTS} times (status {status}); try again later, nothing was changed"
        if isinstance(error, RepositoryNotFoundError):
            message = f"there is no {kind} {repo} that this login may see; {LOGIN}"
        return HubError(message or f"the Hub refused (status {status}): {str(error.server_message or error)[:300]}")
    return HubError(f"the Hub cannot be reached: {type(error).__name__}: {str(error)[:300]}")
