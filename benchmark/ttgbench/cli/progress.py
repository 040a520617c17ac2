"""Progress: generations as a bar in the terminal, quiet when nobody watches; runs as lines."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ttgbench.cli.common import err, log

if TYPE_CHECKING:
    from ttgbench.run.experiment import Cell
    from ttgbench.run.results import CellResult


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
        """`generations` more are needed, of which `recorded` are recorded already."""
        with self._lock:
            self._total += generations - recorded
            self._hits += recorded
            self._show()

    def done(self, generations: int, tokens_in: int, tokens_out: int, flops: int) -> None:
        """`generations` more were made."""
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


class CellReport:
    """A line for every run; of many runs, for every twentieth part and for those that did not end as they should."""

    FEW = 50

    def __init__(self, total: int) -> None:
        self._total, self._done, self._started = total, 0, time.monotonic()

    def __call__(self, cell: Cell, result: CellResult | str) -> None:
        """result: or why there is none."""
        self._done += 1
        named = f"{cell.spec.name}  {cell.method.name}  seed {cell.seed}: "
        if isinstance(result, str):
            log(f"{named}no result, {result}")
        elif self._total <= self.FEW or result.status not in ("finished", "exhausted"):
            score = "no graph" if result.final is None else f"test accuracy {result.final.accuracy:.3f}"
            error = "" if result.error is None or result.status == "exhausted" else f" ({result.error})"
            spend = f"spent {result.search.full_evaluations:.2f} full evaluations"
            log(f"{named}{result.status}{error}, {score}, {spend}")
        if self._total > self.FEW and self._done * 20 // self._total > (self._done - 1) * 20 // self._total:
            minutes = (time.monotonic() - self._started) / 60
            log(f"{self._done:,} of {self._total:,} runs, {minutes:.1f} minutes")
