"""Does the simulated landscape have the shape that is reported for real models (arXiv 2511.00086)? Three figures.

    python benchmark/checks/landscape.py [--universes 64]

Prints JSON: (1) which model, how often, wins each domain and budget; (2) accuracy by width and by depth at a fixed
model; (3) the best width at each depth. Expected accuracies on the test questions; their standard errors are below
0.002 at 64 universes.
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from typing import Any

from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.evaluate.synthetic.coefficients import DOMAINS
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.evaluate.synthetic.task import SyntheticTask
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import chain, parallel_chains, single
from ttgbench.models.budget import Budget
from ttgbench.models.pool import load_pool

POOL = load_pool("synthetic")
BUDGETS = (18, 42, 80)
WIDTHS, DEPTHS = range(1, 13), range(1, 9)
FIRST, CHUNK = TEST_UNIVERSE + 1_000, 16


class Domain:
    """A domain's evaluator and prices."""

    def __init__(self, name: str, universes: int) -> None:
        self.task = SyntheticTask(f"synthetic_{name}")
        self._evaluator = SyntheticEvaluator(self.task, POOL)
        self._universes = universes
        self.accuracy = cache(self._accuracy)

    def _accuracy(self, graph: Graph) -> float:
        """Mean over test questions and universes."""
        starts = range(FIRST, FIRST + self._universes, CHUNK)
        chunks = [range(start, min(start + CHUNK, FIRST + self._universes)) for start in starts]
        total = sum(self._evaluator.outcomes(graph, chunk, "test")[0].mean() * len(chunk) for chunk in chunks)
        return round(float(total / self._universes), 4)

    def units(self, graph: Graph) -> float:
        """Nominal cost of a query."""
        return Budget.parse("1 units").nominal(graph, POOL, self.task.card.lengths)

    def fused(self, model: str, width: int, depth: int) -> Graph:
        """`width` chains of `depth` into a fuser, all of one model; one alone needs no fuser."""
        return single(model) if width == depth == 1 else parallel_chains(model, width, depth, "fuser")

    def by_width(self, model: str, depth: int = 1) -> list[float]:
        """Accuracy of 1, 2, ... chains of this depth into a fuser."""
        return [self.accuracy(parallel_chains(model, width, depth, "fuser")) for width in WIDTHS]

    def by_depth(self, model: str) -> list[float]:
        """Accuracy of chains of 1, 2, ... assistants."""
        return [self.accuracy(chain(model, depth)) for depth in DEPTHS]

    def best_of_model(self, model: str, budget: int) -> dict[str, Any] | None:
        """The best width x depth of one model within a budget; None if not even one answer is."""
        grid = [(width, depth) for width in range(1, 9) for depth in range(1, 4)]
        fits = [size for size in grid if self.units(self.fused(model, *size)) <= budget]
        if not fits:
            return None
        width, depth = max(fits, key=lambda size: self.accuracy(self.fused(model, *size)))
        graph = self.fused(model, width, depth)
        accuracy, nodes = self.accuracy(graph), len(graph.nodes)
        return {"model": model, "width": width, "depth": depth, "nodes": nodes, "accuracy": accuracy}


def winners(domain: Domain) -> dict[str, list[dict[str, Any]]]:
    """(1) Per budget the best graph of each model, best model first."""
    return {
        f"{budget} units": sorted(
            filter(None, [domain.best_of_model(model, budget) for model in POOL.names]),
            key=lambda entry: -entry["accuracy"],
        )
        for budget in BUDGETS
    }


def best_widths(domain: Domain, model: str) -> dict[int, int]:
    """(3) The best width at depths 1 to 4."""
    curves = {depth: domain.by_width(model, depth) for depth in range(1, 5)}
    return {depth: WIDTHS[curve.index(max(curve))] for depth, curve in curves.items()}


def figures(universes: int, models: tuple[str, ...] = ("sim-a-3b", "sim-a-8b", "sim-b-4b")) -> dict[str, Any]:
    """All three, by domain."""
    domains = {name: Domain(name, universes) for name in DOMAINS}
    return {
        "universes": universes,
        "winners": {name: winners(domain) for name, domain in domains.items()},
        "by_width": {n: {model: domain.by_width(model) for model in models} for n, domain in domains.items()},
        "by_depth": {n: {model: domain.by_depth(model) for model in models} for n, domain in domains.items()},
        "best_width_at_depth": {n: {m: best_widths(domain, m) for m in models} for n, domain in domains.items()},
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--universes", type=int, default=64)
    print(json.dumps(figures(parser.parse_args().universes), indent=1))


if __name__ == "__main__":
    main()
