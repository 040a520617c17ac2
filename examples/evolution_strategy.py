"""A method for vectors on graphs, through `space.encode` and `space.decode`: a relative of CMA-ES in twenty lines.

    python examples/evolution_strategy.py --seeds 5

Separable natural evolution strategy (Schaul, Glasmachers and Schmidhuber 2011, "High dimensions and heavy tails for
natural evolution strategies"): a Gaussian over descriptions of graphs, whose mean and spread follow the better half of
what is drawn from it.
"""

from __future__ import annotations

import argparse

import numpy as np

import ttgbench as ttg

POPULATION, GENERATIONS = 12, 12


def evolution_strategy(problem: ttg.Problem, rng: np.random.Generator) -> ttg.Graph:
    """Separable natural evolution strategy over descriptions of graphs."""
    space = problem.space
    drawn = np.array([space.encode(space.sample(rng)) for _ in range(200)])
    mean, spread = drawn.mean(axis=0), drawn.std(axis=0)
    rate = (3 + np.log(mean.size)) / (5 * np.sqrt(mean.size))
    ranks = np.maximum(0, np.log(POPULATION / 2 + 1) - np.log(np.arange(1, POPULATION + 1)))
    weights = ranks / ranks.sum() - 1 / POPULATION
    best, best_value = space.sample(rng), -np.inf
    try:
        for _ in range(GENERATIONS):
            steps = rng.standard_normal((POPULATION, mean.size))
            values = []
            for graph in [space.decode(mean + spread * step) for step in steps]:
                values.append(problem.objective.value(problem.evaluate(graph)))
                if values[-1] > best_value:
                    best, best_value = graph, values[-1]
                    problem.recommend(best)
            steps = steps[np.argsort(values)[::-1]]
            mean = mean + spread * (weights @ steps)
            spread = spread * np.exp(rate / 2 * (weights @ (steps**2 - 1)))
    except ttg.BudgetExhausted:
        pass
    return best


def main() -> None:
    """Compares it with random search."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    results = ttg.run(
        [evolution_strategy, "random_search", "single_model"],
        "synthetic-v1",
        problems=["sanity-qa"],
        seeds=arguments.seeds,
        out="runs/evolution_strategy",
    )
    print(results)
    print()
    print(ttg.compare(results, "evolution_strategy", "random_search"))


if __name__ == "__main__":
    main()
