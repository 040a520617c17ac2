"""A search method of one's own, compared with two that are bundled: run, verdict, page.

    python examples/own_method.py --seeds 5

On a simulated problem: no model and no GPU. Started again, it goes on where it stopped; after an edit of `my_search` it
runs that again and nothing else.
"""

from __future__ import annotations

import argparse

import numpy as np

import ttgbench as ttg


def my_search(problem: ttg.Problem, rng: np.random.Generator) -> ttg.Graph:
    """Climbs from a random graph to better neighbours until the search budget is spent."""
    best = problem.space.sample(rng)
    try:
        value = problem.objective.value(problem.evaluate(best))
        problem.recommend(best)
        improved = True
        while improved:
            improved = False
            for graph in problem.space.neighbours(best, rng):
                other = problem.objective.value(problem.evaluate(graph))
                if other > value:
                    best, value, improved = graph, other, True
                    problem.recommend(best)
                    break
    except ttg.BudgetExhausted:
        pass
    return best


def main() -> None:
    """Runs, prints the table and the verdict, writes the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--seeds", type=int, default=5, help="runs per method; with fewer than five there is no verdict"
    )
    parser.add_argument("--problems", nargs="*", default=["sanity-qa", "math-18u"])
    arguments = parser.parse_args()
    suite = ttg.load_suite("synthetic-v1")
    results = ttg.run(
        [my_search, "random_search", "single_model"], suite, problems=arguments.problems, seeds=arguments.seeds
    )
    print(results)
    print()
    print(ttg.compare(results, "my_search", "random_search"))
    print(f"\nThe page: {results.report('own_method.html')}")


if __name__ == "__main__":
    main()
