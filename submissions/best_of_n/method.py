"""Best of n at matched budget: n samples of one model, and a fuser of any model that picks from them."""

from itertools import product

from ttgbench.baselines import best_candidate, smallest_first, widest


def search(problem, rng):
    """Evaluates the widest graph of every pair of models and keeps the best."""
    names = [card.name for card in smallest_first(problem)]
    pairs = product(names, names)
    graphs = dict.fromkeys(widest(problem.space, model, "fuser", judge) for judge, model in pairs)
    return best_candidate(problem, graphs)
