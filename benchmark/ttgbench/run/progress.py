"""Progress for scripts and notebooks: bars on stderr, or as a notebook shows them. The command line has its own."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from tqdm.auto import tqdm

if TYPE_CHECKING:
    from ttgbench.run.experiment import Cell
    from ttgbench.run.results import CellResult


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
        """`generations` more are needed, of which `recorded` are recorded already."""
        with self._lock:
            self._bar.total += generations - recorded
            self._bar.refresh()

    def done(self, generations: int, tokens_in: int, tokens_out: int, flops: int) -> None:
        """`generations` more were made."""
        with self._lock:
            self._bar.update(generations)


class RunBar:
    """Told of every run: counts them, names the last one, and says which went wrong."""

    def __init__(self, total: int, show: bool) -> None:
        self.missing: list[str] = []
        """Runs that left no result, and why."""
        self._show = show
        self._bar = tqdm(total=total, unit=" runs", disable=not show)

    def __enter__(self) -> RunBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def __call__(self, cell: Cell, result: CellResult | str) -> None:
        """result: or why there is none."""
        name = f"{cell.method.name} on {cell.spec.name}, seed {cell.seed}"
        if isinstance(result, str):
            self.missing.append(f"{name}: no result, {result}")
            self._say(self.missing[-1])
        elif result.status not in ("finished", "exhausted"):
            self._say(f"{name}: {result.status}{'' if result.error is None else f', {result.error}'}")
        self._bar.set_postfix_str(name, refresh=False)
        self._bar.update()

    def _say(self, text: str) -> None:
        if self._show:
            line = "".join(character if character.isprintable() else " " for character in text)
            self._bar.write(line, file=sys.stderr)
