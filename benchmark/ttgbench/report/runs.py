"""Reads a folder of results and checks that they can be compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ttgbench.errors import InputError
from ttgbench.problems.suite import Suite, load_suite, suite_names
from ttgbench.report.judge import Answered, MethodRuns, Run, Terms
from ttgbench.run.experiment import MANIFEST, read_manifest
from ttgbench.run.results import CellResult, TestScore, read_result, result_paths
from ttgbench.util.text import counted, first_sentence

if TYPE_CHECKING:
    from ttgbench.publish.archive import Archive

BASELINE = "single_model"
RANDOM = "random_search"


@dataclass(frozen=True)
class Runs:
    """Results of one suite. `suite` is None where its definition is not known."""

    results: tuple[CellResult, ...]
    suite: Suite | None = None

    @cached_property
    def problems(self) -> list[str]:
        """In the suite's order, else by name."""
        found = {result.problem for result in self.results}
        order = [spec.name for spec in self.suite.problems] if self.suite else []
        return [name for name in order if name in found] + sorted(found - set(order))

    @property
    def about(self) -> str:
        """What the suite says of itself first; empty where it is not known."""
        return first_sentence(self.suite.description) if self.suite else ""

    @property
    def of_instances(self) -> bool:
        """Whether every seed ran on an instance of its own, with questions of its own."""
        return self.suite is not None and self.suite.family is not None

    @property
    def of_bank(self) -> bool:
        """Whether a bank answers, of which every seed drew questions of its own."""
        return self.suite is not None and self.suite.bank is not None

    @property
    def ranked_problems(self) -> tuple[list[str], list[str]]:
        """Those that means over problems and ranks are about, and those that are too flat for it; see `Suite.flat`."""
        flat = [name for name in self.problems if self.suite and name in self.suite.flat]
        kept = [name for name in self.problems if name not in flat]
        return (kept, flat) if kept else (self.problems, [])

    @cached_property
    def methods(self) -> list[str]:
        """The baseline first, then by name."""
        return sorted({result.method.name for result in self.results}, key=lambda name: (name != BASELINE, name))

    @cached_property
    def _cells(self) -> dict[tuple[str, str], list[CellResult]]:
        cells: dict[tuple[str, str], list[CellResult]] = {}
        for result in sorted(self.results, key=lambda result: result.seed):
            cells.setdefault((result.problem, result.method.name), []).append(result)
        return cells

    def cells(self, problem: str, method: str) -> list[CellResult]:
        """Runs of a method on a problem, by seed; may be none."""
        return self._cells.get((problem, method), [])

    def draw(self, seed: int) -> int:
        """The draw of samples that a seed's search sees; its own where the suite is not known."""
        return self.suite.search_universe(seed) if self.suite else seed

    def reach(self, questions: bool = False) -> str:
        """What a verdict on two methods speaks of, in words. questions: whether others are meant, too."""
        on = "on other questions of these tasks" if questions else "on these test questions"
        if self.of_instances:
            on = "on other instances of these problems"
        if self.of_bank:
            on = "on other questions of these banks, in the universes that were searched"
        return f"other runs of these methods, {on}"

    def compared(self, method: str, name: str = "", questions: bool = False) -> MethodRuns:
        """What of a method's runs is compared; name: what it is called there; questions: with scores on each."""
        problems = {problem: self.cells(problem, method) for problem in self.problems}
        return MethodRuns(
            name or method,
            {
                problem: {cell.seed: _compared(cell, questions) for cell in cells}
                for problem, cells in problems.items()
                if cells
            },
        )

    def terms(self, margin: float | None = None, questions: bool = False) -> Terms:
        """How they are compared; margin: of practical equivalence, default the suite's; questions: whether others are
        meant, too, which of instances they always are: each seed has questions of its own."""
        tasks = {result.problem: result.task for result in self.results}
        return Terms(
            tasks={problem: tasks[problem] for problem in self.problems},
            margin=self.suite.margin if margin is None and self.suite else margin,
            draw=self.draw,
            flat=frozenset(self.ranked_problems[1]),
            scale=scale_of(spec.objective.kind for spec in self.suite.problems) if self.suite else "the objective",
            questions=questions and not self.of_instances,
        )


