"""How often are verdicts, intervals and ranks wrong? python benchmark/checks/calibration.py [--worlds N] [--only TEXT]

Simulates searches whose truth is known and puts their runs through what command line, report and page use: verdicts of
`judge_methods`, intervals and ranks of the table of methods, the report's table of pairs. A search ends with the one of
six graphs that looks best on its draw of the samples; on test the graphs are up to 4 points apart, so that runs of one
method differ, tie often, and are not normal. Prints a row per question: what is nominal, what came out, and Wilson's
interval for it, since so many worlds are a sample.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ttgbench import stats
from ttgbench.report.judge import MethodRuns, Run, Terms, Verdict, judge_methods

Floats = NDArray[np.float64]
GRAPHS = np.array([0.60, 0.61, 0.62, 0.625, 0.63, 0.64])
"""Test accuracies of the graphs that a search may end with."""
LOOKS = 0.02
"""Standard deviation of what a draw of the samples adds to how good a graph looks."""


def searches(rng: np.random.Generator, methods: int, problems: int, seeds: int, *, twins: bool = False) -> Floats:
    """Test accuracies of identical methods, (methods, problems, seeds), which share each seed's draw of the samples.

    twins: the problems of a seed share their samples, so that they are nearly one experiment.
    """
    shape = (1, 1 if twins else problems, seeds, len(GRAPHS))
    draw = rng.normal(0, LOOKS, shape)
    own = rng.normal(0, LOOKS / 2, (methods, problems, seeds, len(GRAPHS)))
    return np.asarray(GRAPHS[np.argmax(GRAPHS + draw + own, axis=-1)])


def judged(first: Floats, second: Floats, universes: int = 0, margin: float | None = None) -> Verdict:
    """Two methods by (problems, seeds); NaN: no such run."""
    names = [f"problem-{number}" for number in range(len(first))]
    draw: Callable[[int], int] = (lambda seed: seed % universes) if universes else (lambda seed: seed)
    terms = Terms({name: f"task-{number // 4}" for number, name in enumerate(names)}, margin, draw)
    sides = [
        MethodRuns(
            label,
            {
                name: {s: Run(float(value), f"{label}{value}") for s, value in enumerate(row) if not np.isnan(value)}
                for name, row in zip(names, side, strict=True)
            },
        )
        for label, side in (("first", first), ("second", second))
    ]
    return judge_methods(sides[0], sides[1], terms)


def said(verdict: str) -> bool:
    return verdict in ("better", "worse")


@dataclass(frozen=True)
class Question:
    """One row: `ask` says of one world whether what is counted happened."""

    name: str
    nominal: str
    ask: Callable[[np.random.Generator], bool | float]


def identical(problems: int, seeds: int, *, twins: bool = False, overall: bool) -> Callable[..., bool]:
    def ask(rng: np.random.Generator) -> bool:
        found = judged(*searches(rng, 2, problems, seeds, twins=twins))
        if overall:
            return found.overall is not None and said(found.overall.verdict)
        return any(said(row.verdict) for row in found.problems)

    return ask


def covers(problems: int, seeds: int, *, twins: bool = False) -> Callable[..., bool]:
    def ask(rng: np.random.Generator) -> bool:
        overall = judged(*searches(rng, 2, problems, seeds, twins=twins)).overall
        return overall is not None and overall.low <= 0 <= overall.high

    return ask


def against_itself(rng: np.random.Generator) -> bool:
    """Twenty seeds of one method, split into two halves."""
    runs = searches(rng, 1, 12, 20)[0]
    first, second = (np.where(np.arange(20) // 10 == half, runs, np.nan) for half in (0, 1))
    return any(said(row.verdict) for row in judged(first, second).problems)


def few_universes(universes: int) -> Callable[..., bool]:
    def ask(rng: np.random.Generator) -> bool:
        runs = searches(rng, 2, 12, universes)
        first, second = (side[:, np.arange(20) % universes] for side in runs)
        found = judged(first, second, universes)
        return found.overall is not None and said(found.overall.verdict)

    return ask


def missing_runs(rng: np.random.Generator) -> bool:
    """Every run of either method is missing with probability 0.2."""
    runs = searches(rng, 2, 12, 20)
    found = judged(*np.where(rng.random(runs.shape) < 0.2, np.nan, runs))
    return any(said(row.verdict) for row in found.problems)


def finds(points: float, seeds: int) -> Callable[..., bool]:
    """One problem, a true difference, runs whose differences have a standard deviation of 4 points."""

    def ask(rng: np.random.Generator) -> bool:
        first = 0.6 + rng.normal(points / 100, 0.04, (1, seeds))
        return judged(first, np.full((1, seeds), 0.6)).problems[0].verdict == "better"

    return ask


def power(points: float, seeds: int) -> float:
    """What theory says of `finds`: the noncentral t distribution."""
    from scipy import stats as scipy_stats

    ratio = points / 100 / (0.04 / math.sqrt(seeds))
    return float(scipy_stats.nct.sf(scipy_stats.t.ppf(0.975, seeds - 1), seeds - 1, ratio))


def ranked(methods: int, draws: int, *, twins: bool) -> Callable[..., bool]:
    def ask(rng: np.random.Generator) -> bool:
        means = searches(rng, methods, 12, draws, twins=twins).mean(axis=1)
        found = stats.rank_intervals(means, rng, resamples=999)
        return bool((found.best > 1).any() or (found.worst < methods).any())

    return ask


WORLDS = ("searches", "unlike spreads", "skewed")


def means_of(kind: str, rng: np.random.Generator, methods: int, draws: int) -> Floats:
    """Means over problems of identical methods, (methods, draws), in draws that they share; differences of two methods
    have a standard deviation of about 1."""
    if kind == "searches":
        return np.asarray(searches(rng, methods, 12, draws, twins=True).mean(axis=1) / 0.0027)
    noise = rng.exponential(size=(methods, draws)) if kind == "skewed" else rng.normal(size=(methods, draws))
    spread = np.linspace(0.1, 1.3, methods)[:, None] if kind == "unlike spreads" else 0.7
    return np.asarray(noise * spread + rng.normal(size=draws))


def pairs(kind: str, methods: int, draws: int) -> Callable[..., bool]:
    def ask(rng: np.random.Generator) -> bool:
        means = means_of(kind, rng, methods, draws)
        found = stats.compare_methods(means[:, None], ["one task"], rng, resamples=999)
        return any(said(pair.verdict) for pair in found.pairs)

    return ask


def pairs_found(kind: str, methods: int, draws: int, how: str) -> Callable[..., float]:
    """Share found of the pairs with one of the better quarter of the methods: better by 5 standard errors of a typical
    pair with 10 draws, by 4 with 20."""
    from scipy import stats as scipy_stats

    bound = float(scipy_stats.t.isf(0.025 / math.comb(methods, 2), draws - 1))
    better = np.arange(methods) < methods // 4

    def ask(rng: np.random.Generator) -> float:
        means = means_of(kind, rng, methods, draws)
        means[better] += {10: 5.0, 20: 4.0}[draws] / math.sqrt(draws)
        found = stats.pair_errors(means, rng, resamples=999)
        true = better[found.first] != better[found.second]
        quantile = bound if how == "Bonferroni" else found.quantile
        return float((found.difference > quantile * found.error)[true].mean())

    return ask


def mean_covered(draws: int, *, twins: bool) -> Callable[..., bool]:
    truth = float(np.mean([searches(np.random.default_rng(7), 1, 1, 400_000)]))

    def ask(rng: np.random.Generator) -> bool:
        band = stats.mean_interval(searches(rng, 1, 12, draws, twins=twins)[0].mean(axis=0)).at()
        return band.low <= truth <= band.high

    return ask


WITHIN = 80.0
"""Search budget in full evaluations."""


def holds(interval: stats.Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def anytime(what: str, draws: int, ease: float) -> Callable[..., bool]:
    """24 problems, six targets; harder ones are reached more seldom, a lucky draw is lucky on all problems."""
    fixed = np.random.default_rng(11)
    chance = np.vectorize(math.erf)((fixed.normal(ease, 1, (24, 1)) - np.linspace(0, 2, 6)) / math.sqrt(2)) / 2 + 0.5
    latest = fixed.uniform(5, 60, (24, 6))
    truth = (chance * latest / 2 + (1 - chance) * WITHIN) / chance
    normal = statistics.NormalDist()
    limits = np.vectorize(normal.inv_cdf)(chance)[..., None]

    def ask(rng: np.random.Generator) -> bool:
        luck = math.sqrt(0.3) * rng.normal(size=draws) + math.sqrt(0.7) * rng.normal(size=(24, 1, draws))
        hits = np.where(luck < limits, rng.uniform(0, latest[..., None], (24, 6, draws)), np.inf)
        spent = np.full((24, draws), WITHIN)
        if what == "area":
            whole = float((np.log(WITHIN / np.clip(truth, 0.1, WITHIN)) / math.log(WITHIN / 0.1)).mean())
            return holds(stats.ecdf_area(hits, spent, 0.1, WITHIN, range(draws)), whole)
        if what == "curve":
            band = stats.ecdf_band(hits, spent, [20], range(draws), rng, resamples=400).at(0)
            return holds(band, float((truth <= 20).mean()))
        middle = stats.reached(hits, spent, range(draws), rng, resamples=400 if what == "spend" else 1)[2]
        if what == "spend":
            return holds(middle.spend, float(np.median(truth[:, 2])))
        return holds(middle.share, float(chance[:, 2].mean()))

    return ask


def questions() -> Iterator[Question]:
    wrong = "at most 5%"
    yield Question(
        "12 problems x 10 seeds, identical: a verdict on any problem", wrong, identical(12, 10, overall=False)
    )
    yield Question("the same, over all problems", "5%", identical(12, 10, overall=True))
    yield Question("the same, interval over all problems covers", "95%", covers(12, 10))
    yield Question("the same, problems share samples: over all", "5%", identical(12, 10, twins=True, overall=True))
    yield Question("the same, interval covers", "95%", covers(12, 10, twins=True))
    yield Question("20 seeds of one method, halves: a verdict on any of 12", wrong, against_itself)
    yield Question("20 seeds on 6 universes, identical: over all", "5%", few_universes(6))
    yield Question("10 seeds on 2 universes: any verdict", "0%", few_universes(2))
    yield Question("one problem, 5 seeds, many ties: a verdict", wrong, identical(1, 5, overall=False))
    yield Question("one problem, 20 seeds: a verdict", "5%", identical(1, 20, overall=False))
    yield Question("a fifth of the runs missing: a verdict on any of 12", wrong, missing_runs)
    for points, seeds in ((3, 10), (3, 20), (1, 20)):
        name = f"{points} points better, one problem, {seeds} seeds: found"
        yield Question(name, f"{power(points, seeds):.1%} by theory", finds(points, seeds))
    for draws in (5, 10, 20):
        for twins in (False, True):
            of = "shared" if twins else "own"
            yield Question(
                f"8 identical, {draws} draws, {of} samples: any rank wrong", wrong, ranked(8, draws, twins=twins)
            )
    for kind in WORLDS:
        for methods, draws in ((8, 10), (8, 20), (17, 10), (17, 20)):
            name = f"{kind}, {methods} identical, {draws} draws: a verdict on any pair"
            yield Question(name, wrong, pairs(kind, methods, draws))
            for how in ("max-t", "Bonferroni"):
                name = f"{kind}, {methods} methods, {draws} draws, {methods // 4} better: pairs found by {how}"
                yield Question(name, "", pairs_found(kind, methods, draws, how))
    for draws in (5, 10, 20):
        for twins in (False, True):
            of = "shared" if twins else "own"
            yield Question(f"mean of {draws} draws, {of} samples: covered", "95%", mean_covered(draws, twins=twins))
    names = {"area": "area under ECDF", "curve": "ECDF at 20", "spend": "spend to a target", "share": "share of hits"}
    for what, name in names.items():
        for draws, ease in ((5, 1.0), (10, 1.0), (10, -1.0), (20, 0.0)):
            hard = {1.0: "easy", 0.0: "middling", -1.0: "hard"}[ease]
            yield Question(f"{name}, {draws} draws, {hard} targets: covered", "95%", anytime(what, draws, ease))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=4000)
    parser.add_argument("--only", default="", help="questions with this text")
    options = parser.parse_args()
    print("| question | nominal | came out | from | to (95%) | worlds | seconds |\n" + "| --- " * 7 + "|")
    for number, question in enumerate(questions()):
        if options.only not in question.name:
            continue
        rng, started = np.random.default_rng([number, 20261129]), time.perf_counter()
        rate = float(np.mean([question.ask(rng) for _ in range(options.worlds)]))
        of = stats.wilson_interval(rate * options.worlds, options.worlds)
        row = (question.name, question.nominal, f"{rate:.1%}", f"{of.low:.1%}", f"{of.high:.1%}", options.worlds)
        print(f"| {' | '.join(map(str, row))} | {time.perf_counter() - started:.0f} |", flush=True)


if __name__ == "__main__":
    main()
