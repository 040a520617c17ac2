"""What the parts of Agent-REINFORCE are worth on simulated problems: switch by switch, with rules and with an oracle.

    python benchmark/reference/paper_ablations.py --seeds 4 runs/paper-ablations.jsonl

Each line of the file is one run; a second start goes on where the first stopped. The oracle stands for an agent that
knows the landscape: of some random graphs that it may write it takes the one that is best on other draws of the test
questions. It reads no insight, so it says nothing about what insights in a prompt are worth; the rules do use them.
Prints accuracy on test questions after half a full evaluation and at the end, each minus the reference of its group.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from ttgbench.evaluate.base import TEST_UNIVERSE
from ttgbench.graphs.graph import Graph
from ttgbench.methods.solvers import maao, textgrad
from ttgbench.methods.solvers.agent_reinforce import RuleAdviser, reinforce
from ttgbench.methods.solvers.frame import Frame
from ttgbench.methods.solvers.gptswarm import as_released
from ttgbench.methods.solvers.mixes import FINAL, Mix, node_budget
from ttgbench.methods.solvers.paper import PAPER, TEXTGRAD, AgentWriter, Variant, reinforce_graphs
from ttgbench.methods.solvers.paper_rules import RuleWriter
from ttgbench.models.pool import load_pool
from ttgbench.problems.ledger import Ledger
from ttgbench.problems.method import load_method
from ttgbench.problems.problem import Problem
from ttgbench.problems.suite import load_suite
from ttgbench.problems.views import Reply
from ttgbench.run.context import ProblemContext
from ttgbench.run.run import make_problem, method_rng
from ttgbench.run.session import Session

PROBLEMS = ("math-42u", "code-42u", "qa-42u", "math-80u")
POINTS = (0.5, 3.0)
"""Full evaluations after which the incumbent is scored; the last is the search budget."""
UNIVERSES = 4
WIDTH = 8
"""Graphs among which the oracle chooses."""
Search = Callable[[Problem, np.random.Generator], Graph]


class Oracle:
    """An Agent that writes good graphs; billed as an 8B model that reads the prompt and writes 400 tokens."""

    def __init__(self, context: ProblemContext, width: int = WIDTH) -> None:
        self.card = load_pool("paper")["llama-3.1-8b"]
        self._context, self._width = context, width
        self._budget = node_budget(context.space)

    def worst_case(self, messages: Any) -> tuple[int, int]:
        """Tokens in and out."""
        return sum(len(turn["content"]) for turn in messages) // 3, 400

    def ask(self, messages: Any, schema: Any, universe: int, repeat: int) -> Reply:
        """See `Agent.ask`."""
        text = "\n".join(turn["content"] for turn in messages)
        digest = hashlib.sha256(f"{text}{universe}{repeat}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        said = {"Pick": self._pick, "NextGraph": self._graph, "NewTables": self._tables}[schema["title"]](text, rng)
        return Reply(json.dumps(said), self.worst_case(messages)[0], 400)

    def _pick(self, text: str, rng: np.random.Generator) -> dict[str, Any]:
        mixes = [self._mix(line) for line in re.findall(r"^\d+: (\d+ x .*)$", text, re.MULTILINE)]
        worth = [self._best(mix, sum(mix), rng, 2)[1] for mix in mixes]
        first, second = [*np.argsort(worth)[::-1].tolist(), 0][:2]
        return {"first": first, "second": second}

    def _graph(self, text: str, rng: np.random.Generator) -> dict[str, Any]:
        required = re.findall(r"must run: (.*)\.$", text, re.MULTILINE)
        count = len(set(re.findall(r"^(n\d+): ", text, re.MULTILINE)))
        graph, _ = self._best(self._mix(required[-1]) if required else None, count, rng, self._width)
        if graph is None:
            return {}
        there = {node.id: node for node in graph.nodes}
        blank = self._context.space.pool.smallest.name
        nodes = [
            {"id": i, "role": there[i].role, "model": there[i].model, "reads": list(graph.predecessors(i))}
            if i in there
            else {"id": i, "role": "assistant", "model": blank, "reads": []}
            for i in (f"n{number}" for number in range(count))
        ]
        reads = list(graph.predecessors(FINAL))
        return {"feedback": "", "nodes": nodes, "final_reads": reads, "edges": _entries(graph, count)}

    def _tables(self, text: str, rng: np.random.Generator) -> dict[str, Any]:
        count = len(set(re.findall(r"^(n\d+): ", text, re.MULTILINE)))
        graph, _ = self._best(None, count, rng, self._width)
        if graph is None:
            return {"edges": []}
        kinds = [{"node": n.id, "name": n.role, "probability": 0.9} for n in graph.nodes if n.id != FINAL]
        return {"edges": _entries(graph, count), "kinds": kinds}

    def _mix(self, text: str) -> Mix:
        counts = {name: int(number) for number, name in re.findall(r"(\d+) x ([\w.-]+)", text)}
        return tuple(counts.get(name, 0) for name in self._context.space.pool.names)

    def _best(self, mix: Mix | None, count: int, rng: np.random.Generator, width: int) -> tuple[Graph | None, float]:
        assert self._budget is not None
        frame = Frame(self._context.space, self._budget, count)
        drawn = [frame.graph(frame.draw(frame.tables(rng.random()), rng, mix), rng) for _ in range(width)]
        graphs = [graph for graph in drawn if graph is not None and (mix is None or frame.mix_of(graph) == mix)]
        if not graphs:
            return None, 0.0
        found = self._context.evaluator.evaluate(graphs, range(60), TEST_UNIVERSE + 500, "test")
        worth = [self._context.spec.objective.value(evaluation) for evaluation in found]
        return graphs[int(np.argmax(worth))], max(worth)


def _entries(graph: Graph, count: int) -> list[dict[str, Any]]:
    names, edges = [*(f"n{i}" for i in range(count)), FINAL], set(graph.edges)
    return [
        {"source": a, "target": b, "probability": 0.9 if (a, b) in edges else 0.03}
        for a in names[:-1]
        for b in names
        if a != b
    ]


def written_by(writer: type[AgentWriter] | type[RuleWriter], variant: Variant) -> Search:
    """Agent-REINFORCE with a new writer for each run."""
    return lambda problem, rng: reinforce_graphs(problem, rng, writer(), variant)


def methods() -> Mapping[str, Search]:
    """By group and name. The first of a group is its reference."""
    without = {f"without insight {i}": replace(PAPER, insights=PAPER.insights - {i}) for i in (1, 2, 3)}
    switches: dict[str, Variant] = {
        "paper profile": PAPER,
        "graphs drawn from the tables": replace(PAPER, written=False),
        "mix not kept": replace(PAPER, keep_mix=False),
        "mix drawn": replace(PAPER, mix="random", pretest=False),
        "no pre-test": replace(PAPER, pretest=False),
        "elite update 0.4": replace(PAPER, elite=0.4, written=False),
        "all questions a round": replace(PAPER, questions=None),
        "from the best graph": replace(PAPER, take_back=True),
    }
    rules = {**switches, **without, "no insight": replace(PAPER, insights=frozenset())}
    del rules["graphs drawn from the tables"], rules["elite update 0.4"]
    found: dict[str, Search] = {}
    for name, variant in rules.items():
        found[f"rules: {name}"] = written_by(RuleWriter, variant)
    found["rules: ours, elite update"] = lambda p, r: reinforce(p, r, RuleAdviser)
    found["rules: ours, no elite update"] = lambda p, r: reinforce(p, r, RuleAdviser, elite=False)
    found["rules: TextGrad"] = textgrad.by_chance
    found["rules: MaaO"] = lambda p, r: maao.alternate(p, r, maao.by_best)
    found["rules: GPTSwarm as released"] = as_released
    found["rules: random search"] = load_method("random_search").search
    for name, variant in switches.items():
        found[f"oracle: {name}"] = written_by(AgentWriter, variant)
    found["oracle: TextGrad"] = written_by(AgentWriter, TEXTGRAD)
    found["oracle: MaaO"] = lambda p, r: maao.alternate(p, r, maao.by_agent)
    return found


def run(context: ProblemContext, search: Search, seed: int) -> dict[str, Any]:
    """Test accuracy of the incumbent at POINTS, spend in full evaluations, the agent's share of it."""
    events: list[dict[str, Any]] = []
    full = context.search_limit / context.suite.search_evaluations
    ledger = Ledger(int(POINTS[-1] * full))
    agent: Any = Oracle(context)
    problem = make_problem(context, seed, ledger, lambda event: events.append(dict(event)), agent=agent)
    graph = search(problem, method_rng(context.spec.name, seed))
    problem.recommend(graph)
    graphs = {event["key"]: Graph.from_dict(event["graph"]) for event in events if "graph" in event}
    values = []
    for point in POINTS:
        held = [e["key"] for e in events if e["event"] == "recommend" and e["spent"] <= point * full]
        values.append(accuracy(context, graphs[held[-1]]) if held else None)
    spent = dict(ledger.by_category)
    return {"values": values, "spent": ledger.spent / full, "agent": spent.get("agent", 0) / max(1, ledger.spent)}


