"""Mixture of agents at matched budget: layers of proposers, each reading the whole layer before, and an aggregator."""

from collections.abc import Iterator
from itertools import chain

import numpy as np

from ttgbench import Graph, Problem
from ttgbench.baselines import best_candidate, smallest_first
from ttgbench.shapes import layered, single

LAYERS = (1, 2, 3)
"""Layers of proposers before the aggregator; the paper uses two or three."""


def teams(names: list[str], largest: int) -> Iterator[tuple[str, ...]]:
    """Who proposes: the k smallest models, the k largest, or k samples of one; big teams first."""
    for size in range(largest, 1, -1):
        yield from dict.fromkeys([tuple(names[:size]), tuple(names[-size:])] if size <= len(names) else [])
        yield from ((name,) * size for name in names)


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Evaluates mixtures, few layers first, until all are known or the search budget is spent."""
    space, names = problem.space, [card.name for card in smallest_first(problem)]
    largest = min(space.max_width, space.max_in_degree, space.max_nodes - 1)
    graphs = (
        layered([team] * layers, aggregator)
        for layers in LAYERS
        for team in teams(names, largest)
        if len(team) * layers < space.max_nodes
        for aggregator in names
    )
    return best_candidate(problem, chain(graphs, map(single, names)))
