"""What an instance is worth: a reference search on expected values, and whether methods can be told apart on it.

The filter knows neither methods nor their results: it looks at what is to be gained, whether a template gains it all,
how bad random graphs are, and whether noise leaves anything to choose by.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain as joined

import numpy as np

from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.evaluate.synthetic.evaluator import EXACT_QUESTIONS, EXACT_UNIVERSES, SyntheticEvaluator
from ttgbench.evaluate.synthetic.family import Instance
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, parallel_chains, single
from ttgbench.problems.family.record import InstanceRecord
from ttgbench.problems.family.yardstick import Yardstick
from ttgbench.problems.objective import Objective
from ttgbench.problems.space.space import SearchSpace

GAP, TEMPLATE, RANDOM, CEILING = 0.05, 0.85, -3.0, 0.9
"""The filter: least gain of the best graph over the best single model; most of it that a graph of one model gets;
least of it that half of all random graphs get; least of it that is left after choosing by noisy values."""
STAGES, FINAL = (1, 4, 16), 64
"""Universes of all test questions."""
MODELS, RANDOMS, PROPOSALS, ELITE, FINALISTS, TEMPLATES = 4, 30, 240, 6, 6, 3
HOPELESS = 60, 0.03, 0.96
"""After so many proposals, less than this gained, or a template gains more than this of it: not looked at further."""
SLACK = 0.02
"""How far below the elite a graph may look in one universe and still be looked at in more."""
REPEATS, ROUNDS, CANDIDATES = 4, 4, 24
"""The ceiling: CANDIDATES good graphs, each drawn REPEATS times on the search questions; mean of ROUNDS choices."""


def assess(instance: Instance, space: SearchSpace, objective: Objective, attempt: int) -> InstanceRecord:
    """Searches an instance and measures what the filter asks for; deterministic."""
    evaluator = SyntheticEvaluator(instance.task, instance.pool, instance.coefficients)
    yardstick = Yardstick(evaluator, objective, STAGES, FINAL)
    rng = np.random.default_rng(0)
    alone = [graph for graph in map(single, space.pool.names) if space.contains(graph) is None]
    better = sorted(alone, key=lambda graph: -yardstick.value(graph, 1))[:MODELS]
    shapes = (graph for one in better for graph in _templates(space, one.nodes[0].model or ""))
    templates = [*alone, *(graph for graph in shapes if space.contains(graph) is None)]
    randoms = [space.sample(rng) for _ in range(RANDOMS)]
    for graph in joined(templates, randoms, _proposals(space, yardstick, rng, better[:2], templates)):
        if graph.key not in yardstick.values[0]:
            _climb(yardstick, graph)
    zero_graph, zero = _best(yardstick, alone)
    template_graph, template = _best(yardstick, templates)
    one_graph, one = _best(yardstick, [*yardstick.best(2, FINALISTS), template_graph])
    gap = max(one - zero, 1e-9)
    median = float(np.median([yardstick.value(graph, 0) for graph in randoms]))
    finalists = [*yardstick.best(2, FINALISTS), one_graph]
    exact = [max(_exact(yardstick, graph) for graph in graphs) for graphs in (alone, finalists)]
    return InstanceRecord(
        attempt=attempt,
        zero=round(zero, 6),
        one=round(one, 6),
        zero_graph=zero_graph.canonical().to_dict(),
        one_graph=one_graph.canonical().to_dict(),
        template=round((template - zero) / gap, 3),
        random=round((median - zero) / gap, 3),
        ceiling=round((_ceiling(yardstick) - zero) / gap, 3) if one - zero >= GAP else 0.0,
        exact_zero=round(exact[0], 6),
        exact_one=round(exact[1], 6),
    )


def refusal(record: InstanceRecord) -> str | None:
    """Which condition of the filter a record fails first; None if it is fit."""
    if record.one - record.zero < GAP or record.exact_one - record.exact_zero < GAP:
        return "gap"
    if record.template > TEMPLATE:
        return "template"
    if record.random < RANDOM:
        return "random"
    return "ceiling" if record.ceiling < CEILING else None


def _climb(yardstick: Yardstick, graph: Graph) -> None:
    """Takes a graph through the stages as long as it keeps up."""
    for stage in (0, 1):
        value = yardstick.value(graph, stage)
        elite = yardstick.best(stage + 1, ELITE)
        if len(elite) == ELITE and value < yardstick.value(elite[-1], stage + 1) - SLACK / (1 + 2 * stage):
            return
    yardstick.value(graph, 2)


def _best(yardstick: Yardstick, graphs: list[Graph]) -> tuple[Graph, float]:
    """The best of these, found stage by stage, and its value in fresh universes."""
    for stage, keep in ((0, 2 * TEMPLATES), (1, TEMPLATES), (2, 1)):
        graphs = sorted(graphs, key=lambda graph: -yardstick.value(graph, stage))[:keep]
    return graphs[0], yardstick.final(graphs[0])[0]


def _exact(yardstick: Yardstick, graph: Graph) -> float:
    """The value on the exact track."""
    return yardstick.exact(graph, range(TEST_UNIVERSE, TEST_UNIVERSE + EXACT_UNIVERSES), EXACT_QUESTIONS)


def _ceiling(yardstick: Yardstick) -> float:
    """The expected value of the graph that looks best on the search questions: what noise leaves of choosing."""
    graphs = yardstick.best(1, CANDIDATES)
    seen = np.array([yardstick.means(graph, range(REPEATS * ROUNDS), "search") for graph in graphs])
    chosen = seen.reshape(len(graphs), ROUNDS, REPEATS).mean(axis=2).argmax(axis=0)
    return float(np.mean([yardstick.value(graphs[number], 2) for number in chosen]))


def _templates(space: SearchSpace, model: str) -> Iterator[Graph]:
    """Graphs of one model: chains, and parallel chains with each sink."""
    yield from (chain(model, depth) for depth in range(2, space.max_depth + 1))
    widest = min(space.max_width, space.max_in_degree)
    for width in sorted({2, 3, 4, 6, widest}):
        for depth in range(1, min(space.max_depth, 3)):
            if width <= widest and width * depth < space.max_nodes:
                yield parallel_chains(model, width, depth, "fuser")
                if "vote" in space.roles:
                    yield parallel_chains(model, width, depth)


def _proposals(
    space: SearchSpace, yardstick: Yardstick, rng: np.random.Generator, alone: list[Graph], templates: list[Graph]
) -> Iterator[Graph]:
    """Mixtures of models, and moves from the best so far; ends early where these have nothing to gain."""
    for turn in range(PROPOSALS):
        elite = yardstick.best(2, ELITE)
        if turn == HOPELESS[0]:
            gap = yardstick.value(elite[0], 2) - max(yardstick.value(graph, 2) for graph in alone)
            known = yardstick.values[2]
            short = yardstick.value(elite[0], 2) - max([known[g.key] for g in templates if g.key in known], default=0.0)
            if gap < HOPELESS[1] or short < (1 - HOPELESS[2]) * gap:
                return
        if turn % 4 == 0:
            graph = _mixture(space, rng)
        else:
            graph = elite[int(len(elite) * rng.random() ** 2)]
            for _ in range(int(rng.integers(1, 3))):
                graph = next(space.neighbours(graph, rng), graph)
        if space.contains(graph) is None:
            yield graph


def _mixture(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """Samples of two or three random models, perhaps refined, into a random sink."""
    models = rng.choice(space.pool.names, size=int(rng.integers(2, 4)))
    width = int(rng.integers(2, min(space.max_width, space.max_in_degree) + 1))
    first = [Node(f"a{i}", "assistant", str(rng.choice(models))) for i in range(width)]
    nodes, edges, last = list(first), [], first
    if rng.random() < 0.4:
        last = [Node(f"b{i}", "assistant", str(rng.choice(models))) for i in range(int(rng.integers(1, width + 1)))]
        edges += [(a.id, last[i % len(last)].id) for i, a in enumerate(first)]
        nodes += last
    role = str(rng.choice([role for role in space.roles if role != "assistant"]))
    nodes.append(Node("s", role, None if role == "vote" else str(rng.choice(models))))
    return Graph(nodes, [*edges, *[(node.id, "s") for node in last]])
