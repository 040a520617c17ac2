"""A method on instances that nobody has seen: what its public figure is worth."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ttgbench.errors import InputError
from ttgbench.problems.family.record import InstanceFile
from ttgbench.problems.family.season import commitment, season_suite
from ttgbench.problems.method import LoadedMethod
from ttgbench.problems.suite import Suite
from ttgbench.publish.archive import Archive
from ttgbench.publish.archive.record import HeldOut
from ttgbench.publish.verification.replay import Progress
from ttgbench.run.isolation import IsolatedMethod, Naming
from ttgbench.run.results import CellResult
from ttgbench.run.run import run_cell
from ttgbench.run.session import Session

NO_GRAPH = -1.0
"""A run without a graph scores as low as any graph can: what held in public must hold here."""


def held_out(
    archive: Archive, method: LoadedMethod, held: InstanceFile, session: Session, scratch: Path, progress: Progress
) -> HeldOut:
    """Runs an archived method on every instance of a season, each under names of its own of models, task and problem.

    Its gap is the mean over strata of public less held-out normalised scores; the error counts instances, questions
    and searches of both. Raises InputError where the archive's suite has no
    family, and for fewer than two instances.
    """
    suite = season_suite(archive.suite, held)
    if min(suite.seeds, archive.record.seeds) < 2:
        message = "a gap's error needs at least two instances of each stratum, in the season and in the archive"
        raise InputError(message, source=archive.path, field="season")
    search = method.search
    public = _scores(archive.suite, archive.cells)
    private: dict[str, list[float]] = {}
    missing = 0
    for spec in suite.problems:
        cells = []
        for seed in range(suite.seeds):
            folder = scratch / spec.name / str(seed)
            if isinstance(search, IsolatedMethod):
                naming = Naming(int.from_bytes(hashlib.sha256(f"{held.salt}/{spec.name}/{seed}".encode()).digest()[:8]))
                method = replace(method, search=replace(search, naming=naming, quiet=True))
            cells.append(run_cell(session.context(suite, spec, seed), method, seed, folder))
            shutil.rmtree(folder)
        missing += sum(cell.final is None for cell in cells)
        private |= _scores(suite, cells)
        progress(f"{spec.name}: public {np.mean(public[spec.name]):.2f}, held out {np.mean(private[spec.name]):.2f}")
    gaps = [float(np.mean(public[name]) - np.mean(private[name])) for name in private]
    variance = sum(_variance(scores[name]) for scores in (public, private) for name in private)
    return HeldOut(
        season=commitment(held.salt),
        public=round(float(np.mean([np.mean(public[name]) for name in private])), 6),
        held_out=round(float(np.mean([np.mean(private[name]) for name in private])), 6),
        gap=round(float(np.mean(gaps)), 6),
        error=round(float(np.sqrt(variance)) / len(private), 6),
        runs=sum(map(len, private.values())),
        without_graph=missing,
    )


def _scores(suite: Suite, cells: Sequence[CellResult]) -> dict[str, list[float]]:
    """Normalised scores by problem, capped to [-1, 1]."""
    found: dict[str, list[float]] = {}
    for cell in cells:
        anchor = suite.anchor(cell.problem, cell.seed)
        assert anchor is not None
        score = NO_GRAPH if cell.final is None else anchor.normalised(cell.final.value)
        found.setdefault(cell.problem, []).append(min(max(score, -1.0), 1.0))
    return found


def _variance(scores: list[float]) -> float:
    """Of their mean."""
    return float(np.var(scores, ddof=1) / len(scores))
