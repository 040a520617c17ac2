"""Progress for scripts and notebooks: bars on stderr, or as a notebook shows them. The command line has its own."""

from __future__ import annotations

import threading
from types import TracebackType

from tqdm.auto import tqdm


class GenerationBar:
    """Satisfies `Progress`: generations made, of those that no store held."""

    def __init__(self, show: bool) -> None:
        self._lock = threading.Lock()
        self._bar = tqdm(total=0, unit=" generations", disable=not show)

    def __enter__(self) -> GenerationBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def planned(self, generations: int, recorded: int) -> None:
        """So many more are needed; so many of them are recorded already."""
        with self._lock:
            self._bar.total += generations - recorded
            self._bar.refresh()

    def done(self, generations: int, tokens_in: int, tokens_out: int, flops: int) -> None:
        """So many more were made."""
        with self._lock:
            self._bar.update(generations)
