"""Self-consistency at matched budget: k samples of one model into a vote, k as large as the budget allows."""

from ttgbench.baselines import best_candidate, smallest_first
from ttgbench.shapes import parallel, single


def widest(space, model):
    """The most samples of this model in a vote that the space allows; the model alone where there is no vote."""
    if "vote" in space.roles:
        for samples in range(min(space.max_nodes - 1, space.max_width, space.max_in_degree), 1, -1):
            graph = parallel(model, samples, sink="vote")
            if space.contains(graph) is None:
                return graph
    return single(model)


def search(problem, rng):
    """Evaluates the widest graph of each model and keeps the best."""
    return best_candidate(problem, (widest(problem.space, card.name) for card in smallest_first(problem)))
