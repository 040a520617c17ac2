"""Search agents that need no language model: one that knows a simulated problem's true values, one that is mute.

They bound what an agent can bring to the methods of arXiv 2511.00086. The oracle names the best mixes, graphs and
tables that a search of some hundred graphs on expected values finds; for the methods of open spaces it names the graph
that the suite's own anchor stands for. It reads no insight, so it says nothing of what insights in a prompt are worth.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from ttgbench.evaluate.synthetic.evaluator import SyntheticEvaluator
from ttgbench.graphs.graph import Graph, Node
from ttgbench.methods.solvers.agent_reinforce import MOST_CHANGES, SLOTS
from ttgbench.methods.solvers.frame import Frame
from ttgbench.methods.solvers.mixes import FINAL, Mix, exact_mixes, fits, node_budget
from ttgbench.methods.solvers.paper import Search
from ttgbench.methods.solvers.paper_rules import KINDS, edit
from ttgbench.methods.solvers.probabilistic import Slots
from ttgbench.models.pool import load_pool
from ttgbench.problems.family.yardstick import Yardstick
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.views import Reply
from ttgbench.run.context import ProblemContext

STAGES = (1, 4, 16)
"""Draws of the test questions at each stage of the oracle's own search; none is a draw that runs are scored by."""
MIXES, FEW, MANY = 10, 24, 100
"""Mixes that are looked at more closely, and graphs of one mix: at first, and of the two best."""
SURE, HARDLY = 0.95, 0.02
WRITTEN = 400
"""Tokens of a reply."""


@dataclass
class Champions:
    """The best graphs known of the paper's skeleton: nodes that spend the node budget before a fixed final node."""

    context: ProblemContext
    budget: NodeBudget
    _known: dict[Mix, tuple[Graph | None, float]] = field(default_factory=dict)
    _ranked: list[Mix] = field(default_factory=list)

    def __post_init__(self) -> None:
        evaluator = self.context.evaluator
        assert isinstance(evaluator, SyntheticEvaluator)
        self._yardstick = Yardstick(evaluator, self.context.spec.objective, STAGES, 1)

    def ranking(self) -> list[Mix]:
        """Mixes, best first, as far as they were looked at."""
        if not self._ranked:
            space, budget = self.context.space, self.budget
            mixes = [m for m in exact_mixes(budget.prices, budget.limit) if fits(space, m, budget.final)]
            likely = sorted(mixes, key=lambda mix: -self._star(mix))[:MIXES]
            better = sorted(likely, key=lambda mix: -self.of(mix, FEW)[1])
            for mix in better[:2]:
                del self._known[mix]
                self.of(mix, MANY)
            self._ranked = sorted(better, key=lambda mix: -self._known[mix][1])
        return self._ranked

    def best(self) -> Graph | None:
        """The best of all mixes."""
        ranking = self.ranking()
        return self._known[ranking[0]][0] if ranking else None

    def _star(self, mix: Mix) -> float:
        frame = Frame(self.context.space, self.budget, sum(mix))
        graphs = [_drawn(frame, mix, edge, np.random.default_rng(0)) for edge in (HARDLY, 0.3)]
        return max((self._yardstick.value(graph, 0) for graph in graphs if graph is not None), default=-1.0)

    def of(self, mix: Mix, proposals: int = FEW) -> tuple[Graph | None, float]:
        """The best graph of a mix, None if none fits, and its value: random graphs, then edits of the best."""
        if mix not in self._known:
            frame, rng = Frame(self.context.space, self.budget, sum(mix)), np.random.default_rng([7, *mix])
            view = cast(Search, SimpleNamespace(frame=frame, rng=rng))
            values: dict[Graph, float] = {}
            for turn in range(proposals):
                elite = sorted(values, key=lambda graph: -values[graph])[:4]
                if turn < proposals // 3 or not elite:
                    graph = _drawn(frame, mix, rng.random() ** 2, rng)
                else:
                    parent = elite[int(rng.integers(len(elite)))]
                    kinds = [*KINDS, "swap"]
                    kind = kinds[int(rng.integers(len(kinds)))]
                    graph = _swapped(parent, frame, rng) if kind == "swap" else edit(kind, parent, view)
                if graph is not None and graph not in values and frame.mix_of(graph) == mix:
                    values[graph] = self._yardstick.value(graph, 0)
            for stage, keep in ((0, 6), (1, 2), (2, 1)):
                values = {g: self._yardstick.value(g, stage) for g in values}
                values = dict(sorted(values.items(), key=lambda entry: -entry[1])[:keep])
            self._known[mix] = next(iter(values.items()), (None, -1.0))
        return self._known[mix]


def _drawn(frame: Frame, mix: Mix, edge: float, rng: np.random.Generator) -> Graph | None:
    return frame.graph(frame.draw(frame.tables(edge), rng, mix), rng)


def _swapped(graph: Graph, frame: Frame, rng: np.random.Generator) -> Graph | None:
    """Two nodes change models."""
    inner = [node for node in graph.nodes if node.id != FINAL]
    if len({node.model for node in inner}) < 2:
        return None
    one = inner[int(rng.integers(len(inner)))]
    others = [node for node in inner if node.model != one.model]
    other = others[int(rng.integers(len(others)))]
    models = {one.id: other.model, other.id: one.model}
    nodes = [Node(node.id, node.role, models.get(node.id, node.model)) for node in graph.nodes]
    swapped = Graph(nodes, graph.edges)
    return swapped if frame.space.contains(swapped) is None else None


