"""A search method in ten lines: hill climbing from a random graph."""

from ttgbench import BudgetExhausted


def search(problem, rng):
    """Moves to a random neighbour whenever it scores at least as well."""
    graph = problem.space.sample(rng)
    problem.recommend(graph)
    try:
        value = problem.objective.value(problem.evaluate(graph))
        while True:
            move = next(iter(problem.space.neighbours(graph, rng)))
            move_value = problem.objective.value(problem.evaluate(move))
            if move_value >= value:
                graph, value = move, move_value
                problem.recommend(graph)
    except BudgetExhausted:
        return graph
