"""How fast is a step of local search? Milliseconds for the first neighbours of random graphs.

    python benchmark/perf/neighbours.py --nodes 12 --neighbours 30

Takes 30 random graphs of exactly so many nodes in a space of roles assistant, fuser and vote over the synthetic pool,
each five times, the best processor time of each; prints median and worst as JSON, `sample` beside `neighbours`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from ttgbench.graphs.graph import Graph
from ttgbench.models.budget import Budget
from ttgbench.models.pool import load_pool
from ttgbench.problems.space.space import SearchSpace
from ttgbench.tasks.task import Lengths


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=12)
    parser.add_argument("--neighbours", type=int, default=30)
    parser.add_argument("--graphs", type=int, default=30)
    arguments = parser.parse_args()
    roles = ("assistant", "fuser", "vote")
    space = SearchSpace(
        load_pool("synthetic"), Lengths(120, 160), Budget.parse("80 units"), roles, max_nodes=arguments.nodes + 2
    )
    rng = np.random.default_rng(0)
    graphs: list[Graph] = []
    while len(graphs) < arguments.graphs:
        graph = space.sample(rng)
        if len(graph.nodes) == arguments.nodes:
            graphs.append(graph)

    def neighbours(graph: Graph) -> None:
        list(itertools.islice(space.neighbours(graph, np.random.default_rng(1)), arguments.neighbours))

    def sample(_: Graph) -> None:
        space.sample(rng)

    print(json.dumps({"nodes": arguments.nodes, "neighbours": arguments.neighbours, "graphs": len(graphs)}))
    for name, action in (("neighbours", neighbours), ("sample", sample)):
        times = [best_of(lambda graph=graph, action=action: action(graph)) for graph in graphs]  # type: ignore[misc]
        print(
            json.dumps(
                {"what": name, "median_ms": round(statistics.median(times), 3), "worst_ms": round(max(times), 3)}
            )
        )


def best_of(action: Callable[[], None], rounds: int = 5) -> float:
    """Milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        times.append(1e3 * (time.process_time() - start))
    return min(times)


if __name__ == "__main__":
    main()