def _compared(cell: CellResult, questions: bool) -> Run | None:
    final = cell.final
    if final is None:
        return None
    return Run(final.value, final.key, _answered(cell, final) if questions else None)


def _answered(cell: CellResult, final: TestScore) -> Answered | None:
    scores: NDArray[np.float64] = np.mean(final.scores, axis=0)
    if not math.isclose(final.value, float(scores.mean()), abs_tol=1e-8):  # results round to ten digits
        return None
    return Answered(cell.question_ids, cell.clusters, scores)


def scale_of(objectives: Iterable[str]) -> str:
    """What values of these objectives are together."""
    return "accuracy" if set(objectives) == {"accuracy"} else "the objective"


def read_runs(folder: Path) -> Runs:
    """Every result below a folder that runs left there; where there is none, those of the archives below it.

    Raises InputError if there is neither, and naming the file that is broken, of another suite than the first, or a
    second result for the same run.
    """
    paths = list(result_paths(folder))
    if paths:
        results = _of_one_suite((path, read_result(path)) for path in paths)
        return Runs(results, _suite(folder, results[0]))
    archives = _archives(folder)
    if not archives:
        raise InputError("holds no result.json and no archive; make some with `ttgbench run`", source=folder)
    archived = _of_one_suite((archive.path, cell) for archive in archives for cell in archive.cells)
    return Runs(archived, archives[0].suite)


def _archives(folder: Path) -> list[Archive]:
    from ttgbench.publish.archive import read_archive
    from ttgbench.publish.archive.layout import CELLS

    return [read_archive(path.parent) for path in sorted(folder.rglob(CELLS))]


def _of_one_suite(found: Iterable[tuple[Path, CellResult]]) -> tuple[CellResult, ...]:
    """The results, each with the path that an error names."""
    results: list[CellResult] = []
    seen: dict[tuple[str, str, int], Path] = {}
    for path, result in found:
        if results and result.suite_hash != results[0].suite_hash:
            first = next(iter(seen.values()))
            raise InputError(
                f"is of another suite, or another version of it, than {first}; report them separately", source=path
            )
        place = (result.problem, result.method.name, result.seed)
        if place in seen:
            raise InputError(f"is a second result for the run of {seen[place]}", source=path)
        seen[place] = path
        results.append(result)
    return tuple(results)


def _suite(folder: Path, result: CellResult) -> Suite | None:
    """The definition: the run folder's own, else a shipped suite with the same hash."""
    if (folder / MANIFEST).is_file():
        suite = read_manifest(folder).suite
        return suite if suite.hash == result.suite_hash else None
    for name in (result.suite, f"{result.suite}-v{result.suite_version}"):
        if name in suite_names():
            suite = load_suite(name)
            if suite.hash == result.suite_hash:
                return suite
    return None


def question_scores(results: Sequence[CellResult]) -> tuple[NDArray[np.float64], tuple[str, ...] | None]:
    """Shape (questions, universes): the final graphs' scores, each run must have one; and a label per question, or None
    where the task has no groups.

    Averaged over runs that were asked the same questions. Where each was asked its own, theirs one after another; what
    is asked twice then has one label.
    """
    scores = [np.array(final.scores, dtype=np.float64) for final in finals(results)]
    first = results[0]
    if all(result.question_ids == first.question_ids for result in results):
        return np.mean(scores, axis=0).T, first.clusters or None
    labels = [label for result in results for label in result.clusters or result.question_ids]
    return np.concatenate(scores, axis=1).T, tuple(labels)


def without_graph(results: Sequence[CellResult], at: float = math.inf) -> str:
    """Why these runs have no score at a search spend, in words: some had no graph. Empty if all had one."""
    for missing, what in (
        (sum(result.final is None for result in results), "ended without a graph"),
        (sum(result.incumbent(at) is None for result in results), f"had no graph yet at {at:g}"),
    ):
        if missing:
            return f"{missing} of {counted(len(results), 'run')} {what}"
    return ""


def finals(results: Sequence[CellResult]) -> list[TestScore]:
    """Test scores of the runs that ended with a graph."""
    return [final for result in results if (final := result.final) is not None]
