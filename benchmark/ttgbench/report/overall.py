"""Many problems and seeds at once: who is better, by how much, and how far that reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ttgbench.report.grid import Grid
from ttgbench.report.runs import BASELINE, RANDOM
from ttgbench.report.table import Column, Table, Value
from ttgbench.stats import (
    MIN_TASKS,
    Band,
    CriticalDifference,
    Interval,
    compare_methods,
    correlated_t_rope,
    critical_difference,
    interquartile_mean,
    performance_profile,
    probability_of_improvement,
    rank_intervals,
    signed_rank_rope,
    stratified_bootstrap,
    task_means,
)
from ttgbench.stats.runs import too_few

RESAMPLES = 2000
THRESHOLDS = np.linspace(-0.5, 1.0, 61)


def readout_name(at: float) -> str:
    """A heading for a read-out."""
    return "at the end" if np.isinf(at) else f"at {at:g}"


def summary_table(grid: Grid) -> Table:
    """Per method: interquartile mean at each read-out, mean, rank interval, chance to beat the two references."""
    iqm = [_interquartile_means(scores) for scores in grid.scores]
    ranks = rank_intervals(grid.final, _rng())
    references = [name for name in (RANDOM, BASELINE) if name in grid.methods]
    better = {name: _improvement(grid, grid.methods.index(name)) for name in references}
    rows: list[tuple[Value, ...]] = []
    for i in np.argsort(-ranks.means, kind="stable"):
        name = grid.methods[i]
        rows.append(
            (
                name,
                *(means[i] for means in iqm),
                float(ranks.means[i]),
                f"{ranks.best[i]} to {ranks.worst[i]}" if ranks.best[i] < ranks.worst[i] else str(ranks.best[i]),
                *(None if name == other else better[other].at(i) for other in references),
            )
        )
    nothing = (None,) * len(references)
    rows += [(name, *(None for _ in iqm), None, reason, *nothing) for name, reason in grid.unscored.items()]
    what = f"{grid.scale} of the graph held {{}}, interquartile mean over problems and seeds, 95% over seeds"
    columns = (
        Column("method"),
        *(Column(f"IQM {readout_name(at)}", what.format(readout_name(at))) for at in grid.readouts),
        Column("mean", f"mean {grid.scale} at the last read-out; ranks are by it"),
        Column("rank", "plausible ranks, all intervals hold at once with 95%"),
        *(Column(f"P(> {name})", f"chance that a run beats one of {name}, ties half", 2) for name in references),
    )
    groups = "; ".join(" = ".join(grid.methods[i] for i in group) for group in ranks.groups)
    meaning = (
        "0 is the best single model within budget, 1 the best graph known. "
        if grid.anchored
        else "The suite has no frozen anchors, so values are shown as they are. "
    )
    note = (
        f"{meaning}A method with a run without a graph has no score and no rank. "
        f"{len(grid.problems)} problems, {len(grid.seeds)} seeds; intervals hold for these problems. "
        f"Cannot be told apart, best first: {groups}. {grid.left_out}"
    )
    return Table("methods", "Methods over all problems", columns, rows, note.strip())


def pairs_table(grid: Grid) -> Table | None:
    """All pairs of methods; None with a single method."""
    if len(grid.methods) < 2:
        return None
    scores = grid.by_draw
    draws, seeds = scores.shape[-1], len(grid.seeds)
    few = too_few(draws, (seeds, seeds), shared=True)
    found = compare_methods(scores, grid.tasks, _rng())
    rows: list[tuple[Value, ...]] = []
    for pair in found.pairs:
        first, second = grid.methods[pair.first], grid.methods[pair.second]
        if few:
            rows.append((first, second, pair.difference, None, f"no verdict: {few}"))
            continue
        known = np.isfinite([pair.low, pair.high]).all()
        difference = Interval(pair.difference, pair.low, pair.high) if known else pair.difference
        rows.append((first, second, difference, pair.p, pair.verdict))
    if few:
        reach = f"No p-values, no intervals and no verdicts: {few}."
    elif found.scope != "over tasks":
        reach = (
            f"There are {found.tasks} independent tasks, fewer than {MIN_TASKS}: what is said holds {found.scope}. "
            "Paired t tests over runs; p (Holm) and intervals (Bonferroni) are for all pairs at once."
        )
    else:
        friedman = "" if found.friedman_p is None else f"Friedman p = {found.friedman_p:.2g} over {found.tasks} tasks. "
        reach = (
            f"{friedman}Wilcoxon's signed-rank test over {found.tasks} tasks; p (Holm) is for all pairs at once, each "
            "interval for its pair alone."
        )
    columns = (
        Column("first"),
        Column("second"),
        Column("difference", f"mean {grid.scale}, first minus second, 95%", signed=True),
        Column("p (Holm)", "corrected for the number of pairs", 3),
        Column("verdict", "of the first"),
    )
    return Table("pairs", f"Pairs of methods, {found.scope}", columns, rows, reach)


def rope_table(grid: Grid, rope: float) -> Table:
    """How probably each method is better than random search by more than `rope`, equivalent, or worse."""
    reference = RANDOM if RANDOM in grid.methods else grid.methods[0]
    r = grid.methods.index(reference)
    rows: list[tuple[Value, ...]] = []
    enough = len(set(grid.tasks)) >= MIN_TASKS
    for i, name in enumerate(grid.methods):
        if i == r:
            continue
        differences = grid.final[i] - grid.final[r]
        if enough:
            whole = signed_rank_rope(task_means(differences[None], grid.tasks)[0], rope, _rng())
            rows.append((name, "all tasks", whole.worse, whole.equivalent, whole.better))
            continue
        for problem, values in zip(grid.problems, differences, strict=True):
            one = correlated_t_rope(values, rope)
            rows.append((name, problem, one.worse, one.equivalent, one.better))
    columns = (Column("method"), Column("on"), Column("worse"), Column("equivalent"), Column("better"))
    test = "Bayesian signed-rank test over tasks" if enough else "Bayesian t test over seeds, per problem"
    note = f"Posterior probabilities against {reference}; equivalent: within {rope:g} of {grid.scale}. {test}."
    return Table("rope", f"Region of practical equivalence, {rope:g}", columns, rows, note)


@dataclass(frozen=True, slots=True)
class Profile:
    """Performance profiles: share of runs above each threshold, (methods, thresholds)."""

    thresholds: np.ndarray
    band: Band


def profile(grid: Grid) -> Profile:
    """Of all methods at the last read-out."""
    return Profile(THRESHOLDS, _bootstrap(grid.final, lambda x: performance_profile(x, THRESHOLDS), 500))


def critical(grid: Grid) -> CriticalDifference | None:
    """Data of the critical-difference diagram; None with too few independent tasks or methods."""
    means = task_means(grid.final, grid.tasks)
    return critical_difference(means) if means.shape[0] >= 2 and means.shape[1] >= MIN_TASKS else None


def _interquartile_means(scores: np.ndarray) -> list[Interval | None]:
    """Of every method; None where a run had no graph yet."""
    known = ~np.isnan(scores).any(axis=(1, 2))
    band = _bootstrap(scores[known], interquartile_mean) if known.any() else None
    place = np.cumsum(known) - 1
    return [band.at(at) if there and band else None for there, at in zip(known, place, strict=True)]


def _improvement(grid: Grid, reference: int) -> Band:
    def statistic(drawn: np.ndarray) -> np.ndarray:
        other = drawn[reference]
        return np.stack([probability_of_improvement(own, other) for own in drawn], axis=-1)

    return stratified_bootstrap(grid.final, statistic, _rng(), resamples=500)


def _bootstrap(scores: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], resamples: int = RESAMPLES) -> Band:
    def by_resample(drawn: np.ndarray) -> np.ndarray:
        value = statistic(drawn)  # (methods, resamples, ...)
        return np.moveaxis(value, 1, 0)

    return stratified_bootstrap(scores, by_resample, _rng(), resamples=resamples)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
