"""Every archived cell run again from the recorded generations: logs and results must be the same bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ttgbench.archive import Archive
from ttgbench.archive.record import CELLS, LOGS
from ttgbench.archive.rejection import Rejected
from ttgbench.errors import MissingGeneration
from ttgbench.method import LoadedMethod
from ttgbench.results import LOG_NAME, RESULT_NAME, CellResult
from ttgbench.run import Arena, run_cell
from ttgbench.suite import ProblemSpec
from ttgbench.workbench import Workbench

Progress = Callable[[str], Any]


class Arenas:
    """The arenas of an archive's suite, made when first needed, each checked against what the archive says of it."""

    def __init__(self, archive: Archive, bench: Workbench) -> None:
        self._archive, self._bench = archive, bench
        self._made: dict[str, Arena] = {}

    def __getitem__(self, problem: str) -> Arena:
        """Raises Rejected (task-mismatch)."""
        if problem not in self._made:
            self._made[problem] = arena = self._bench.arena(self._archive.suite, self._spec(problem))
            for cell in self._archive.cells:
                if cell.problem == problem:
                    _check_task(cell, arena, self._archive.path / CELLS)
        return self._made[problem]

    def _spec(self, problem: str) -> ProblemSpec:
        return next(spec for spec in self._archive.suite.problems if spec.name == problem)


def _check_task(cell: CellResult, arena: Arena, source: Path) -> None:
    said = (cell.task, cell.task_version, cell.grader)
    here = (arena.card.name, arena.card.version, arena.card.grader)
    if said != here:
        message = f"{cell.problem} was run on {_named(*said)}; here it is {_named(*here)}"
        raise Rejected("task-mismatch", message, source=source, field="task")


def _named(task: str, version: int, grader: str) -> str:
    return f"{task[:80]}@{version} graded by {grader[:80]}"


def replay(archive: Archive, method: LoadedMethod, bench: Workbench, scratch: Path, progress: Progress) -> int:
    """Runs every cell again; how many. Raises Rejected (replay-differs, store-lacks) naming cell and field."""
    arenas = Arenas(archive, bench)
    for cell, (_, _, events) in zip(archive.cells, archive.logs(), strict=True):
        folder = scratch / cell.problem / str(cell.seed)
        place = f"{cell.problem} seed {cell.seed}"
        try:
            again = run_cell(arenas[cell.problem], method, cell.seed, folder)
        except MissingGeneration as error:
            raise Rejected("store-lacks", f"{place}: {error}", source=archive.path) from None
        said = [json.dumps(event, ensure_ascii=False, separators=(",", ":")) for event in events]
        lines = (folder / LOG_NAME).read_text("utf-8").splitlines()
        if said != lines:
            raise Rejected("replay-differs", f"{place}: {_log_difference(said, lines)}", source=archive.path / LOGS)
        if cell.to_json() != (folder / RESULT_NAME).read_text("utf-8"):
            message = f"{place}: {_difference(cell.model_dump(mode='json'), again.model_dump(mode='json'))}"
            raise Rejected("replay-differs", message, source=archive.path / CELLS)
        shutil.rmtree(folder)
        progress(f"{place}: the same bytes")
    return len(archive.cells)


def _log_difference(said: list[str], lines: list[str]) -> str:
    for number, (before, after) in enumerate(zip(said, lines, strict=False), 1):
        if before != after:
            return f"event {number}: {_difference(json.loads(before), json.loads(after))}"
    return f"the log has {len(said)} events, its replay {len(lines)}"


def _difference(before: Any, after: Any, place: str = "") -> str:
    """The first field in which two JSON values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            if key not in before or key not in after:
                return f"{place}{key} is only in {'the archive' if key in before else 'the replay'}"
            if before[key] != after[key]:
                return _difference(before[key], after[key], f"{place}{key}.")
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            if one != other:
                return _difference(one, other, f"{place}{number}.")
    return f"{place.rstrip('.') or 'it'} is {str(before)[:80]}, replayed it is {str(after)[:80]}"
