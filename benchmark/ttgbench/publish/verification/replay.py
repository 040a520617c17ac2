"""Every archived cell run again from the recorded generations: logs and results must be the same bytes."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ttgbench.errors import MissingGeneration
from ttgbench.problems.method import LoadedMethod
from ttgbench.problems.suite import ProblemSpec
from ttgbench.publish.archive import Archive
from ttgbench.publish.archive.check import canonical
from ttgbench.publish.archive.layout import CELLS, LOGS
from ttgbench.publish.archive.rejection import Rejected
from ttgbench.run.context import ProblemContext
from ttgbench.run.results import LOG_NAME, CellResult
from ttgbench.run.run import LOG_PART, record_killed, run_cell
from ttgbench.run.session import Session
from ttgbench.util.lines import lines_of

Progress = Callable[[str], Any]
KILLED = ("timeout", "died")
"""Cells with these statuses were stopped at some moment that no seed decides."""


class ProblemContexts:
    """The contexts of an archive's suite, made when first needed, each checked against what the archive says of it."""

    def __init__(self, archive: Archive, session: Session) -> None:
        self._archive, self._session = archive, session
        self._made: dict[str, ProblemContext] = {}

    def of(self, cell: CellResult) -> ProblemContext:
        """Raises Rejected (task-mismatch)."""
        suite = self._archive.suite
        if suite.family is not None or suite.bank is not None:
            context = self._session.context(suite, self._spec(cell.problem), cell.seed)
            _check_task(cell, context, self._archive.path / CELLS)
            return context
        if cell.problem not in self._made:
            self._made[cell.problem] = context = self._session.context(suite, self._spec(cell.problem))
            for other in self._archive.cells:
                if other.problem == cell.problem:
                    _check_task(other, context, self._archive.path / CELLS)
        return self._made[cell.problem]

    def _spec(self, problem: str) -> ProblemSpec:
        return self._archive.suite.spec(problem)


def _check_task(cell: CellResult, context: ProblemContext, source: Path) -> None:
    said = (cell.task, cell.task_version, cell.grader)
    here = (context.card.name, context.card.version, context.card.grader)
    if said != here:
        message = f"{cell.problem} was run on {_named(*said)}; here it is {_named(*here)}"
        raise Rejected("task-mismatch", message, source=source, field="task")


def _named(task: str, version: int, grader: str) -> str:
    return f"{task[:80]}@{version} graded by {grader[:80]}"


def replay(archive: Archive, method: LoadedMethod, session: Session, scratch: Path, progress: Progress) -> int:
    """Runs every cell again; how many. Raises Rejected (replay-differs, store-lacks) naming cell and field."""
    contexts = ProblemContexts(archive, session)
    for cell, (_, _, events) in zip(archive.cells, archive.logs(), strict=True):
        place = f"{cell.problem} seed {cell.seed}"
        folder = scratch / cell.problem / str(cell.seed)
        said = [canonical(event).decode().removesuffix("\n") for event in events]
        context = contexts.of(cell)
        try:
            again = _killed(context, method, cell, said, folder) if cell.status in KILLED else None
            again = again or run_cell(context, method, cell.seed, folder)
        except MissingGeneration as error:
            _check_beginning(archive, place, said, folder)  # what it looked for may follow from an edited row
            raise Rejected("store-lacks", f"{place}: {error}", source=archive.path) from None
        lines = lines_of((folder / LOG_NAME).read_text("utf-8"))
        if said != lines:
            raise Rejected("replay-differs", f"{place}: {_log_difference(said, lines)}", source=archive.path / LOGS)
        if cell.to_json() != again.to_json():
            message = f"{place}: {_difference(cell.model_dump(mode='json'), again.model_dump(mode='json'))}"
            raise Rejected("replay-differs", message, source=archive.path / CELLS)
        shutil.rmtree(folder)
        progress(f"{place}: the same bytes")
    return len(archive.cells)


def _check_beginning(archive: Archive, place: str, said: list[str], folder: Path) -> None:
    """The log of a replay that broke off must be how the archived one begins. Raises Rejected (replay-differs)."""
    lines = lines_of((folder / LOG_PART).read_text("utf-8"))
    if lines != said[: len(lines)]:
        raise Rejected("replay-differs", f"{place}: {_log_difference(said, lines)}", source=archive.path / LOGS)


def _killed(
    context: ProblemContext, method: LoadedMethod, cell: CellResult, said: list[str], folder: Path
) -> CellResult | None:
    """A killed search again. Where it was stopped is no matter of its seed, what it did until then is: if the replay
    did the same, its result is that of the archived beginning; None otherwise, and the logs differ."""
    with contextlib.suppress(MissingGeneration):  # it may now go on to what was never generated
        run_cell(context, method, cell.seed, folder)
    log = folder / LOG_NAME if (folder / LOG_NAME).exists() else folder / LOG_PART
    lines = lines_of(log.read_text("utf-8"))
    if lines[: len(said) - 1] != said[:-1]:
        return None
    (folder / LOG_PART).write_text("".join(f"{line}\n" for line in said[:-1]), "utf-8")
    assert cell.status in ("timeout", "died")
    return record_killed(context, method.metadata, cell.seed, folder, cell.status, cell.error or "")


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
