"""Bayesian optimisation with optuna's tree-structured Parzen estimator, over a description of layered graphs."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ttgbench import BudgetExhausted, Graph, Node, Problem, SearchSpace
from ttgbench.solvers.trials import Trials

STARTUP = 12
"""Random descriptions before the first model."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
CANDIDATES = 12
"""Of so many draws from the estimator the most promising one is taken."""
MOST, BEST, LAST = 40, 14, 14
"""The estimator's time per proposal grows with what it has seen: of MOST, it goes on with the BEST and the LAST."""


def parameters(space: SearchSpace) -> dict[str, Any]:
    """What describes a layered graph, as optuna's distributions."""
    from optuna.distributions import CategoricalDistribution

    models = CategoricalDistribution(space.pool.names)
    inner = [role for role in space.roles if role != "vote"]
    widest = min(space.max_width, space.max_in_degree, max(1, space.max_nodes - 1))
    return {
        "layers": CategoricalDistribution(range(min(4, space.max_depth - 1) + 1)),
        "width": CategoricalDistribution(range(1, widest + 1)),
        "dense": CategoricalDistribution([True, False]),
        "model": models,
        "second model": models,
        "share of the second": CategoricalDistribution(SHARES),
        "inner role": CategoricalDistribution(inner),
        "sink role": CategoricalDistribution(list(space.roles)),
        "sink model": models,
    }


def build(space: SearchSpace, wanted: Mapping[str, Any]) -> Graph | None:
    """The graph of a description, narrowed and then shortened until the space holds it; None if it never does."""
    for layers in range(wanted["layers"], -1, -1):
        for width in range(wanted["width"] if layers else 1, 0, -1):
            if layers * width < space.max_nodes:
                graph = layered(wanted, layers, width)
                if space.contains(graph) is None:
                    return graph
    return None


def layered(wanted: Mapping[str, Any], layers: int, width: int) -> Graph:
    """So many layers of such a width, and a sink that reads the last one."""
    if not layers:
        return Graph([Node("sink", "assistant", wanted["sink model"])])
    second = round(wanted["share of the second"] * width)
    nodes: list[Node] = []
    edges: list[tuple[str, str]] = []
    before: list[str] = []
    for layer in range(layers):
        ids = [f"n{layer}.{i}" for i in range(width)]
        for i, node in enumerate(ids):
            if layer:
                nodes.append(Node(node, wanted["inner role"], wanted["sink model"]))
                edges += [(source, node) for source in (before if wanted["dense"] else [before[i]])]
            else:
                nodes.append(Node(node, "assistant", wanted["second model"] if i < second else wanted["model"]))
        before = ids
    role = wanted["sink role"]
    nodes.append(Node("sink", role, None if role == "vote" else wanted["sink model"]))
    return Graph(nodes, edges + [(source, "sink") for source in before])


def make_study(rng: np.random.Generator, seen: Sequence[Any] = ()) -> Any:
    """A study whose estimator models the parameters jointly. seen: finished trials to start from."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=int(rng.integers(2**31)), n_startup_trials=STARTUP, n_ei_candidates=CANDIDATES, multivariate=True
        )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(seen)
    return study


def remembered(finished: Sequence[Any]) -> list[Any]:
    """The best of these trials, and the last of the others."""
    best = sorted(finished, key=lambda trial: -trial.value)[:BEST]
    numbers = {trial.number for trial in best}
    return best + [trial for trial in finished if trial.number not in numbers][-LAST:]


def search(problem: Problem, rng: np.random.Generator) -> Graph:
    """Asks the estimator for a description, tells it the value, until the search budget is spent.

    Where a description leads to a known graph, a neighbour of that graph is evaluated besides.
    """
    described, trials, study = parameters(problem.space), Trials(problem), make_study(rng)
    try:
        while not trials.stalled:
            finished = study.get_trials(deepcopy=False)
            if len(finished) == MOST:
                study = make_study(rng, remembered(finished))
            trial = study.ask(described)
            graph = build(problem.space, trial.params) or problem.space.sample(rng)
            known = graph in trials.values
            study.tell(trial, trials.value(graph))
            if known:
                trials.value(trials.neighbour(graph, rng) or problem.space.sample(rng))
    except BudgetExhausted:
        pass
    return trials.answer
