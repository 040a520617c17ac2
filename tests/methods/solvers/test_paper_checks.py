"""Held to the code of arXiv 2511.00086 over whole searches: pre-tests, rounds, fallbacks, the final node."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ttgbench.graphs.graph import Graph, Node
from ttgbench.methods.conformance.checks import _Watched
from ttgbench.methods.conformance.toy import Toy
from ttgbench.methods.solvers.frame import Frame
from ttgbench.methods.solvers.mixes import FINAL, variants
from ttgbench.methods.solvers.paper import PAPER, AgentWriter, pretested, reinforce_graphs
from ttgbench.methods.solvers.paper_prompts import INSIGHTS
from ttgbench.methods.solvers.paper_rules import RuleWriter
from ttgbench.problems.method import load_method
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.suite import load_suite
from ttgbench.problems.views import Reply
from ttgbench.testing import toy_pool

ROOMY = Toy(roles=("assistant", "fuser"), budget="60 units", max_nodes=9, questions=20, evaluations=6)
PRICES = (1, 3, 9)


class Scripted:
    """An Agent that answers with what `say` makes of schema and question; keeps the questions."""

    def __init__(self, say):
        self.say, self.asked = say, []
        self.card = toy_pool("ant")["ant"].model_copy(update={"parameters": 10**6, "layers": 1, "hidden_size": 8})

    def worst_case(self, messages):
        return 1, 1

    def ask(self, messages, schema, universe, repeat):
        self.asked.append(list(messages))
        return Reply(self.say(schema["title"], self.asked[-1][-1]["content"]), 1, 1)


def mute(title, question):
    return "I cannot tell."


@pytest.mark.parametrize("best", [(5, 1, 0), (3, 1, 0), (1, 1, 0), (0, 2, 0)])
@pytest.mark.parametrize("seed", range(4))
def test_the_strictly_best_variant_wins_the_pretests_where_the_released_condition_takes_any(best, seed):
    """There, `accuracy - best < eps` holds for each variant, and one of all is drawn."""
    budget, shown = NodeBudget(9, PRICES, "bee"), []

    def values(graphs, questions):
        shown.append(list(questions))
        frame = Frame(ROOMY.space(), budget, 9)
        return [2 / 3 if frame.mix_of(graph) == best else 1 / 3 for graph in graphs]

    batches = SimpleNamespace(
        problem=SimpleNamespace(space=ROOMY.space()), values=values, next=lambda: [4, 7, 2], race=lambda graph: None
    )
    mixes = [(5, 1, 0), (1, 2, 0)]
    candidates = {variant for mix in mixes for variant in variants(mix, PRICES)}
    assert best in candidates
    assert len(candidates) > 4
    assert pretested(batches, budget, mixes, np.random.default_rng(seed)) == best
    assert shown == [[4, 7, 2]], "all variants on the same questions"


def test_each_round_evaluates_what_the_agent_wrote_in_the_round_before_and_shows_it():
    """In each round another number of nodes is read by the final node, the others by the first of these."""
    written = []

    def say(title, question):
        if title == "Pick":
            last = int(re.findall(r"^(\d+): ", question, re.MULTILINE)[-1])
            return json.dumps({"first": last, "second": last})
        required = re.findall(r"must run: (.*)\.$", question, re.MULTILINE)[-1]
        models = [name for count, name in re.findall(r"(\d+) x (\w+)", required) for _ in range(int(count))]
        ids = [f"n{i}" for i in range(len(models))]
        width = 1 + len(written)
        nodes = [{"id": i, "role": "assistant", "model": m, "reads": []} for i, m in zip(ids, models, strict=True)]
        nodes[0]["reads"] = ids[width:]
        written.append({"feedback": "", "nodes": nodes, "final_reads": ids[:width], "edges": []})
        return json.dumps(written[-1])

    agent = Scripted(say)
    sitting = _Watched(ROOMY, 0, agent)
    reinforce_graphs(sitting.problem, np.random.default_rng(0), AgentWriter(), replace(PAPER, rounds=5, pretest=False))
    asks = [line for line, event in enumerate(sitting.events) if event["event"] == "ask"][1:]
    assert len(written) == len(asks) == 5 < len(written[0]["nodes"])
    for number, line in enumerate(asks[:-1]):
        after = next(event for event in sitting.events[line:] if event["event"] == "evaluate")
        said = written[number]
        nodes = [*(Node(n["id"], n["role"], n["model"]) for n in said["nodes"]), Node(FINAL, "assistant", "bee")]
        edges = [(source, n["id"]) for n in said["nodes"] for source in n["reads"]]
        graph = Graph(nodes, [*edges, *((source, FINAL) for source in said["final_reads"])])
        assert (after["key"], after["questions"]) == (graph.key, 3)
        told = agent.asked[number + 2][-1]["content"]
        assert f"{FINAL}: bee, assistant, reads {', '.join(said['final_reads'])}" in told


@pytest.mark.parametrize("method", ["textgrad", "maao"])
def test_where_its_agent_fails_a_control_uses_no_insight_and_measures_no_model(method):
    agent = Scripted(mute)
    sitting = _Watched(ROOMY, 0, agent)
    graph = load_method(method).search(sitting.problem, np.random.default_rng(0))
    assert sitting.problem.space.contains(graph) is None
    assert {event["by"] for event in sitting.events if event["event"] == "decided"} == {"fallback"}
    evaluated = [event["graph"] for event in sitting.events if event["event"] == "evaluate" and "graph" in event]
    assert evaluated
    assert not [graph for graph in evaluated if len(graph["nodes"]) == 1]
    told = "\n".join(turn["content"] for asked in agent.asked for turn in asked)
    assert not [insight for insight in INSIGHTS.values() if insight in told]


def test_where_its_agent_fails_agent_reinforce_draws_and_every_round_is_told_as_a_fallback():
    sitting = _Watched(ROOMY, 0, Scripted(mute))
    reinforce_graphs(sitting.problem, np.random.default_rng(0), AgentWriter(), replace(PAPER, rounds=4))
    decided = [event["by"] for event in sitting.events if event["event"] == "decided"]
    assert decided == ["fallback"] * 5, "the pick and four rounds"


class Fixed(Toy):
    """A toy whose space names a budget of nodes and the final node."""

    def space(self):
        limits = {"max_nodes": 10, "max_width": 9, "max_depth": 10, "max_in_degree": 9}
        return replace(super().space(), nodes=NodeBudget(9, PRICES, "bee"), **limits)


@pytest.mark.parametrize("writer", [RuleWriter, AgentWriter])
@pytest.mark.parametrize(("toy", "final"), [(Toy, "cat"), (Fixed, "bee")])
def test_the_final_node_may_run_the_model_that_was_best_alone_unless_the_space_fixes_it(writer, toy, final):
    sitting = _Watched(toy(roles=("assistant", "fuser"), budget="200 units", questions=20), 1, Scripted(mute))
    variant = replace(PAPER, rounds=3, final="best")
    reinforce_graphs(sitting.problem, np.random.default_rng(1), writer(), variant)
    shown = [event["graph"] for event in sitting.events if event["event"] == "evaluate" and "graph" in event]
    graphs = [graph for graph in map(Graph.from_dict, shown) if len(graph.nodes) > 1]
    assert {graph[graph.sink].model for graph in graphs} == {final}, "cat is the toy's best model"


def test_the_suite_of_the_paper_names_its_methods_and_looks_where_its_searches_end():
    suite = load_suite("paper-v1")
    ours = {"agent_reinforce", "random_search", "bayesian_optimization", "gptswarm_released", "textgrad", "maao"}
    assert ours < set(suite.methods)
    assert {0.25, 0.5} < set(suite.checkpoints)
    named = {spec.name: spec for spec in suite.problems}
    assert {f"math-b{nodes}" for nodes in (4, 8, 12)} < named.keys()
    assert (named["math-b12"].sampling.temperature, named["math-b12-t01"].sampling.temperature) == (0.7, 0.1)
