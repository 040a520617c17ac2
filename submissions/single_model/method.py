"""The best single model on the search questions: the baseline that every graph must beat."""

from ttgbench.baselines import best_candidate, smallest_first
from ttgbench.shapes import single


def search(problem, rng):
    """Evaluates each model alone and keeps the best."""
    return best_candidate(problem, (single(card.name) for card in smallest_first(problem)))
