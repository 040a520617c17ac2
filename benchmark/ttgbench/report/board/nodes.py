"""What each node of a graph nominally costs, told only where it adds up to what its runs were told."""

from __future__ import annotations

import math

from ttgbench.errors import InputError
from ttgbench.evaluate.synthetic.task import SYNTHETIC_TASKS, SyntheticTask
from ttgbench.graphs.graph import Graph
from ttgbench.models.cost import nominal_cost, unit_flops
from ttgbench.models.pool import Pool
from ttgbench.problems.suite import Suite
from ttgbench.run.results import TestScore
from ttgbench.tasks.file import read_task_file
from ttgbench.tasks.task import Lengths
from ttgbench.util.plugins import find_plugin

Prices = tuple[Pool, Lengths]
"""What nominal cost is made of."""


def prices(suite: Suite, problem: str, seed: int) -> Prices | None:
    """Of a problem as a run with this seed meets it; None where its task or pool is not at hand, or states no
    lengths."""
    instance = suite.instance(problem, seed)
    if instance is not None:
        return instance.pool, instance.task.card.lengths
    spec = suite.spec(problem)
    try:
        if spec.task in SYNTHETIC_TASKS:
            return spec.load_pool(), SyntheticTask(spec.task).card.lengths
        stated = read_task_file(find_plugin("tasks", spec.task)).metadata.ttgbench.lengths
        return (spec.load_pool(), Lengths(*stated)) if stated else None
    except InputError:
        return None


def node_units(score: TestScore, known: Prices | None) -> list[float] | None:
    """Units of each node, in the order of the graph's nodes; None where they do not add up to the graph's: then task
    or pool are not what they were."""
    if known is None:
        return None
    pool, lengths = known
    try:
        costs = nominal_cost(Graph.from_dict(score.graph), pool, lengths).nodes.values()
    except InputError:
        return None
    unit = unit_flops(pool, lengths)
    units = [cost.flops / unit for cost in costs]
    return units if math.isclose(sum(units), score.nominal.units, rel_tol=1e-6) else None
