"""The leaderboard as a Space of the Hugging Face Hub: which files it needs, and one commit that puts them there."""

from __future__ import annotations

import email
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from ttgbench._version import __version__
from ttgbench.errors import HubError, InputError
from ttgbench.publish.hub import LOGIN, explained, retried
from ttgbench.util.plugins import bundled_folder

if TYPE_CHECKING:
    from huggingface_hub import HfApi

EXTRA = "leaderboard"
PAGE = ("app.py", "README.md", "requirements.txt")
"""Of the bundled folder `leaderboard/`."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of a push; changed: False where the Space held these files already."""

    url: str
    changed: bool


def space_files(board: Path, wheel: Path | None) -> dict[str, bytes]:
    """What the Space holds, by path: the page, the tables of `board`, and the wheel of the package.

    wheel: None where requirements.txt can name a release of a package registry. Else the file is brought along:
    app.py finds it beside itself, and requirements.txt lists what it depends on. Raises InputError.
    """
    site = bundled_folder("leaderboard")
    files = {name: (site / name).read_bytes() for name in PAGE}
    files |= {f"board/{path.name}": path.read_bytes() for path in sorted(board.iterdir()) if path.is_file()}
    if wheel is not None:
        files["requirements.txt"] = "".join(f"{line}\n" for line in _dependencies(wheel)).encode()
        files[wheel.name] = wheel.read_bytes()
    return files


def _dependencies(wheel: Path) -> list[str]:
    """What the page needs besides the package itself, as the wheel states it. Raises InputError."""
    try:
        name, version, *_ = parse_wheel_filename(wheel.name)
        if (name, str(version)) != ("ttgbench", __version__):
            raise InputError(f"must be the wheel of ttgbench {__version__}, as this is", source=wheel)
        with zipfile.ZipFile(wheel) as archive:
            metadata = email.message_from_bytes(archive.read(f"ttgbench-{version}.dist-info/METADATA"))
    except (InvalidWheelFilename, OSError, zipfile.BadZipFile, KeyError) as error:
        raise InputError(f"is no wheel of ttgbench: {error}", source=wheel) from None
    stated = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    needed = [each for each in stated if each.marker is None or each.marker.evaluate({"extra": EXTRA})]
    return sorted(str(each).partition(";")[0].strip() for each in needed)


def check_space(repo: str, token: str | None = None) -> None:
    """Whether there can be a Space of this name and a login that writes to it. Asks nobody. Raises HubError."""
    from huggingface_hub import get_token

    if repo.count("/") != 1:
        raise HubError(f"{repo[:100]!r} is no name of a Space; it must be owner/name")
    if token is None and get_token() is None:
        raise HubError(f"no login: {LOGIN}")


def push_space(
    repo: str,
    files: dict[str, bytes],
    *,
    token: str | None = None,
    private: bool = False,
    sleep: Callable[[float], Any] = time.sleep,
) -> Pushed:
    """Puts the files into the Space in one commit, and makes the Space if there is none; the same files change nothing.

    repo: "owner/name". Wheels and tables that are not among the files are removed, other files are left alone. Raises
    HubError, whose message says what to do.
    """
    from huggingface_hub import HfApi

    check_space(repo, token)
    api = HfApi(token=token, library_name="ttgbench")
    try:
        return retried(lambda: _attempt(api, repo, files, private), sleep)
    except Exception as error:
        raise explained(error, repo, "Space", "write to") from None


def _attempt(api: HfApi, repo: str, files: dict[str, bytes], private: bool) -> Pushed:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    if not api.repo_exists(repo, repo_type="space"):
        api.create_repo(repo, repo_type="space", space_sdk="gradio", private=private)
    info = api.space_info(repo)
    there = [sibling.rfilename for sibling in info.siblings or ()]
    stale = [path for path in there if path not in files and (path.endswith(".whl") or path.startswith("board/"))]
    # The tables are few and small, and belong to the page: a data set of their own is what it can be pointed at later.
    warnings.filterwarnings("ignore", "It seems that you are about to commit a data file", UserWarning)
    done = api.create_commit(
        repo,
        [
            *(CommitOperationAdd(path, content) for path, content in files.items()),
            *(CommitOperationDelete(path) for path in stale),
        ],
        commit_message=f"Show the board with ttgbench {__version__}",
        repo_type="space",
        parent_commit=info.sha,
    )
    return Pushed(f"{api.endpoint}/spaces/{repo}", changed=done.oid != info.sha)
