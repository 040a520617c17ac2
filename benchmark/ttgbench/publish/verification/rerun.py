"""Sampled cells run again. Live: a generation that comes out with the same text must have the same token counts, and a
test accuracy must lie within what chance allows. From the suite's own recording: every byte must be the same."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ttgbench.evaluate.store.generation import Generation, name_of
from ttgbench.evaluate.store.store import Store
from ttgbench.problems.method import LoadedMethod
from ttgbench.publish.archive import Archive
from ttgbench.publish.archive.layout import CELLS, STORE
from ttgbench.publish.archive.rejection import Rejected
from ttgbench.publish.verification.replay import ProblemContexts, Progress
from ttgbench.publish.verification.stores import same_rows
from ttgbench.run.results import CellResult
from ttgbench.run.run import run_cell
from ttgbench.run.session import Session
from ttgbench.util.text import counted

MAX_Z = 4.0
"""Standard errors between the two accuracies of a cell; chance exceeds them once in 16,000 cells."""


def sampled(archive: Archive, count: int) -> list[CellResult]:
    """`count` cells, drawn by the run id: nobody can choose which, and everybody draws the same."""
    rng = np.random.default_rng(int(archive.run_id, 16))
    chosen = rng.permutation(len(archive.cells))[:count]
    return [archive.cells[index] for index in sorted(chosen.tolist())]


def rerun(
    archive: Archive,
    count: int,
    method: LoadedMethod,
    session: Session,
    recorded: Path,
    scratch: Path,
    progress: Progress,
) -> int:
    """Runs sampled cells again with the engines of `session`, whose store was empty; how many.

    Raises Rejected (tokens-differ, rerun-differs), EngineError.
    """
    contexts = ProblemContexts(archive, session)
    cells = sampled(archive, count)
    for cell in cells:
        again = run_cell(contexts.of(cell), method, cell.seed, scratch / cell.problem / str(cell.seed))
        reason = _accuracies_differ(cell, again)
        if reason is not None:
            message = f"{cell.problem} seed {cell.seed}: {reason}"
            raise Rejected("rerun-differs", message, source=archive.path / CELLS)
        progress(f"{cell.problem} seed {cell.seed}: run again live, within chance")
    with Store(recorded, read_only=True) as before:
        same = _check_tokens(before, session.store, archive.path / STORE)
    progress(f"{counted(same, 'generation')} came out with the same text and the same token counts")
    return len(cells)


def _accuracies_differ(before: CellResult, after: CellResult) -> str | None:
    """Why two runs of one cell are not two draws of the same thing; None if they may be."""
    if before.final is None or after.final is None:
        same = before.final is None and after.final is None
        return None if same else f"archived as {before.status}, live it is {after.status}"
    one, other = (np.asarray(final.scores, dtype=np.float64).ravel() for final in (before.final, after.final))
    pooled = float(np.concatenate([one, other]).mean())
    error = math.sqrt(max(pooled * (1 - pooled), 1e-12) * (1 / one.size + 1 / other.size))
    if abs(one.mean() - other.mean()) > MAX_Z * error:
        return f"test accuracy {one.mean():.3f}, live it is {other.mean():.3f}"
    return None


def _check_tokens(recorded: Store, live: Store, source: Path) -> int:
    """Compares the counts of generations with the same text; how many there were. Raises Rejected."""
    same = 0
    for before, after in same_rows(recorded, live, lambda row: row.model is not None):
        if before.text != after.text:
            continue
        if _counts(before) != _counts(after):
            message = f"{name_of(before.id)}: archived with {_counts(before)} tokens in and out, live {_counts(after)}"
            raise Rejected("tokens-differ", message, source=source)
        same += 1
    return same


def _counts(row: Generation) -> tuple[int, int]:
    return row.tokens_in, row.tokens_out
