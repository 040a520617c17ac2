"""Makes the anchors of a suite of simulated problems: best single model, and optimum or best-known graph.

    python benchmark/reference/anchors.py synthetic-v1 [--minutes 3] [--jobs 2] [--problem NAME ...] [--runs FOLDER]

For maintainers, once per version of a suite. Spaces of up to 20,000 graphs are enumerated. In larger ones several
strategies share the time, and the best graphs of earlier anchors, of the task's earlier problems and of the runs in a
folder take part. Prints a line of JSON per problem.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from ttgbench.errors import InputError
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import chain, parallel_chains, single
from ttgbench.problems.anchors import Anchor, AnchorFile, anchor_path
from ttgbench.problems.family.yardstick import Yardstick
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.suite import load_suite
from ttgbench.run.results import read_results
from ttgbench.run.session import Session

STAGES, FINAL = (2, 8, 64, 512), 2048
"""Universes of each stage of a search, and of a published value."""
ENUMERABLE = 20_000
SLACK = 0.02
"""How far below the elite a graph may look in one stage and still be looked at in the next."""
ELITE = 20
FINALISTS = 8
METHOD = (
    f"Spaces of up to {ENUMERABLE:,} graphs: every graph, the better ones stage by stage "
    f"({', '.join(map(str, STAGES))} universes of the test split). Larger ones: named shapes, random sampling, "
    "evolution by one to three moves, local search from the elite, and mixtures of models, under the same stages. "
    f"Values: {FINAL:,} fresh universes."
)


def climb(yardstick: Yardstick, graph: Graph) -> bool:
    """Takes a graph through the stages as long as it keeps up; True if it reached the third."""
    for stage in (0, 1):
        value = yardstick.value(graph, stage)
        elite = yardstick.best(stage + 1, ELITE)
        if len(elite) == ELITE and value < yardstick.value(elite[-1], stage + 1) - SLACK / (1 + stage):
            return False
    yardstick.value(graph, 2)
    return True


def shapes(space: SearchSpace) -> Iterator[Graph]:
    """Named shapes of one model, with each sink."""
    for model in space.pool.names:
        yield single(model)
        for depth in range(2, space.max_depth + 1):
            yield chain(model, depth)
        for width in range(2, space.max_width + 1):
            for depth in range(1, space.max_depth):
                if "vote" in space.roles:
                    yield parallel_chains(model, width, depth)
                for sink in space.pool.names:
                    if width * depth < space.max_nodes:
                        yield parallel_chains(model, width, depth, "fuser", sink)


def mixture(space: SearchSpace, rng: np.random.Generator) -> Graph:
    """Samples of two or three random models, perhaps refined, into a random sink."""
    models = rng.choice(space.pool.names, size=int(rng.integers(2, 4)))
    width = int(rng.integers(2, space.max_width + 1))
    first = [Node(f"a{i}", "assistant", str(rng.choice(models))) for i in range(width)]
    nodes, edges, last = list(first), [], first
    if rng.random() < 0.5:
        last = [Node(f"b{i}", "assistant", str(rng.choice(models))) for i in range(int(rng.integers(1, width + 1)))]
        edges += [(a.id, last[i % len(last)].id) for i, a in enumerate(first)]
        nodes += last
    role = str(rng.choice([r for r in space.roles if r != "assistant"]))
    nodes.append(Node("s", role, None if role == "vote" else str(rng.choice(models))))
    return Graph(nodes, [*edges, *[(node.id, "s") for node in last]])


def moved(space: SearchSpace, graph: Graph, rng: np.random.Generator) -> Graph:
    """A graph that is one to three moves away."""
    for _ in range(int(rng.integers(1, 4))):
        graph = next(space.neighbours(graph, rng), graph)
    return graph


def proposals(space: SearchSpace, yardstick: Yardstick, rng: np.random.Generator) -> Iterator[Graph]:
    """Without end: named shapes first, then the strategies in turn."""
    named = list(shapes(space))
    yield from (named[i] for i in rng.permutation(len(named)))
    yield from (space.sample(rng) for _ in range(300))
    for turn in range(10**9):
        elite = yardstick.best(2, ELITE) or yardstick.best(0, ELITE)
        yield from (mixture(space, rng) for _ in range(20))
        yield from (space.sample(rng) for _ in range(20))
        yield from (moved(space, elite[int(len(elite) * rng.random() ** 2)], rng) for _ in range(100))
        yield from itertools.islice(space.neighbours(elite[turn % len(elite)], rng), 200)


def anchors_of(label: str, names: list[str], minutes: float, known: list[Graph]) -> dict[str, dict[str, object]]:
    """Anchors of problems of one task, each with the best graphs of those before; prints what finding them took."""
    suite, found = load_suite(label), {}
    if suite.anchors is not None:
        known = [Graph.from_dict(old.one_graph) for old in suite.anchors.values()] + known
    with Session(None, None) as session:
        for spec in (spec for spec in suite.problems if spec.name in names):
            started, context = time.monotonic(), session.context(suite, spec)
            assert isinstance(context.evaluator, SyntheticEvaluator)
            yardstick = Yardstick(context.evaluator, spec.objective, STAGES, FINAL)
            kind = _fill(context.space, yardstick, minutes, known)
            known += yardstick.best(2, ELITE)
            new, facts = _anchor(context.space, yardstick, kind)
            if new is not None:
                found[spec.name] = new.to_dict()
            seconds = round(time.monotonic() - started)
            print(json.dumps({"problem": spec.name, **facts, "seconds": seconds}), flush=True)
    return found


def _anchor(space: SearchSpace, yardstick: Yardstick, kind: str) -> tuple[Anchor | None, dict[str, object]]:
    """Settles what is best, and measures it and the best single model in fresh universes; None if they are the same."""
    best = max(yardstick.best(2, FINALISTS), key=lambda graph: yardstick.value(graph, 3))
    singles = [graph for graph in map(single, space.pool.names) if space.contains(graph) is None]
    alone = max(singles, key=lambda graph: yardstick.value(graph, 2))
    (one, error), (zero, _) = yardstick.final(best), yardstick.final(alone)
    facts = {"zero": round(zero, 6), "one": round(one, 6), "kind": kind}
    graphs = {"zero_graph": alone.canonical().to_dict(), "one_graph": best.canonical().to_dict()}
    anchor = Anchor.model_validate({**facts, **graphs}) if zero < one else None
    return anchor, {**facts, "error": round(error, 6), "graphs": len(yardstick.graphs), "one_is": _words(best)}


def _fill(space: SearchSpace, yardstick: Yardstick, minutes: float, known: list[Graph]) -> str:
    """Values of all that is worth a value; whether that was everything."""
    try:
        graphs = list(space.enumerate(ENUMERABLE)) if space.max_nodes <= 5 else []
    except InputError:
        graphs = []
    if graphs:
        for graph in graphs:
            yardstick.value(graph, 0)
        for graph in yardstick.best(0, len(graphs) // 4):
            yardstick.value(graph, 1)
        for graph in yardstick.best(1, 5 * ELITE):
            yardstick.value(graph, 2)
        return "optimum"
    deadline, rng = time.monotonic() + 60 * minutes, np.random.default_rng(0)
    for graph in itertools.chain(known, proposals(space, yardstick, rng)):
        if time.monotonic() > deadline:
            return "best-known"
        if graph.key not in yardstick.values[0] and space.contains(graph) is None:
            climb(yardstick, graph)
    return "best-known"


def tested(folder: Path | None, task: str) -> list[Graph]:
    """Every graph that runs on a task ended with or recommended and that was tested, once."""
    results = [] if folder is None else [result for result in read_results(folder) if result.task == task]
    graphs = {score.key: score.graph for result in results for score in result.test}
    return [Graph.from_dict(graph) for graph in graphs.values()]


def _words(graph: Graph) -> str:
    """Levels of a graph, for people."""
    levels = [[f"{graph[n].role[0]}:{graph[n].model or ''}" for n in level] for level in graph.levels]
    return " > ".join(" ".join(sorted(level)) for level in levels)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite")
    parser.add_argument("--minutes", type=float, default=3.0, help="per problem")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=Path, help="folder of results whose tested graphs take part")
    parser.add_argument("--problem", action="append", help="only these; the others keep their anchors")
    arguments = parser.parse_args()
    suite = load_suite(arguments.suite)
    names = arguments.problem or [spec.name for spec in suite.problems]
    kept = {} if suite.anchors is None else {name: found.to_dict() for name, found in suite.anchors.items()}
    if missing := [spec.name for spec in suite.problems if spec.name not in {*names, *kept}]:
        parser.error(f"there are no anchors yet for {', '.join(missing)}: leave --problem out")
    by_task: dict[str, list[str]] = {}
    for spec in suite.problems:
        if spec.name in names:
            by_task.setdefault(spec.task, []).append(spec.name)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        tasks = [
            pool.submit(anchors_of, arguments.suite, group, arguments.minutes, tested(arguments.runs, task))
            for task, group in by_task.items()
        ]
        for done in tasks:
            kept |= done.result()
    if missing := [spec.name for spec in suite.problems if spec.name not in kept]:
        parser.error(f"nothing better than a single model was found for {', '.join(missing)}: change these problems")
    problems = {spec.name: kept[spec.name] for spec in suite.problems}
    frozen = AnchorFile.model_validate({"schema": 1, "suite": suite.label, "method": METHOD, "problems": problems})
    anchor_path(suite.label).write_text(frozen.to_json(), "utf-8")


if __name__ == "__main__":
    main()
