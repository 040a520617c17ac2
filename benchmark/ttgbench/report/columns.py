"""The columns of the table of methods, written down once for report, page and exports, and what stands in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ttgbench import stats
from ttgbench.models.cost import UNPRICED
from ttgbench.report.scores import TARGETS, MethodScores
from ttgbench.report.table import Column, Value
from ttgbench.run.results import TestScore
from ttgbench.stats import Interval
from ttgbench.stats.arrays import Floats
from ttgbench.stats.runs import MIN_DRAWS

RESAMPLES = 1000
SHOWN_TARGETS = (0.5, 0.9)
"""Normalised scores of which the table says how often and at what spend they were reached."""
OF_DRAWS = "95% interval over draws of the samples, on these problems"

COLUMNS: tuple[Column, ...] = (
    Column("Rank", "ranks that the data leave open, 95% for all methods at once; by mean regret", key="rank"),
    Column("Method", key="method"),
    Column(
        "Regret",
        f"points of the objective (of accuracy, where nothing else counts) lost to the best graph known, mean over "
        f"problems and seeds; {OF_DRAWS}",
        2,
        key="regret",
        interval=True,
        anchored=True,
    ),
    Column("Value", f"mean objective on test, in points; {OF_DRAWS}", 2, key="value", interval=True, high=True),
    Column(
        "Score",
        f"0 is the best single model, 1 the best graph known, capped to [-1, 1] on each problem; {OF_DRAWS}",
        key="score",
        interval=True,
        anchored=True,
        high=True,
    ),
    Column("Ties", "methods that share a letter cannot be told apart", key="ties"),
    *(
        column
        for target in SHOWN_TARGETS
        for column in (
            Column(
                f"Holds {target:g}",
                f"share of runs that end with a graph of score {target:g} or more; {OF_DRAWS}",
                2,
                key=f"holds_{100 * target:.0f}",
                interval=True,
                minor=1 * (target < max(SHOWN_TARGETS)),
                anchored=True,
                high=True,
            ),
            Column(
                f"Spend to {target:g}",
                f"expected search spend, in full evaluations, until a run holds score {target:g} to its end: median "
                "over problems, never where no run does on half of them or more; "
                f"{OF_DRAWS}",
                1,
                key=f"spend_{100 * target:.0f}",
                interval=True,
                minor=2 * (target < max(SHOWN_TARGETS)),
                anchored=True,
            ),
        )
    ),
    Column("Search spend", "mean spend of a run, in full evaluations", 2, key="search_spend", interval=True, minor=1),
    Column(
        "of it agent",
        "the search agent's part of it, in full evaluations",
        2,
        key="agent_spend",
        interval=True,
        minor=5,
    ),
    Column(
        "Search $",
        "mean dollars of a run at the cards' prices; unpriced: a price is not known",
        4,
        key="search_dollars",
        minor=4,
    ),
    Column("Units", "nominal cost of a query; 1 is the smallest model answering alone", 2, key="units"),
    Column("FLOPs", "measured, per query", 3, exponent=True, key="flops"),
    Column("$ / 1,000", "per thousand queries; unpriced: a price is not known", 4, key="dollars", factor=1000.0),
    Column("Latency, s", "critical path at the models' standard speeds, per query", 2, key="seconds"),
    Column(
        "Accuracy",
        f"mean accuracy on the test questions; {OF_DRAWS}",
        key="accuracy",
        interval=True,
        high=True,
        minor=3,
    ),
    Column("Seeds", "runs per problem", 0, key="seeds"),
)
"""In the order in which page, terminal, CSV, JSON and LaTeX show them."""
COSTS = ("units", "flops", "dollars", "seconds")


def column(key: str) -> Column:
    """By key."""
    return next(one for one in COLUMNS if one.key == key)


def measures(scores: MethodScores) -> dict[str, Value]:
    """What the columns say of one method, by key, except ranks; None where a run has no graph or nothing is known."""
    cells = [cell for row in scores.cells for cell in row]
    finals = [final for cell in cells if (final := cell.final) is not None]
    found: dict[str, Value] = {
        "seeds": scores.seeds,
        "search_spend": interval(scores, scores.spent),
        "agent_spend": interval(scores, scores.agent_spent),
        "search_dollars": _dollars(scores),
        **_costs(finals),
    }
    if len(finals) < len(cells):
        return found
    found["value"] = interval(scores, scores.values())
    found["accuracy"] = interval(scores, scores.accuracies)
    if scores.anchors:
        found["regret"] = interval(scores, scores.regrets())
        found["score"] = interval(scores, scores.scores())
        found.update(_targets(scores))
    return found


def interval(scores: MethodScores, runs: Floats) -> Interval | None:
    """Mean over problems and draws of (problems, seeds), with Student's t; without bounds where draws are too few."""
    if np.isnan(runs).any():
        return None
    by_draw = scores.by_draw(runs)
    if len(by_draw) < MIN_DRAWS:
        return Interval(float(by_draw.mean()), math.nan, math.nan)
    return stats.mean_interval(by_draw).at()


def _targets(scores: MethodScores) -> dict[str, Value]:
    found = stats.reached(scores.hits, scores.until_end, scores.draws, np.random.default_rng(0), resamples=RESAMPLES)
    enough = len(set(scores.draws)) >= MIN_DRAWS
    named: dict[str, Value] = {}
    for target in SHOWN_TARGETS:
        one = found[TARGETS.index(target)]
        for key, value in (("holds", one.share), ("spend", one.spend)):
            bounds = value if enough else Interval(value.estimate, math.nan, math.nan)
            named[f"{key}_{100 * target:.0f}"] = bounds
    return named


def _dollars(scores: MethodScores) -> Value:
    mean = float(scores.by_draw(scores.dollars).mean())
    return UNPRICED if math.isnan(mean) else mean


def _costs(finals: Sequence[TestScore]) -> dict[str, Value]:
    """Mean cost per query of the final graphs: nominal units, measured the rest."""
    if not finals:
        return dict.fromkeys(COSTS)
    prices = [final.dollars for final in finals if final.dollars is not None]
    return {
        "units": float(np.mean([final.nominal.units for final in finals])),
        "flops": float(np.mean([final.flops for final in finals])),
        "dollars": float(np.mean(prices)) if len(prices) == len(finals) else UNPRICED,
        "seconds": float(np.mean([final.seconds for final in finals])),
    }
