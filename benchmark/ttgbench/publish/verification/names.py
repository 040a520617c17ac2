"""Every archived search run once more under other names, drawn for each: who remembers has nothing to remember by."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from ttgbench.errors import MissingGeneration
from ttgbench.problems.method import LoadedMethod
from ttgbench.publish.archive import Archive
from ttgbench.publish.archive.layout import CELLS
from ttgbench.publish.archive.record import Renamed
from ttgbench.publish.archive.rejection import Rejected
from ttgbench.publish.verification.replay import ProblemContexts, Progress
from ttgbench.run.isolation import IsolatedMethod, Naming
from ttgbench.run.run import run_cell
from ttgbench.run.session import Session
from ttgbench.util.text import counted

MIN_CELLS = 8
"""Fewer tell chance and memory not apart."""
MAX_T = 5.0
"""Standard errors that a mean loss may lie above zero: with 8 cells chance does so once in 1,300 archives, with 20 once
in 25,000 (Student's t, one-sided)."""
MAX_LOST = 0.05
"""Share of cells that may end without a graph under other names, though they had one before."""


def check_names(
    archive: Archive, method: LoadedMethod, session: Session, scratch: Path, progress: Progress, seed: int
) -> Renamed | None:
    """Runs every cell that ended with a graph again, under names of models, families, task, problem and questions that
    are drawn from `seed` for each. Where the suite answers all that is asked, the models stand in another order too: a
    search then takes another course and finds graphs that are as good on average, and a method that remembers graphs
    by such names finds worse ones, or none. Elsewhere their order stays, since only one course was recorded.

    None where nothing can be told: published graphs, methods that ask an agent (it knows the models by their names),
    and courses that lead beyond what was recorded. Raises Rejected (hard-coded).
    """
    search = method.search
    if not isinstance(search, IsolatedMethod) or method.metadata.needs_agent:
        return None
    contexts = ProblemContexts(archive, session)
    shuffled = archive.suite.simulated or archive.suite.recorded is not None
    losses: list[float] = []
    lost: list[str] = []
    for number, cell in enumerate(archive.cells):
        if cell.status not in ("finished", "exhausted") or cell.final is None:
            continue
        naming = Naming(int(np.random.default_rng([seed, number]).integers(1 << 62)), shuffled)
        other = replace(method, search=replace(search, naming=naming))
        place = f"{cell.problem} seed {cell.seed}"
        folder = scratch / cell.problem / str(cell.seed)
        try:
            again = run_cell(contexts.of(cell), other, cell.seed, folder)
        except MissingGeneration:
            progress(f"{place}: takes a course under other names that was not recorded")
            continue
        if again.status not in ("finished", "exhausted") or again.final is None:
            lost.append(f"{place}: under other names of the models it ends as {again.status} ({again.error})")
            continue
        losses.append(cell.final.value - again.final.value)
        progress(f"{place}: under other names {0 - losses[-1]:+.3f}")
    if len(lost) > MAX_LOST * (len(losses) + len(lost)):
        raise Rejected("hard-coded", lost[0], source=archive.path / CELLS)
    if not losses:
        return None
    loss = float(np.mean(losses))
    if _remembered(losses, archive.suite.margin):
        cells = counted(len(losses), "cell")
        message = f"under other names of the models its graphs are worse by {loss:.3f} on average ({cells})"
        raise Rejected("hard-coded", message, source=archive.path / CELLS)
    return Renamed(cells=len(losses), loss=round(loss, 6))


def _remembered(losses: list[float], margin: float) -> bool:
    """Whether the mean loss is beyond the margin, and beyond what chance gives."""
    if len(losses) < MIN_CELLS:
        return False
    error = float(np.std(losses, ddof=1)) / math.sqrt(len(losses))
    return float(np.mean(losses)) > max(margin, MAX_T * error)
