"""Accuracy against cost per query: fronts, hypervolume and attainment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ttgbench.models.budget import Budget
from ttgbench.report.runs import Runs, finals, without_graph
from ttgbench.report.table import Column, Table, Value
from ttgbench.run.results import CellResult, TestScore
from ttgbench.stats import Band, attainment_surface, by_draw, hypervolume, mean_interval, pareto_front

GRID = 40


@dataclass(frozen=True)
class Tradeoff:
    """One problem: each method's mean point, and the accuracy that the median run attained within each cost."""

    problem: str
    metric: str
    """Of the problem's budget; costs are nominal."""
    limit: float
    points: dict[str, tuple[float, float]]
    """Mean accuracy and cost of the final graphs."""
    front: set[str]
    """Methods whose point no other dominates."""
    costs: np.ndarray
    surfaces: dict[str, np.ndarray]
    volumes: dict[str, Band]


def make_tradeoffs(runs: Runs) -> list[Tradeoff]:
    """One per problem; none without the suite's definition, which has the budgets."""
    if runs.suite is None:
        return []
    budgets = {spec.name: Budget.parse(spec.budget) for spec in runs.suite.problems}
    return [_tradeoff(runs, problem, budgets[problem]) for problem in runs.problems]


def _tradeoff(runs: Runs, problem: str, budget: Budget) -> Tradeoff:
    points: dict[str, tuple[float, float]] = {}
    surfaces: dict[str, np.ndarray] = {}
    volumes: dict[str, Band] = {}
    grid = np.linspace(0, budget.limit, GRID + 1)[1:]
    for method in runs.methods:
        cells = runs.cells(problem, method)
        scored = finals(cells)
        if not scored or without_graph(cells):
            continue
        found = [_found(cell, budget.metric) for cell in cells]
        points[method] = (
            float(np.mean([final.accuracy for final in scored])),
            float(np.mean([_cost(final, budget.metric) for final in scored])),
        )
        surfaces[method] = attainment_surface(found, grid)
        each = [hypervolume(a, c, reference=(0.0, budget.limit)) / budget.limit for a, c in found]
        volumes[method] = mean_interval(by_draw(each, [runs.draw(cell.seed) for cell in cells]))
    on_front: set[str] = set()
    if points:
        accuracy, cost = map(np.array, zip(*points.values(), strict=True))
        on_front = {name for name, keep in zip(points, pareto_front(accuracy, cost), strict=True) if keep}
    return Tradeoff(problem, budget.metric, budget.limit, points, on_front, grid, surfaces, volumes)


def _cost(score: TestScore, metric: str) -> float:
    return float(getattr(score.nominal, metric))


def _found(cell: CellResult, metric: str) -> tuple[list[float], list[float]]:
    """Accuracy and cost of every graph of a run that was scored."""
    return [score.accuracy for score in cell.test], [_cost(score, metric) for score in cell.test]


def tradeoff_table(tradeoffs: list[Tradeoff]) -> Table:
    """Per problem and method: accuracy, cost, whether on the front, hypervolume."""
    rows: list[tuple[Value, ...]] = []
    for one in tradeoffs:
        for method, (accuracy, cost) in one.points.items():
            front = "yes" if method in one.front else ""
            rows.append((one.problem, method, accuracy, cost, one.metric, front, one.volumes[method].at()))
    columns = (
        Column("problem"),
        Column("method"),
        Column("accuracy", "mean over runs"),
        Column("cost", "nominal, per query", 2),
        Column("in"),
        Column("on the front", "no method is as accurate and as cheap, and better in one"),
        Column("hypervolume", "share of accuracy x budget that a run's scored graphs dominate, 95% over runs"),
    )
    note = "Reference point of the hypervolume: accuracy 0 at the problem's budget."
    return Table("tradeoff", "Accuracy against cost of a query", columns, rows, note)
