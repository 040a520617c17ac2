"""Best of n at matched budget: n samples of one model, and a fuser of any model that picks from them."""

from itertools import product

from ttgbench.baselines import best_candidate, smallest_first
from ttgbench.shapes import parallel, single


def widest(space, model, judge):
    """As many samples as fit beside this fuser; the model alone if not even two do."""
    for samples in range(min(space.max_nodes - 1, space.max_width, space.max_in_degree), 1, -1):
        graph = parallel(model, samples, sink="fuser", sink_model=judge)
        if space.contains(graph) is None:
            return graph
    return single(model)


def search(problem, rng):
    """Evaluates the widest graph of every pair of models and keeps the best."""
    names = [card.name for card in smallest_first(problem)]
    graphs = dict.fromkeys(widest(problem.space, model, judge) for judge, model in product(names, names))
    return best_candidate(problem, graphs)
