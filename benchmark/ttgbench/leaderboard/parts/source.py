"""Where the board comes from: a local folder or a Hub data set at one commit. The last good state is kept."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ttgbench.errors import TTGBenchError
from ttgbench.problems.suite import load_suite
from ttgbench.publish.archive import find_archives
from ttgbench.report.board import Board, build, read_board, write_board
from ttgbench.util.plugins import bundled_folder

SHIPPED = bundled_folder("leaderboard") / "board"
"""The board of the reference methods, made by `make board`."""
Fetch = Callable[[object], tuple[object, Board] | None]
"""Given the state that is shown, returns a newer state and its board, or None if there is none."""


class State(NamedTuple):
    """What there is to show; problem: why it is nothing, or not the newest; read: the day on which it was (UTC)."""

    board: Board | None = None
    problem: str | None = None
    version: object = None
    read: str = ""


class Source:
    """A board that is looked for again from time to time."""

    def __init__(self, fetch: Fetch, interval: float = 300) -> None:
        self._fetch, self._interval = fetch, interval
        self.state = State()
        self.refresh()

    @classmethod
    def from_environment(cls) -> Source:
        """Reads the TTGBENCH_ variables that README.md lists; without any of them, the board beside the code."""
        interval = refresh_seconds(300)
        if folder := os.environ.get("TTGBENCH_RESULTS_DIR"):
            return cls(local(Path(folder)), interval)
        if repo := os.environ.get("TTGBENCH_RESULTS_REPO"):
            return cls(hub(repo, os.environ.get("TTGBENCH_RESULTS_REVISION", "main")), interval)
        if (SHIPPED / "board.json").is_file():
            return cls(local(SHIPPED), 0)
        return cls(lambda _: None, 0)

    def refresh(self) -> None:
        """Looks for a newer state. One that cannot be read is reported and changes nothing else."""
        try:
            newer = self._fetch(self.state.version)
        except (TTGBenchError, OSError) as error:
            self.state = self.state._replace(problem=str(error))
            return
        if newer is not None:
            self.state = State(newer[1], None, newer[0], f"{datetime.now(UTC):%Y-%m-%d}")
        elif self.state.problem:
            self.state = self.state._replace(problem=None)

    def keep_fresh(self) -> None:
        """Refreshes in the background for as long as the process lives."""
        if self._interval > 0:
            threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._interval):
            self.refresh()


def refresh_seconds(default: float) -> float:
    """How often to look for something newer, as the environment says; 0: never."""
    return float(os.environ.get("TTGBENCH_REFRESH_SECONDS") or default)


def _scratch() -> Path:
    """A folder that is gone when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="ttgbench-board-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def local(folder: Path) -> Fetch:
    """A folder of archived results, built anew when a file changes, or a folder that `board build` has made."""
    kept = _scratch()

    def fetch(version: object) -> tuple[object, Board] | None:
        manifest = folder / "board.json"
        if manifest.is_file():
            now: object = manifest.stat().st_mtime_ns
            return None if now == version else (now, read_board(folder))
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        now = tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)
        if now == version:
            return None
        suites = [load_suite(path) for path in os.environ.get("TTGBENCH_SUITES", "").split(os.pathsep) if path]
        tables, facts = build(find_archives(folder, suites={s.label: s for s in suites}))
        target = Path(tempfile.mkdtemp(dir=kept))  # never over one that is being read
        write_board(target, tables, facts)
        return now, read_board(target)

    return fetch


def hub(repo: str, revision: str) -> Fetch:
    """The folder `board/` of a data set, at the commit that `revision` names now."""
    kept = _scratch()

    def fetch(version: object) -> tuple[object, Board] | None:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError

        try:
            sha = HfApi().dataset_info(repo, revision=revision).sha
            if sha == version:
                return None
            folder = snapshot_download(
                repo,
                repo_type="dataset",
                revision=sha,
                allow_patterns=["board/*"],
                local_dir=kept / str(sha),
            )
        except (HfHubHTTPError, ValueError) as error:
            raise OSError(f"{repo} at {revision} cannot be reached: {error}") from None
        return sha, read_board(Path(folder) / "board")

    return fetch
