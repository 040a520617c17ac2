"""Progress: what runs now, how long it has run and what is left; live lines in a terminal, a line a minute in a log."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.live import Live
from rich.text import Text

from ttgbench.cli.common import err, log
from ttgbench.util.text import counted

if TYPE_CHECKING:
    from ttgbench.run.experiment import Cell
    from ttgbench.run.results import CellResult

LINE_EVERY = 60.0
"""Seconds between two lines where nobody watches."""
LOOK_EVERY = 2.0
"""Seconds between two looks at which runs have begun."""
SHOWN = 6
"""Runs that are listed while they are under way."""
_SPENT, _LIMIT = re.compile(rb'"spent":(\d+)'), re.compile(rb'"limit":(\d+)')
_TAIL = 1 << 16  # bytes of a log in which its last event lies

Clock = Callable[[], float]


class RichProgress:
    """Shows what evaluators report (generations, tokens, FLOPs, what the store held) and, if given, the runs."""

    def __init__(self, runs: Runs | None = None, clock: Clock = time.monotonic) -> None:
        self._runs, self._clock = runs, clock
        self._lock = threading.Lock()
        self._started: float | None = None
        self._total = self._done = self._hits = self._tokens = self._flops = 0
        self._end = threading.Event()
        self._shown: Live | threading.Thread = (
            Live(get_renderable=self._renderable, console=err, transient=True, refresh_per_second=2)
            if err.is_terminal
            else threading.Thread(target=self._report, name="ttgbench-progress", daemon=True)
        )

    def __enter__(self) -> RichProgress:
        self._shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if isinstance(self._shown, Live):
            self._shown.stop()
        else:
            self._shown.join()

    def planned(self, generations: int, recorded: int) -> None:
        """`generations` more are needed, of which `recorded` are recorded already."""
        with self._lock:
            self._total += generations - recorded
            self._hits += recorded

    def done(self, generations: int, tokens_in: int, tokens_out: int, flops: int) -> None:
        """`generations` more were made."""
        with self._lock:
            if self._started is None:
                self._started = self._clock()
            self._done += generations
            self._tokens += tokens_in + tokens_out
            self._flops += flops

    def lines(self) -> list[str]:
        """What there is to say now."""
        runs = self._runs.lines() if self._runs is not None else []
        return [*runs[:1], *self._generations(), *runs[1:]]

    def _generations(self) -> list[str]:
        with self._lock:
            if not self._total and not self._hits:
                return []
            elapsed = self._clock() - self._started if self._started is not None else 0.0
            said = f"{self._done:,} of {counted(self._total, 'generation')}, {self._hits:,} more from the store"
            if elapsed > 0:
                said += f", {self._tokens / elapsed:,.0f} tokens/s, {self._flops / 1e12:.2f} TFLOP spent"
            if elapsed > 0 and self._done and self._runs is None:
                said += f", about {duration(elapsed * (self._total - self._done) / self._done)} left"
        return [said]

    def _renderable(self) -> Text:
        return Text("\n".join(self.lines()), overflow="ellipsis", no_wrap=True)

    def _report(self) -> None:
        told = self._clock()
        while not self._end.wait(LOOK_EVERY):
            if self._runs is not None:
                self._runs.look()
            if self._clock() - told >= LINE_EVERY:
                told = self._clock()
                if said := self.lines():
                    log("; ".join(said))


class Running(NamedTuple):
    """A run that is under way, as its folder shows it."""

    problem: str
    method: str
    seed: str
    seconds: float
    spent: float | None
    """Share of its search budget."""

    def __str__(self) -> str:
        spent = "" if self.spent is None else f", {self.spent:.0%} of its budget spent"
        return f"{self.method} on {self.problem}, {self.seed.replace('-', ' ')}: {duration(self.seconds)}{spent}"


class Runs:
    """The runs of an experiment, of which `total` are wanted; what is under way is read from their logs in `folder`.

    Called with each run that has ended, it logs a line; of many runs one for every twentieth part, and for those that
    did not end as they should.
    """

    FEW = 50

    def __init__(self, folder: Path, total: int, methods: int = 1, clock: Clock = time.monotonic) -> None:
        self._folder, self._total, self._each, self._clock = folder, total, total // max(1, methods), clock
        self._done, self._started, self._since = 0, clock(), time.time()
        self._seen: dict[Path, float] = {}
        self._ended: dict[str, int] = defaultdict(int)
        self._took: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()
        self._looked = -LOOK_EVERY
        self._side_by_side = 1

    def __call__(self, cell: Cell, result: CellResult | str) -> None:
        """result: or why there is none."""
        with self._lock:
            self._done += 1
            self._ended[cell.method.name] += 1
            begun = self._seen.pop(cell.job(self._folder).folder, None)
            if begun is not None:
                self._took[cell.method.name].append(self._clock() - begun)
        named = f"{cell.spec.name}  {cell.method.name}  seed {cell.seed}: "
        if isinstance(result, str):
            log(f"{named}no result, {result}")
        elif self._total <= self.FEW or result.status not in ("finished", "exhausted"):
            score = "no graph" if result.final is None else f"test accuracy {result.final.accuracy:.3f}"
            error = "" if result.error is None or result.status == "exhausted" else f" ({result.error})"
            spend = f"spent {result.search.full_evaluations:.2f} full evaluations"
            log(f"{named}{result.status}{error}, {score}, {spend}")
        if self._total > self.FEW and self._done * 20 // self._total > (self._done - 1) * 20 // self._total:
            log(self.lines()[0])

    def look(self) -> None:
        """Which runs have begun: their logs have a part file, which one of an earlier, killed command has as well."""
        from ttgbench.run.run import LOG_PART

        with self._lock:
            if self._clock() - self._looked < LOOK_EVERY:
                return
            self._looked = self._clock()
            now = {part.parent for part in self._folder.glob(f"*/*/*/{LOG_PART}") if _changed(part) >= self._since}
            self._seen = {folder: self._seen.get(folder, self._looked) for folder in now}
            self._side_by_side = max(self._side_by_side, len(now))

    def lines(self) -> list[str]:
        """How far it is, then what runs."""
        self.look()
        with self._lock:
            running = [_running(folder, self._clock() - begun) for folder, begun in self._seen.items()]
            said = f"{self._done:,} of {counted(self._total, 'run')}, {duration(self._clock() - self._started)} so far"
            if (left := self._left()) is not None:
                said += f", about {duration(left)} left"
        more = [f"and {len(running) - SHOWN} more"] if len(running) > SHOWN else []
        return [said, *map(str, sorted(running, key=lambda run: -run.seconds)[:SHOWN]), *more]

    def _left(self) -> float | None:
        """Seconds, from the runs that ended: of the same method, where there are any."""
        every = [seconds for took in self._took.values() for seconds in took]
        if not every or self._done >= self._total:
            return None
        usual = sum(every) / len(every)
        seconds, others = 0.0, self._total - self._done
        for method, ended in self._ended.items():
            took, left = self._took[method], max(0, self._each - ended)
            seconds += left * (sum(took) / len(took) if took else usual)
            others -= left
        return (seconds + max(0, others) * usual) / self._side_by_side


def _changed(path: Path) -> float:
    """When; never, where it is gone by now."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _running(folder: Path, seconds: float) -> Running:
    from ttgbench.run.run import LOG_PART

    spent = None
    try:
        with (folder / LOG_PART).open("rb") as stream:
            limit = _LIMIT.search(stream.read(_TAIL))
            stream.seek(max(0, stream.seek(0, 2) - _TAIL))
            told = _SPENT.findall(stream.read(_TAIL))
        if limit is not None and told and int(limit[1]):
            spent = int(told[-1]) / int(limit[1])
    except OSError:
        pass  # it has just ended
    return Running(folder.parent.parent.name, folder.parent.name, folder.name, seconds, spent)


def duration(seconds: float) -> str:
    """ "12 s", "3 min", "2 h 05 min"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
