"""How many synthetic evaluations a second: eight-node graphs on 200 questions, one core, each graph seen once.

    python benchmark/perf/synthetic.py [--graphs 2000] [--syne-tune PYTHON] [--growth]

Prints JSON; rates are per second of processor time. "uncached": graphs drawn from the search space, none evaluated
before; canonical order and node keys are computed inside the measured call. "again": the same graphs in another
universe. "problem": through `problem.evaluate`, with its checks, billing and log. "share": of the uncached time.
PYTHON: an interpreter that has syne-tune, which then makes its simulated evaluations in the same run.
--growth: microseconds per question of larger graphs, pools and splits instead, on an instance of the family.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ttgbench.evaluate.synthetic.coefficients import Coefficients
from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.evaluate.synthetic.family import DOMAIN, VERSION, draw_instance
from ttgbench.evaluate.synthetic.strata import STRATA
from ttgbench.evaluate.synthetic.task import SyntheticTask
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.keys import node_keys
from ttgbench.models.budget import Budget
from ttgbench.models.pool import Pool, load_pool
from ttgbench.problems.ledger import Ledger
from ttgbench.problems.space.space import SearchSpace
from ttgbench.problems.suite import load_suite
from ttgbench.run.context import ProblemContext
from ttgbench.run.run import RunLog, make_problem

QUESTIONS, NODES = 200, 8
GROWTH = ((8, 8, 200), (16, 8, 200), (32, 8, 200), (8, 64, 200), (8, 8, 2000), (8, 8, 10000))
"""Nodes, models, questions."""


def eight_nodes(space: SearchSpace, count: int, nodes: int = NODES) -> list[Graph]:
    """Distinct graphs, made anew so that nothing about them is known yet."""
    rng = np.random.default_rng(0)
    found: dict[str, Graph] = {}
    while len(found) < count:
        graph = space.sample(rng)
        if len(graph.nodes) == nodes:
            found[graph.key] = graph
    return [Graph(graph.nodes, graph.edges) for graph in found.values()]


def seconds(act: Callable[[Graph], Any], graphs: Iterable[Graph]) -> float:
    """Processor seconds per graph."""
    started, count = time.process_time(), 0
    for graph in graphs:
        act(graph)
        count += 1
    return (time.process_time() - started) / count


def problem_seconds(space: SearchSpace, graphs: list[Graph]) -> float:
    """The same through the interface that a method uses, without a limit."""
    suite = load_suite("synthetic-v1")
    task = SyntheticTask("synthetic_math")
    questions = task.questions("search")[:QUESTIONS]
    evaluator = SyntheticEvaluator(task, space.pool)
    context = ProblemContext(suite, suite.problems[-1], task.card, space, questions, questions, evaluator)
    return seconds(make_problem(context, 0, Ledger(None), RunLog(io.StringIO())).evaluate, graphs)


def measure(count: int) -> dict[str, Any]:
    """All rates."""
    task, pool = SyntheticTask("synthetic_math"), load_pool("synthetic")
    space = SearchSpace(pool, task.card.lengths, Budget.parse("80 units"), max_nodes=NODES)
    graphs = eight_nodes(space, count)
    evaluator = SyntheticEvaluator(task, pool)
    evaluator.evaluate([Graph([graphs[0].nodes[0]])], range(QUESTIONS), 0, "search")  # its tables are made once
    uncached = seconds(lambda graph: evaluator.evaluate([graph], range(QUESTIONS), 0, "search"), graphs)
    again = seconds(lambda graph: evaluator.evaluate([graph], range(QUESTIONS), 1, "search"), graphs)
    fresh = [Graph(graph.nodes, graph.edges) for graph in graphs]
    order = seconds(lambda graph: graph.order, fresh)
    keys = seconds(lambda graph: node_keys(graph, evaluator.key_context), fresh)
    through = problem_seconds(space, [Graph(graph.nodes, graph.edges) for graph in graphs])
    return {
        "graphs": count,
        "nodes": NODES,
        "questions": QUESTIONS,
        "evaluations_per_second": {
            "uncached": round(1 / uncached, 1),
            "again": round(1 / again, 1),
            "problem": round(1 / through, 1),
        },
        "share": {"canonical_order": round(order / uncached, 3), "node_keys": round(keys / uncached, 3)},
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
    }


def growth(count: int) -> list[dict[str, Any]]:
    """New graphs of up to 32 nodes, from pools of up to 64 models, on up to 10,000 questions."""
    rows = []
    for nodes, models, questions in (
        (8, 8, 200),
        (16, 8, 200),
        (32, 8, 200),
        (8, 64, 200),
        (8, 8, 2000),
        (8, 8, 10000),
    ):
        task, pool, numbers = larger(models, questions)
        space = SearchSpace(pool, task.card.lengths, Budget.parse("1000 units"), max_nodes=nodes, max_width=16)
        graphs = eight_nodes(space, count, nodes)
        evaluator = SyntheticEvaluator(task, pool, numbers)
        evaluator.evaluate([Graph([graphs[0].nodes[0]])], range(questions), 0, "search")
        each = seconds(lambda graph, e=evaluator, n=questions: e.evaluate([graph], range(n), 0, "search"), graphs)  # type: ignore[misc]
        size = {"nodes": nodes, "models": models, "questions": questions}
        rows.append({**size, "milliseconds": round(1000 * each, 3), "evaluations_per_second": round(1 / each, 1)})
    return rows


def larger(models: int, questions: int) -> tuple[SyntheticTask, Pool, Coefficients]:
    """An instance of the family with more models, which are copies under other names, and more questions."""
    instance = draw_instance(STRATA["fuse-vote-small-high"], "perf", 1)
    numbers, cards = instance.coefficients, instance.pool.models
    copies = {f"m{i + 1}": cards[i % len(cards)] for i in range(models)}
    pool = Pool(name="larger", models=tuple(card.model_copy(update={"name": name}) for name, card in copies.items()))
    abilities = {name: numbers.abilities[card.name] for name, card in copies.items()}
    sizes = {"search": questions, "test": questions}
    task = SyntheticTask.drawn("larger", DOMAIN, numbers.domains[DOMAIN], VERSION, "larger", sizes)
    return task, pool, replace(numbers, abilities=abilities)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--syne-tune", metavar="PYTHON", help="interpreter that can import syne_tune")
    parser.add_argument("--growth", action="store_true", help="how time grows with nodes, models and questions")
    arguments = parser.parse_args()
    if arguments.growth:
        print(json.dumps(growth(200), indent=1))
        return
    figures = measure(min(arguments.graphs, 4000))
    if arguments.syne_tune:
        script = Path(__file__).with_name("syne_tune_blackbox.py")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run([arguments.syne_tune, script], env=environment, stdout=subprocess.PIPE, check=True)
        figures["syne_tune"] = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
