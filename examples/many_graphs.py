"""A hundred graphs at once, and which of them are worth their cost.

    python examples/many_graphs.py
    python examples/many_graphs.py --task micro_qa --pool embedded --engine llama_cpp --graphs 10

Without arguments on a simulated task: no model and no GPU. All graphs are one batch, so that a node which several share
is generated once.
"""

from __future__ import annotations

import argparse

import numpy as np

import ttgbench as ttg


def main() -> None:
    """Draws graphs, evaluates them, prints those that no cheaper one beats."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", default="synthetic_math")
    parser.add_argument("--pool", default="synthetic")
    parser.add_argument("--engine", help="for a task that is not simulated")
    parser.add_argument("--graphs", type=int, default=100)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--budget", default="18 units", help="the most that a query may nominally cost")
    parser.add_argument("--store", help="keeps what was generated")
    arguments = parser.parse_args()
    pool = ttg.load_pool(arguments.pool)
    lengths = ttg.Lengths(question=120, answer=160)
    space = ttg.SearchSpace(pool, lengths, ttg.Budget.parse(arguments.budget), roles=("assistant", "fuser", "vote"))
    rng = np.random.default_rng(0)
    graphs = [ttg.shapes.single(name) for name in pool.names]
    graphs += [space.sample(rng) for _ in range(arguments.graphs - len(graphs))]
    evaluations = ttg.evaluate_many(
        graphs,
        arguments.task,
        pool,
        arguments.engine,
        questions=arguments.questions,
        store=arguments.store,
    )
    print("FLOPs per question  accuracy  graph")
    best = -1.0
    for evaluation in sorted(evaluations, key=lambda one: float(one.flops.mean())):
        if evaluation.accuracy > best:
            best = evaluation.accuracy
            nodes = ", ".join(f"{count} {role}" for role, count in evaluation.graph.role_counts.items())
            print(f"{evaluation.flops.mean():18.3g}  {best:8.3f}  {nodes}")


if __name__ == "__main__":
    main()