def accuracy(context: ProblemContext, graph: Graph) -> float:
    """On all test questions in some universes."""
    universes = range(TEST_UNIVERSE, TEST_UNIVERSE + UNIVERSES)
    indices = range(len(context.test_questions))
    found = [context.evaluator.evaluate([graph], indices, universe, "test")[0] for universe in universes]
    return float(np.mean([context.spec.objective.value(evaluation) for evaluation in found]))


def runs(path: Path, seeds: int) -> Iterator[dict[str, Any]]:
    """What the file holds, then what it lacks."""
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    yield from known
    done = {(row["problem"], row["seed"], row["method"]) for row in known}
    suite = load_suite("synthetic-v1")
    path.parent.mkdir(parents=True, exist_ok=True)
    with Session(path.with_suffix(".sqlite"), None) as session, path.open("a") as out:
        contexts = {name: session.context(suite, suite.spec(name)) for name in PROBLEMS}
        for seed in range(seeds):
            for problem, context in contexts.items():
                for name, search in methods().items():
                    if (problem, seed, name) not in done:
                        row = {"problem": problem, "seed": seed, "method": name, **run(context, search, seed)}
                        out.write(json.dumps(row) + "\n")
                        out.flush()
                        yield row


def interval(values: np.ndarray) -> str:
    """Mean with a 95% interval (Student's t over paired runs)."""
    spread = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 1.0
    return f"{values.mean():+.3f} [{values.mean() - spread:+.3f}, {values.mean() + spread:+.3f}]"


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """One line a method: at each point, accuracy and difference to its group's reference, in Markdown."""
    yield f"| method | {' | '.join(f'at {p:g} | minus reference' for p in POINTS)} | spent | agent's share |"
    yield "| --- " * (3 + 2 * len(POINTS)) + "|"
    by = {(row["method"], row["problem"], row["seed"]): row for row in rows}
    for name in dict.fromkeys(row["method"] for row in rows):
        reference = f"{name.split(':')[0]}: paper profile"
        places = [(p, s) for m, p, s in by if m == name and (reference, p, s) in by]
        cells = []
        for i in range(len(POINTS)):
            pairs = [(by[name, *at]["values"][i], by[reference, *at]["values"][i]) for at in places]
            both = np.asarray([pair for pair in pairs if None not in pair], dtype=float).reshape(-1, 2)
            missing = f" ({len(pairs) - len(both)} without a graph)" if len(both) < len(pairs) else ""
            cells.append(f"{both[:, 0].mean():.3f}{missing}" if len(both) else "-")
            cells.append(interval(both[:, 0] - both[:, 1]) if len(both) and name != reference else "")
        spent = np.mean([by[name, *at]["spent"] for at in places])
        share = np.mean([by[name, *at]["agent"] for at in places])
        yield f"| {name} | {' | '.join(cells)} | {spent:.2f} | {share:.0%} |"


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    arguments = parser.parse_args()
    print("\n".join(table(list(runs(arguments.file, arguments.seeds)))))


if __name__ == "__main__":
    main()