class Mute:
    """An Agent that says nothing of use, billed for what it reads: what a method is where its agent fails."""

    def __init__(self) -> None:
        self.card = load_pool("paper")["llama-3.1-8b"]

    def worst_case(self, messages: Any) -> tuple[int, int]:
        """Tokens in and out."""
        return sum(len(turn["content"]) for turn in messages) // 3, WRITTEN

    def ask(self, messages: Any, schema: Any, universe: int, repeat: int) -> Reply:
        """See `Agent.ask`."""
        return Reply("I cannot tell.", self.worst_case(messages)[0], WRITTEN)


class Oracle(Mute):
    """An Agent that names what is best known; billed as an 8B model that reads the prompt and writes 400 tokens.

    champions: of this instance, by model of the final node; filled as they are needed.
    """

    def __init__(self, context: ProblemContext, best: Graph, champions: dict[str, Champions]) -> None:
        super().__init__()
        self._context, self._best, self._champions = context, best, champions
        self._turn = 0

    def ask(self, messages: Any, schema: Any, universe: int, repeat: int) -> Reply:
        """See `Agent.ask`."""
        text = "\n".join(turn["content"] for turn in messages)
        said = getattr(self, f"_{schema['title'].lower()}")(text)
        return Reply(json.dumps(said), self.worst_case(messages)[0], WRITTEN)

    def _of(self, final: str | None) -> Champions:
        budget = node_budget(self._context.space)
        assert budget is not None
        if final is not None:
            budget = replace(budget, final=final)
        return self._champions.setdefault(budget.final, Champions(self._context, budget))

    def _pick(self, text: str) -> dict[str, Any]:
        mixes = [self._mix(line) for line in re.findall(r"^\d+: (\d+ x .*)$", text, re.MULTILINE)]
        listed = [mixes.index(mix) for mix in self._of(None).ranking() if mix in mixes]
        first, second = [*listed, 0, 0][:2]
        return {"first": first, "second": second}

    def _nextgraph(self, text: str) -> dict[str, Any]:
        count = len(set(re.findall(r"^(n\d+): ", text, re.MULTILINE)))
        champions = self._of(re.findall(rf"^{FINAL}: ([\w.-]+),", text, re.MULTILINE)[-1])
        required = re.findall(r"must run: (.*)\.$", text, re.MULTILINE)
        graph = champions.of(self._mix(required[-1]))[0] if required else self._of_size(champions, count)
        if graph is None:
            return {}
        there = {node.id: node for node in graph.nodes}
        blank = self._context.space.pool.smallest.name
        ids = [f"n{number}" for number in range(count)]
        nodes = [
            {"id": i, "role": there[i].role, "model": there[i].model, "reads": list(graph.predecessors(i))}
            if i in there
            else {"id": i, "role": "assistant", "model": blank, "reads": []}
            for i in ids
        ]
        kinds = [
            {"node": i, "name": name, "probability": SURE}
            for i in ids
            if i in there
            for name in (there[i].role, there[i].model)
        ]
        reads = list(graph.predecessors(FINAL))
        return {"feedback": "", "nodes": nodes, "final_reads": reads, "edges": _entries(graph, ids), "kinds": kinds}

    def _newtables(self, text: str) -> dict[str, Any]:
        ids = sorted(set(re.findall(r"^(n\d+): ", text, re.MULTILINE)))
        graph = self._of_size(self._of(None), len(ids))
        if graph is None:
            return {"edges": []}
        kinds = [{"node": n.id, "name": n.role, "probability": SURE} for n in graph.nodes if n.id != FINAL]
        return {"edges": _entries(graph, ids), "kinds": kinds}

    def _gradient(self, text: str) -> dict[str, Any]:
        """Some more of the changes that make the best graph known of the open space likely, in turn."""
        slots = Slots(self._context.space, SLOTS)
        draw = slots.encode(self._best, np.random.default_rng(0))
        if draw is None:
            return {"feedback": "", "changes": []}
        used = np.flatnonzero(draw.edges.any(axis=1) | (np.arange(slots.count) == slots.count - 1)).tolist()
        changes: list[dict[str, Any]] = []
        for i in used:
            named = (("role", slots.roles[draw.roles[i]]), ("model", slots.models[draw.models[i]]))
            changes += [{"what": what, "slot": i, "name": name, "probability": SURE} for what, name in named]
        changes += [
            {"what": "edge", "slot": i, "to": j, "probability": SURE if draw.edges[i, j] else HARDLY}
            for i, j in np.argwhere(slots.upper).tolist()
            if i in used or j in used
        ]
        start, self._turn = self._turn * MOST_CHANGES % len(changes), self._turn + 1
        return {"feedback": "", "changes": [*changes[start:], *changes[:start]][:MOST_CHANGES]}

    def _of_size(self, champions: Champions, count: int) -> Graph | None:
        """The best graph of so many nodes."""
        budget, space = champions.budget, self._context.space
        known = [mix for mix in champions.ranking() if sum(mix) == count]
        mixes = known or [
            mix
            for mix in exact_mixes(budget.prices, budget.limit)
            if sum(mix) == count and fits(space, mix, budget.final)
        ]
        return max((champions.of(mix) for mix in mixes[:4]), key=lambda found: found[1], default=(None, 0.0))[0]

    def _mix(self, text: str) -> Mix:
        counts = {name: int(number) for number, name in re.findall(r"(\d+) x ([\w.-]+)", text)}
        return tuple(counts.get(name, 0) for name in self._context.space.pool.names)


def _entries(graph: Graph, ids: list[str]) -> list[dict[str, Any]]:
    edges = set(graph.edges)
    return [
        {"source": a, "target": b, "probability": SURE if (a, b) in edges else HARDLY}
        for a in ids
        for b in (*ids, FINAL)
        if a != b
    ]
