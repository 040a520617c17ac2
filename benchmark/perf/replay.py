"""How many recorded evaluations a second: an 8-node graph on 100 questions, no engine.

    python benchmark/perf/replay.py [--graphs 50] [--seconds 2]

Prints JSON. "cold": first sight of graph and rows, read from SQLite; "warm": the same Graph objects again; "rebuilt":
equal Graph objects made anew from JSON before each evaluation, parsing and validation not counted; "parsed": counted.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from ttgbench.engines.base import Sampling
from ttgbench.evaluate.generation_evaluator import GenerationEvaluator
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.graph import Graph, Node
from ttgbench.testing import ScriptedEngine, ToyTask, toy_pool

QUESTIONS, UNIVERSE, SPLIT = 100, 0, "search"


def eight_nodes(number: int) -> Graph:
    """Three assistants, three refining each what two of them said, a fuser and a vote; models differ by number."""
    models = ["small" if number >> bit & 1 else "large" for bit in range(7)]
    nodes = [Node(f"n{n}", "fuser" if n == 6 else "assistant", model) for n, model in enumerate(models)]
    edges = [(0, 3), (1, 3), (1, 4), (2, 4), (2, 5), (0, 5), (3, 6), (4, 6), (5, 6), (3, 7), (4, 7), (6, 7)]
    return Graph([*nodes, Node("n7", "vote", None)], [(f"n{a}", f"n{b}") for a, b in edges])


def rate(evaluator: GenerationEvaluator, graphs: Iterable[Graph], seconds: float) -> float:
    """Evaluations a second; the time it takes to draw the next graph is not counted."""
    spent = count = 0.0
    for graph in graphs:
        started = time.perf_counter()
        evaluator.evaluate([graph], range(QUESTIONS), UNIVERSE, SPLIT)
        spent += time.perf_counter() - started
        count += 1
        if spent >= seconds:
            break
    return round(count / spent, 1)


def measure(folder: Path, count: int, seconds: float) -> dict[str, object]:
    """All four rates on a fresh store in `folder`."""
    task, pool, sampling = ToyTask(QUESTIONS), toy_pool(), Sampling(max_tokens=16)
    graphs = [eight_nodes(number) for number in range(count)]
    path = folder / "store.sqlite"
    engine = ScriptedEngine(lambda request: f"thinking {'.' * (request.seed % 400)} {request.seed % 19}", slots=64)
    with Store(path) as store:
        recorder = GenerationEvaluator(task, pool, sampling, store, {"small": engine, "large": engine})
        started = time.perf_counter()
        recorder.evaluate(graphs, range(QUESTIONS), UNIVERSE, SPLIT)
        recorded_in = time.perf_counter() - started
        recorder.close()
    with Store(path, read_only=True) as store:
        replay = GenerationEvaluator(task, pool, sampling, store)
        cold = rate(replay, graphs, seconds=600)
        warm = rate(replay, itertools.cycle(graphs), seconds)
        texts = [graph.to_json() for graph in graphs]
        rebuilt = rate(replay, map(Graph.from_json, itertools.cycle(texts)), seconds)
        started, parsed = time.perf_counter(), 0
        for text in itertools.cycle(texts):
            replay.evaluate([Graph.from_json(text)], range(QUESTIONS), UNIVERSE, SPLIT)
            parsed += 1
            if (elapsed := time.perf_counter() - started) >= seconds:
                break
        replay.close()
        generations = store.info().generations
    return {
        "graphs": count,
        "questions": QUESTIONS,
        "generations": generations,
        "recorded_per_second": round(generations / recorded_in, 1),
        "evaluations_per_second": {
            "cold": cold,
            "warm": warm,
            "rebuilt": rebuilt,
            "parsed": round(parsed / elapsed, 1),
        },
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=50, help="distinct graphs, at most 128")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each rate")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), min(arguments.graphs, 128), arguments.seconds), indent=2))


if __name__ == "__main__":
    main()
