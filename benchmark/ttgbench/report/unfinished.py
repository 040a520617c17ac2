"""A run folder that is still being filled: how many runs are finished, and what those had found by when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttgbench.errors import InputError
from ttgbench.problems.suite import Suite
from ttgbench.report.board.anytime import held, spend_grid
from ttgbench.report.scores import scores_of
from ttgbench.run.experiment import method_name, read_manifest
from ttgbench.run.results import RESULT_NAME, CellResult, read_result
from ttgbench.run.run import cell_folder


@dataclass(frozen=True)
class Progress:
    """How far an experiment is."""

    suite: Suite
    problems: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: int
    """Runs of each method on each problem."""
    finished: Mapping[tuple[str, str], int]
    """Of these, by problem and method."""
    newest: float
    """When the last run was finished, seconds since the epoch; 0 where none is."""

    @property
    def done(self) -> int:
        """Finished runs."""
        return sum(self.finished.values())

    @property
    def total(self) -> int:
        """Runs that there will be."""
        return len(self.problems) * len(self.methods) * self.seeds

    @property
    def begun(self) -> list[str]:
        """Problems on which some run is finished, in the suite's order."""
        known = {problem for problem, _ in self.finished}
        return [name for name in self.problems if name in known]


class RunFolder:
    """Looks at a run folder again and again; a result is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[int, CellResult]] = {}

    def progress(self) -> Progress:
        """From the names of files alone. Raises InputError where the folder is no run folder any more."""
        manifest = read_manifest(self._folder)
        listed = [method_name(entry) or Path(entry).name for entry in manifest.methods]
        problems = manifest.problems or tuple(spec.name for spec in manifest.suite.problems)
        seeds = {cell_folder(self._folder, "", "", seed).name for seed in range(manifest.seeds)}
        finished: Counter[tuple[str, str]] = Counter()
        newest = 0.0
        for path in self._results("*"):
            problem, method, seed = path.parts[-4:-1]
            if problem in problems and seed in seeds:
                finished[problem, method] += 1
                newest = max(newest, path.stat().st_mtime)
        found = sorted({method for _, method in finished} - set(listed))
        return Progress(manifest.suite, problems, (*listed, *found), manifest.seeds, dict(finished), newest)

    def curves(self, progress: Progress, problem: str) -> list[dict[str, Any]]:
        """Of each method with finished runs on this problem: `method`, `runs`, and the curve as a row of the board's
        `anytime` has it: `spend`, `value`, `low`, `high`. Raises InputError for a result that cannot be read."""
        grid, rows = spend_grid(progress.suite), []
        for method in progress.methods:
            cells = sorted((self._result(path) for path in self._results(problem, method)), key=lambda cell: cell.seed)
            foreign = [cell for cell in cells if cell.suite_hash != progress.suite.hash]
            if foreign:
                message = f"{method} on {problem}, seed {foreign[0].seed} is of another version of the suite"
                raise InputError(message, source=self._folder)
            if cells:
                scores = scores_of(method, progress.suite, [problem], [cells])
                curve = {name: None if one is None else [*map(float, one)] for name, one in held(scores, grid).items()}
                rows.append({"method": method, "runs": len(cells), **curve})
        return rows

    def _results(self, problem: str, method: str = "*") -> list[Path]:
        return sorted(self._folder.glob(f"{problem}/{method}/*/{RESULT_NAME}"))

    def _result(self, path: Path) -> CellResult:
        now = path.stat().st_mtime_ns
        known = self._read.get(path)
        if known is None or known[0] != now:
            known = self._read[path] = now, read_result(path)
        return known[1]


def is_run_folder(folder: Path) -> bool:
    """Whether `ttgbench run` has made it."""
    try:
        read_manifest(folder)
    except InputError:
        return False
    return True
