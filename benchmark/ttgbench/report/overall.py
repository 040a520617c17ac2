"""Many problems and seeds at once: who is better, by how much, and how far that reaches."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ttgbench.report.columns import column, interval, measures
from ttgbench.report.grid import Grid
from ttgbench.report.ranking import Ranking
from ttgbench.report.runs import RANDOM
from ttgbench.report.scores import POINTS
from ttgbench.report.table import LEAST_P, Column, Table, Value
from ttgbench.stats import (
    MIN_TASKS,
    Band,
    CriticalDifference,
    Interval,
    compare_methods,
    correlated_t_rope,
    critical_difference,
    performance_profile,
    signed_rank_rope,
    task_means,
)
from ttgbench.stats.runs import too_few
from ttgbench.util.text import counted

THRESHOLDS = np.linspace(-1.0, 1.0, 81)
END = ("value", "score", "search_spend", "agent_spend", "search_dollars", "accuracy")
"""Columns beside rank and read-outs."""


def readout_name(at: float) -> str:
    """A heading for a read-out."""
    return "at the end" if np.isinf(at) else f"at {at:g}"


def summary_table(grid: Grid, ranks: Ranking) -> Table:
    """Per method, best first: rank, what it holds at each read-out, score, and what the search cost."""
    kinds = [key for key in END if grid.anchored or not column(key).anchored]
    if grid.anchored:
        kinds.remove("value")
    main = column("regret" if grid.anchored else "value")
    columns = (
        column("method"),
        column("rank"),
        *(
            replace(main, name=f"{main.name} {readout_name(at)}", key="", minor=2 * (at != grid.readouts[-1]))
            for at in grid.readouts
        ),
        *map(column, kinds),
        column("ties"),
    )
    rows: list[tuple[Value, ...]] = []
    gaps = False
    for i in ranks.order:
        method = grid.methods[i]
        found = measures(method)
        held = [interval(method, method.regrets(at) if grid.anchored else method.values(at)) for at in grid.readouts]
        gaps = gaps or None in held
        place = ranks.rank(i) or f"no rank: {ranks.untested}"
        rows.append(
            (method.name, place, *held, *(found.get(key) for key in kinds), ranks.ties[i] if ranks.ties else "")
        )
    nothing = (None,) * (len(columns) - 2)
    rows += [(name, reason, *nothing) for name, reason in grid.unscored.items()]
    return Table("methods", "Methods over all problems", columns, rows, _summary_note(grid, ranks, gaps))


def _summary_note(grid: Grid, ranks: Ranking, gaps: bool) -> str:
    """gaps: whether a method has no value at some read-out."""
    meaning = (
        "Regret is in points of the objective, lost to the best graph known; score 0 is the best single model within "
        "budget, 1 the best graph known. "
        if grid.anchored
        else "The suite has no frozen anchors, so values are shown as they are. "
    )
    main = column("regret" if grid.anchored else "value").name
    names = grid.names
    ties = [" = ".join(names[i] for i in group) for group in ranks.groups if len(group) > 1]
    told = "" if len(names) == 1 else "All can be told apart."
    if ties:
        told = f"Cannot be told apart, best first: {'; '.join(ties)}."
    if ranks.untested:
        told = f"No ranks and no intervals: {ranks.untested}."
    early = f' "-" under "{main} at ...": some run had not recommended a graph by then.' if gaps else ""
    hold = "" if ranks.untested else "; intervals hold for these problems"
    return (
        f"{meaning}A method with a run without a graph has no score and no rank.{early} "
        f"{counted(len(grid.problems), 'problem')}, {counted(grid.seeds, 'seed')}{hold}. {told} {grid.left_out}"
    ).strip()


def pairs_table(grid: Grid) -> Table | None:
    """All pairs of methods; None with a single method."""
    if len(grid.methods) < 2:
        return None
    scores = grid.by_draw / POINTS
    draws, seeds = scores.shape[-1], grid.seeds
    few = too_few(draws, (seeds, seeds), shared=True)
    found = compare_methods(scores, grid.tasks, _rng())
    rows: list[tuple[Value, ...]] = []
    for pair in found.pairs:
        first, second = grid.names[pair.first], grid.names[pair.second]
        if few:
            rows.append((first, second, pair.difference, None, f"no verdict: {few}"))
            continue
        known = np.isfinite([pair.low, pair.high]).all()
        difference = Interval(pair.difference, pair.low, pair.high) if known else pair.difference
        rows.append((first, second, difference, pair.p, pair.verdict))
    if few:
        reach = f"No p-values, no intervals and no verdicts: {few}."
    elif found.scope != "over tasks":
        how = f" ({found.correction})" if found.correction else ""
        reach = (
            f"There {'is' if found.tasks == 1 else 'are'} {counted(found.tasks, 'independent task')}, fewer than "
            f"{MIN_TASKS}: what is said holds {found.scope}. "
            f"Paired tests over runs; p and intervals are for all pairs at once{how}."
        )
    else:
        friedman = "" if found.friedman_p is None else f"Friedman p = {found.friedman_p:.2g} over {found.tasks} tasks. "
        reach = (
            f"{friedman}Wilcoxon's signed-rank test over {found.tasks} tasks; p is for all pairs at once (Holm), each "
            "interval for its pair alone."
        )
    columns = (
        Column("first"),
        Column("second"),
        Column("difference", "of the mean objective, as accuracies, first minus second, 95%", signed=True),
        Column("p, corrected", "for the number of pairs", 4, least=LEAST_P),
        Column("verdict", "of the first"),
    )
    return Table("pairs", f"Pairs of methods, {found.scope}", columns, rows, reach)


def rope_table(grid: Grid, rope: float) -> Table:
    """How probably each method is better than random search by more than `rope` points, equivalent, or worse."""
    names, values = grid.names, grid.by_draw
    reference = RANDOM if RANDOM in names else names[0]
    r = names.index(reference)
    rows: list[tuple[Value, ...]] = []
    enough = len(set(grid.tasks)) >= MIN_TASKS
    for i, name in enumerate(names):
        if i == r:
            continue
        differences = values[i] - values[r]
        if enough:
            whole = signed_rank_rope(task_means(differences, grid.tasks).mean(axis=1), rope, _rng())
            rows.append((name, "all tasks", whole.worse, whole.equivalent, whole.better))
        elif values.shape[-1] > 1:
            for problem, row in zip(grid.problems, differences, strict=True):
                one = correlated_t_rope(row, rope)
                rows.append((name, problem, one.worse, one.equivalent, one.better))
    columns = (Column("method"), Column("on"), Column("worse"), Column("equivalent"), Column("better"))
    test = "Bayesian signed-rank test over tasks" if enough else "Bayesian t test over draws, per problem"
    note = f"Posterior probabilities against {reference}; equivalent: within {rope:g} points of the objective. {test}."
    return Table("rope", f"Region of practical equivalence, {rope:g} points", columns, rows, note)


@dataclass(frozen=True, slots=True)
class Profile:
    """Performance profiles: share of runs above each threshold, (methods, thresholds)."""

    thresholds: np.ndarray
    band: Band


def profile(grid: Grid) -> Profile | None:
    """Of all methods at the end; None without anchors."""
    if not grid.anchored:
        return None
    scores = np.stack([method.scores() for method in grid.methods])
    return Profile(THRESHOLDS, performance_profile(scores, THRESHOLDS, grid.draws))


def critical(grid: Grid) -> CriticalDifference | None:
    """Data of the critical-difference diagram; None with too few independent tasks or methods."""
    means = task_means(grid.by_draw, grid.tasks).mean(axis=-1)
    return critical_difference(means) if means.shape[0] >= 2 and means.shape[1] >= MIN_TASKS else None


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
