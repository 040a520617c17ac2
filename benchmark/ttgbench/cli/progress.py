"""Progress of generations in the terminal; quiet when nobody watches."""

from __future__ import annotations

import threading
import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ttgbench.cli.common import err


class RichProgress:
    """Shows what evaluators report: generations done, per second, from the store, FLOPs spent, time left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: float | None = None
        self._total = self._done = self._hits = self._flops = 0
        self._bar = Progress(
            TextColumn("generations"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, facts="")

    def __enter__(self) -> RichProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def planned(self, generations: int, recorded: int) -> None:
        """So many more generations are needed; so many of them are recorded already."""
        with self._lock:
            self._total += generations - recorded
            self._hits += recorded
            self._show()

    def done(self, generations: int, tokens_in: int, tokens_out: int, flops: int) -> None:
        """So many more were made."""
        with self._lock:
            if self._started is None:
                self._started = time.monotonic()
            self._done += generations
            self._flops += flops
            self._show()

    def _show(self) -> None:
        elapsed = time.monotonic() - self._started if self._started is not None else 0.0
        rate = self._done / elapsed if elapsed > 0 else 0.0
        facts = f"{rate:.1f}/s  {self._hits} from the store  {self._flops / 1e12:.2f} TFLOP spent"
        self._bar.update(self._task, completed=self._done, total=self._total or None, facts=facts)
