"""The methods of arXiv 2511.00086, held to what is known of its code, with a scripted agent."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttgbench.errors import InputError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.methods.conformance.checks import _Watched, run
from ttgbench.methods.conformance.toy import Toy
from ttgbench.methods.solvers import maao
from ttgbench.methods.solvers.batches import Batches
from ttgbench.methods.solvers.frame import FLOOR, Frame, broken_rule
from ttgbench.methods.solvers.mixes import FINAL
from ttgbench.methods.solvers.paper import PAPER, TEXTGRAD, AgentWriter, best_mix, reinforce_graphs
from ttgbench.methods.solvers.paper_prompts import HINTS, INSIGHTS, NewTables, read_tables
from ttgbench.methods.solvers.paper_rules import RuleWriter
from ttgbench.methods.solvers.policy import Adam, Policy
from ttgbench.problems.method import load_method
from ttgbench.problems.space.nodes import NodeBudget
from ttgbench.problems.views import Reply
from ttgbench.testing import toy_pool

ROOMY = Toy(roles=("assistant", "fuser"), budget="60 units", max_nodes=9, questions=20, evaluations=6)
NO_SUCH_ROUND = "the method stopped before it asked"


class Scripted:
    """An Agent that answers with what `say` makes of schema and question; keeps the questions."""

    def __init__(self, say):
        self.say, self.asked = say, []
        self.card = toy_pool("ant")["ant"].model_copy(update={"parameters": 10**6, "layers": 1, "hidden_size": 8})

    def worst_case(self, messages):
        return 1, 1

    def ask(self, messages, schema, universe, repeat):
        self.asked.append("\n".join(turn["content"] for turn in messages))
        return Reply(json.dumps(self.say(schema["title"], self.asked[-1])), 1, 1)


def test_the_strictly_best_variant_is_taken():
    assert best_mix({(2, 0): 0.3, (1, 1): 2 / 3, (0, 2): 1 / 3}) == (1, 1)
    assert best_mix({(2, 0): 0.5, (1, 1): 0.5}) == (2, 0)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 7), st.integers(0, 2**32), st.floats(0.02, 0.98), st.booleans())
def test_what_is_drawn_keeps_the_papers_rules(count, seed, edge, fixed):
    space = replace(ROOMY.space(), max_in_degree=3)
    budget = NodeBudget(9, (1, 3, 9), "bee")
    frame, rng = Frame(space, budget, count), np.random.default_rng(seed)
    mix = (count - 1, 1, 0) if fixed else None
    tables = frame.tables(edge)
    sample = frame.draw(tables, rng, mix)
    graph = frame.graph(sample, rng)
    if graph is None:
        return
    assert space.contains(graph) is None
    assert broken_rule(graph) is None
    assert graph.sink == FINAL
    assert (graph[FINAL].role, graph[FINAL].model) == ("assistant", "bee")
    assert sum(n * price for n, price in zip(frame.mix_of(graph), budget.prices, strict=True)) <= 9
    assert not (sample.wired & sample.edges).any()
    again = frame.sample_of(graph)
    assert frame.graph(again, rng) == graph
    read_out = frame.likeliest(tables, rng, 0.142)
    assert read_out is None or space.contains(read_out) is None


def test_a_gradient_step_makes_what_paid_likelier_and_leaves_the_rest():
    frame = Frame(ROOMY.space(), NodeBudget(4, (1, 3, 9), "bee"), 4)
    policy, rng = Policy(frame), np.random.default_rng(1)
    samples = [frame.draw(policy.tables, rng) for _ in range(2)]
    before = policy.edges.copy()
    policy.step(samples, [1.0, 0.0])
    drawn, refused = samples[0].free & samples[0].edges, samples[0].free & ~samples[0].edges
    assert policy.edges[drawn] == pytest.approx(before[drawn] + 0.1, abs=1e-5), "a new Adam moves by its rate"
    assert policy.edges[refused] == pytest.approx(before[refused] - 0.1, abs=1e-5)
    assert (policy.edges[~samples[0].free] == before[~samples[0].free]).all()


def test_adam_divides_by_the_gradients_size():
    value, adam = np.zeros(2), Adam()
    for _ in range(3):
        adam.climb([value], [np.asarray([3.0, -0.01])])
    assert value == pytest.approx([0.3, -0.3], abs=1e-5), "equal gradients: the rate, whatever their size"


def test_after_an_agent_step_the_logits_are_the_reply_and_the_gradient_goes_on_from_there():
    wanted = {("n0", "n1"): 0.9, ("n1", "n2"): 0.25, ("n2", FINAL): 0.5}

    def say(title, question):
        assert title == "NewTables"
        edges = [{"source": s, "target": t, "probability": p} for (s, t), p in wanted.items()]
        return {"edges": edges, "kinds": [{"node": "n1", "name": "fuser", "probability": 0.75}]}

    sitting = _Watched(ROOMY, 0, Scripted(say))
    policy = Policy(Frame(sitting.problem.space, NodeBudget(3, (1, 3, 9), "bee"), 3))
    batches, rng = Batches(sitting.problem, np.random.default_rng(0)), np.random.default_rng(0)
    maao.agent_step(policy, batches, rng, maao.by_agent)
    names = ["n0", "n1", "n2", FINAL]
    for (source, target), p in wanted.items():
        logit = policy.edges[names.index(source), names.index(target)]
        assert 1 / (1 + np.exp(-logit)) == pytest.approx(p, abs=1e-6)
    assert policy.tables.roles[1, 1] == pytest.approx(0.75, abs=1e-6)
    before = policy.edges.copy()
    policy.adam = Adam()
    policy.step([policy.frame.draw(policy.tables, rng)], [1.0])
    moved = np.abs(policy.edges - before)
    assert 0.0999 < moved.max() < 0.1001


@pytest.mark.parametrize(("name", "role"), [("n9", "fuser"), ("n0", "judge"), (FINAL, "fuser")])
def test_tables_with_unknown_entries_are_refused(name, role):
    frame = Frame(ROOMY.space(), NodeBudget(3, (1, 3, 9), "bee"), 3)
    form = NewTables.model_validate({"edges": [], "kinds": [{"node": name, "name": role, "probability": 0.5}]})
    with pytest.raises(InputError, match="has no role"):
        read_tables(form.edges, form.kinds, frame, frame.tables())


def obedient(title, question):
    """Picks the last mix and the first, then writes the star of what is required."""
    if title == "Pick":
        numbers = re.findall(r"^(\d+): ", question, re.MULTILINE)
        return {"first": int(numbers[-1]), "second": int(numbers[0])}
    if title == "NewTables":
        return {"edges": [{"source": "n0", "target": FINAL, "probability": 0.9}]}
    if title == "Design":
        count = 2 + len(question) % 6
        nodes = [{"id": f"n{i}", "role": "assistant", "model": "ant"} for i in range(count)]
        edges = [[f"n{i}", f"n{count - 1}"] for i in range(count - 1)]
        return {"thought": "wide", "name": f"star of {count}", "nodes": nodes, "edges": edges}
    required = re.findall(r"must run: (.*)\.$", question, re.MULTILINE)
    parts = re.findall(r"(\d+) x (\w+)", required[-1]) if required else [(question.count("\nn") // 3 or 1, "ant")]
    models = [name for count, name in parts for _ in range(int(count))]
    nodes = [{"id": f"n{i}", "role": "assistant", "model": model, "reads": []} for i, model in enumerate(models)]
    edges = [{"source": "n0", "target": FINAL, "probability": 0.7}]
    reads = [node["id"] for node in nodes]
    return {"feedback": "good", "nodes": nodes, "final_reads": reads, "edges": edges}


def evaluated(sitting):
    """Graphs by key, in the order in which they were first logged, with the number of their log line."""
    found = {}
    for line, event in enumerate(sitting.events):
        if event["event"] == "evaluate" and "graph" in event:
            found[event["key"]] = line, event["graph"]
    return found


def test_the_agents_graph_is_the_one_that_is_evaluated_next():
    agent = Scripted(obedient)
    sitting = _Watched(ROOMY, 0, agent)
    reinforce_graphs(sitting.problem, np.random.default_rng(0), AgentWriter(), replace(PAPER, rounds=4))
    assert len(agent.asked) == 1 + 4
    asks = [line for line, event in enumerate(sitting.events) if event["event"] == "ask"]
    after = next(event for event in sitting.events[asks[1] :] if event["event"] == "evaluate")
    said = json.loads(sitting.events[asks[1]]["reply"])
    star = Graph(
        [*(Node(n["id"], n["role"], n["model"]) for n in said["nodes"]), Node(FINAL, "assistant", "bee")],
        [(n, FINAL) for n in said["final_reads"]],
    )
    assert after["key"] == star.key
    assert after["questions"] == 3


def test_where_the_agents_graph_is_not_legal_its_tables_are_drawn_from():
    def say(title, question):
        reply = obedient(title, question)
        if title == "NextGraph":
            reply["nodes"][0]["model"] = "unicorn"
            every = [n["id"] for n in reply["nodes"]]
            reply["edges"] = [{"source": n, "target": FINAL, "probability": 1.0} for n in every]
            reply["edges"] += [{"source": a, "target": b, "probability": 0.0} for a in every for b in every if a != b]
        return reply

    sitting = _Watched(ROOMY, 0, Scripted(say))
    reinforce_graphs(sitting.problem, np.random.default_rng(0), AgentWriter(), replace(PAPER, rounds=3, pretest=False))
    asks = [line for line, event in enumerate(sitting.events) if event["event"] == "ask"]
    assert len(asks) == 1 + 3 * 3, "asked again twice"
    drawn = [graph for line, graph in evaluated(sitting).values() if line > asks[3]]
    assert drawn, NO_SUCH_ROUND
    for graph in drawn:
        final = next(node["id"] for node in graph["nodes"] if not any(node["id"] == s for s, _ in graph["edges"]))
        direct = sum(target == final for _, target in graph["edges"])
        assert direct >= 0.5 * (len(graph["nodes"]) - 1), "nearly a star, as the tables say"


@pytest.mark.parametrize("method", ["textgrad", "maao", "adas"])
def test_controls_tell_the_agent_no_insight_and_no_figure_of_a_model(method):
    agent = Scripted(obedient)
    sitting = _Watched(ROOMY, 0, agent)
    load_method(method).search(sitting.problem, np.random.default_rng(0))
    assert agent.asked, NO_SUCH_ROUND
    told = "\n".join(agent.asked).lower()
    parts = [*INSIGHTS.values(), HINTS]
    phrases = [sentence.strip().lower() for part in parts for sentence in part.replace(":", ".").split(".")]
    assert not [phrase for phrase in phrases if phrase and phrase in told]
    for word in ("width", "depth", "insight", "optimum", "alone reached", "measured on this task", "many small"):
        assert word not in told
    singles = [graph for _, graph in evaluated(sitting).values() if len(graph["nodes"]) == 1]
    assert len(singles) <= (method == "adas"), "models are not measured alone; one design of ADAS is one answer"


@pytest.mark.parametrize("method", ["textgrad_rules", "maao_rules", "gptswarm_released"])
def test_controls_without_an_agent_measure_no_model(method):
    graph, sitting = run(load_method(method), ROOMY)
    assert not [graph for _, graph in evaluated(sitting).values() if len(graph["nodes"]) == 1]
    assert graph.sink == FINAL or graph.sink.startswith("n")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_insight_is_a_switch(number):
    def told(insights):
        agent = Scripted(obedient)
        sitting = _Watched(ROOMY, 0, agent)
        variant = replace(PAPER, insights=frozenset(insights), rounds=2)
        reinforce_graphs(sitting.problem, np.random.default_rng(0), AgentWriter(), variant)
        return "\n".join(agent.asked)

    full, without = told({1, 2, 3}), told({1, 2, 3} - {number})
    assert all(INSIGHTS[i] in full for i in INSIGHTS)
    assert INSIGHTS[number] not in without
    assert all(INSIGHTS[i] in without for i in INSIGHTS if i != number)
    assert ("alone reached" in without) == ("Measured on this task" in without) == (number != 1)


@pytest.mark.parametrize(
    "variant",
    [
        *(replace(PAPER, mix="blind"), replace(PAPER, mix="random"), replace(PAPER, pretest=False)),
        *(replace(PAPER, keep_mix=False), replace(PAPER, written=False), replace(PAPER, questions=None)),
        *(replace(PAPER, history=0), replace(PAPER, elite=0.4), replace(PAPER, take_back=True), TEXTGRAD),
    ],
)
@pytest.mark.parametrize("writer", [AgentWriter, RuleWriter])
def test_every_switch_leads_to_a_graph_of_the_space(variant, writer):
    sitting = _Watched(replace(ROOMY, evaluations=3), 0, Scripted(obedient))
    graph = reinforce_graphs(sitting.problem, np.random.default_rng(2), writer(), variant)
    assert sitting.problem.space.contains(graph) is None
    assert sitting.problem.incumbent == graph
    assert sitting.ledger.spent <= sitting.ledger.limit


def test_a_race_is_decided_on_common_questions():
    sitting = _Watched(ROOMY)
    batches = Batches(sitting.problem, np.random.default_rng(0))
    good, bad = Graph([Node("a", "assistant", "cat")]), Graph([Node("a", "assistant", "ant")])
    for graph in (bad, good):
        batches.value(graph, batches.next())
        batches.race(graph)
    for _ in range(30):
        batches.value(bad, batches.next())
        batches.race(bad)
        batches.value(good, batches.next())
        batches.race(good)
    assert batches.best == good
    assert set(batches.scores[good]) <= set(range(20))
    total = sum(event["questions"] for event in sitting.events if event["event"] == "evaluate")
    assert total == len(batches.scores[good]) + len(batches.scores[bad]), "no question twice"


def test_first_tables_show_what_the_variant_says():
    for variant, shown in ((PAPER, f"{FLOOR:.3f}"), (TEXTGRAD, "0.500")):
        agent = Scripted(obedient)
        sitting = _Watched(ROOMY, 0, agent)
        reinforce_graphs(sitting.problem, np.random.default_rng(0), AgentWriter(), replace(variant, rounds=1))
        first = next(text for text in agent.asked if "Probabilities of edges" in text)
        line = next(row for row in first.splitlines() if row.startswith(("n0: n1 0", "n0: final 0")))
        assert set(line.split(": ")[1].replace(",", "").split()[1::2]) == {shown}
