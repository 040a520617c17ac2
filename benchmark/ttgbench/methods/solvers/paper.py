"""Agent-REINFORCE (Wang et al., arXiv 2511.00086) as its code is released, without its defects; and its TextGrad.

1. Initialise: models are measured alone, the writer picks two of the mixes that spend the node budget, and these and
   their variants without the weakest nodes are tested on the same questions.
2. Rounds: a graph is evaluated on three questions; the writer reads graph, value and tables, writes the next graph and
   changes the tables. Where it writes none that is legal, one is drawn from the tables.
3. Return the best graph found: the one that won all races on common questions.

`Variant` has a switch for every difference, so that an ablation is a list of variants. The writer is a language model
(`AgentWriter`) or asks nobody (`RuleWriter`, in `paper_rules`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.graphs.graph import Graph, Node
from ttgbench.graphs.shapes import single
from ttgbench.methods.solvers.ask import ask_json
from ttgbench.methods.solvers.batches import Batches
from ttgbench.methods.solvers.frame import FLOOR, SPARSE, Frame, Tables
from ttgbench.methods.solvers.mixes import FINAL, Mix, exact_mixes, fits, node_budget, variants
from ttgbench.methods.solvers.paper_prompts import (
    NextGraph,
    Pick,
    graph_question,
    mix_question,
    read_next,
    read_tables,
    turns,
)
from ttgbench.methods.solvers.trials import first_guess
from ttgbench.problems.problem import Problem
from ttgbench.problems.space.nodes import NodeBudget

PRETEST_EDGE = 0.5
MOST_VARIANTS = 5


@dataclass(frozen=True)
class Variant:
    """Agent-REINFORCE, switch by switch. The defaults are the paper profile."""

    mix: Literal["measured", "blind", "random"] = "measured"
    """How the mix is found: picked by the writer from figures of single models, without them, or drawn (TextGrad)."""
    insights: frozenset[int] = frozenset({1, 2, 3})
    """Which of the three insights prompts and rules know."""
    hints: bool = True
    """Whether the writer is told how to grow a graph, besides the insights."""
    probe: int = 20
    """Questions on which each model is measured alone."""
    pretest: bool = True
    """Whether variants of the mixes are tested; else the first mix is taken."""
    final: Literal["fixed", "best"] = "fixed"
    """The final node's model: the paper's, or, where the space leaves it open, the one that was best alone."""
    edge: float = FLOOR
    """Probability of every edge in the first tables that the writer sees; the first graph is drawn by SPARSE."""
    keep_mix: bool = True
    """Whether the graphs that are written must run the mix."""
    written: bool = True
    """Whether the writer writes graphs; else they are drawn from the tables that it changes."""
    questions: int | None = 3
    """Questions a round; None: all."""
    history: int = 2
    """Rounds whose prompt and reply precede the question."""
    elite: float = 0.0
    """How far tables move towards the best graph after each round, whatever the writer said."""
    take_back: bool = False
    """Whether the next graph is written from the best one instead of the last."""
    rounds: int = 200
    """At most; the released default is 10."""


PAPER = Variant()
TEXTGRAD = Variant(mix="random", insights=frozenset(), hints=False, probe=0, pretest=False, edge=0.5, history=1)
"""The baseline: a random mix, one call a round, no insight, no figure, no pre-test; the first table shows 0.5."""


@dataclass
class Search:
    """What a search knows between two rounds."""

    problem: Problem
    rng: np.random.Generator
    variant: Variant
    batches: Batches
    budget: NodeBudget
    frame: Frame
    tables: Tables
    mix: Mix
    figures: dict[str, float] = field(default_factory=dict)
    """What each model reached alone."""
    last: tuple[Graph, float] | None = None
    """The graph of the last round and its value there."""
    best: Graph | None = None
    """The best graph of the rounds, where the variant goes back to it."""
    told: list[list[dict[str, str]]] = field(default_factory=list)
    """Per round with the agent, its question and its answer."""

    @property
    def held_mix(self) -> Mix | None:
        """The mix, where graphs must keep to it."""
        return self.mix if self.variant.keep_mix else None

    def drawn(self) -> Graph | None:
        """A graph from the tables."""
        return self.frame.graph(self.frame.draw(self.tables, self.rng, self.held_mix), self.rng)


class Writer(Protocol):
    """Picks mixes and writes graphs."""

    def pick(self, problem: Problem, mixes: Sequence[Mix], figures: dict[str, float], variant: Variant) -> list[Mix]:
        """The most promising mixes, at most two. figures: by model, may be empty. Raises BudgetExhausted."""
        ...

    def write(self, search: Search) -> Graph | None:
        """The next graph, None if one is to be drawn; changes the tables. Raises BudgetExhausted, EngineError."""
        ...


@dataclass
class AgentWriter:
    """The Writer that is a language model. Where its replies are of no use, chance decides, and no insight."""

    def pick(self, problem: Problem, mixes: Sequence[Mix], figures: dict[str, float], variant: Variant) -> list[Mix]:
        """See `Writer.pick`; the first and the last mix where the agent names none."""

        def read(form: Pick) -> list[Mix]:
            numbers = dict.fromkeys((form.first, form.second))
            if not all(0 <= number < len(mixes) for number in numbers):
                raise InputError(f"mixes are 0 to {len(mixes) - 1}", source="the reply")
            return [mixes[number] for number in numbers]

        question = mix_question(problem, mixes, figures, variant.insights)
        return ask_json(problem, question, Pick, read=read, fallback=lambda: [mixes[0], mixes[-1]], decides=True)

    def write(self, search: Search) -> Graph | None:
        """See `Writer.write`; the tables of a reply count even where its graph is not legal."""
        assert search.last is not None
        variant, frame = search.variant, search.frame
        question = turns(
            graph_question(
                search.problem,
                frame,
                search.held_mix,
                search.tables,
                search.last,
                insights=variant.insights,
                hints=variant.hints,
                figures=search.figures if 1 in variant.insights else {},
            )
        )
        accepted: list[NextGraph] = []
        before = search.tables

        def read(form: NextGraph) -> Graph:
            search.tables = read_tables(form.edges, form.kinds, frame, before)
            graph = read_next(form, frame, search.held_mix)
            accepted.append(form)
            return graph

        past = [turn for round_ in search.told[-variant.history :] for turn in round_] if variant.history else []
        messages = [question[0], *past, question[1]]
        graph: Graph | None = ask_json(
            search.problem, messages, NextGraph, read=read, fallback=lambda: None, decides=True
        )
        if accepted:
            answer = {"role": "assistant", "content": accepted[-1].model_dump_json()}
            search.told = [*search.told, [question[1], answer]][-max(1, variant.history) :]
        return graph if variant.written else None


def reinforce_graphs(problem: Problem, rng: np.random.Generator, writer: Writer, variant: Variant = PAPER) -> Graph:
    """The whole method. Returns the best graph found."""
    batches = Batches(problem, rng, variant.questions)
    budget = node_budget(problem.space)
    try:
        if budget is None:
            guess = first_guess(problem)
            batches.value(guess, batches.next())
            batches.race(guess)
            return guess
        search = initialise(problem, rng, writer, variant, batches, budget)
        graph = search.drawn()
        search.tables = search.frame.tables(variant.edge)
        for _ in range(variant.rounds):
            if graph is None or batches.stalled:
                break
            search.last = (graph, batches.value(graph, batches.next()))
            batches.race(graph)
            if variant.elite or variant.take_back:
                go_back(search, graph)
            graph = writer.write(search) or search.drawn()
    except BudgetExhausted:
        pass
    return batches.best or first_guess(problem)


def go_back(search: Search, graph: Graph) -> None:
    """Takes what the variant takes from the best graph of the rounds so far. Raises BudgetExhausted."""
    if search.best is None or search.batches.beats(graph, search.best):
        search.best = graph
    if search.variant.elite:
        search.tables.towards(search.frame.sample_of(search.best), search.variant.elite)
    if search.variant.take_back:
        search.last = (search.best, search.batches.mean(search.best))


def initialise(
    problem: Problem,
    rng: np.random.Generator,
    writer: Writer,
    variant: Variant,
    batches: Batches,
    budget: NodeBudget,
) -> Search:
    """The mix, and sparse tables for the first graph alone; all of it is billed. Raises BudgetExhausted."""
    figures = measured(problem, budget, batches, variant.probe) if variant.mix == "measured" else {}
    mixes = fitting(problem, budget)
    if variant.final == "best" and figures and problem.space.nodes is None:
        wanted = replace(budget, final=max(figures, key=lambda name: figures[name]))
        if found := fitting(problem, wanted):
            budget, mixes = wanted, found
    if variant.mix == "random":
        picked = [mixes[int(rng.integers(len(mixes)))]]
    else:
        told = figures if 1 in variant.insights else {}
        picked = writer.pick(problem, mixes, told, variant)
    mix = pretested(batches, budget, picked, rng) if variant.pretest else picked[0]
    frame = Frame(problem.space, budget, sum(mix))
    return Search(problem, rng, variant, batches, budget, frame, frame.tables(SPARSE), mix, figures)


def fitting(problem: Problem, budget: NodeBudget) -> list[Mix]:
    """The mixes that spend the node budget and of which some graph is in the space."""
    return [mix for mix in exact_mixes(budget.prices, budget.limit) if fits(problem.space, mix, budget.final)]


def measured(problem: Problem, budget: NodeBudget, batches: Batches, probe: int) -> dict[str, float]:
    """What each model reaches on the same questions, alone, or before the final node where it may not stand alone."""
    graphs = {card.name: probe_graph(problem, budget, card.name) for card in problem.space.pool}
    known = {name: graph for name, graph in graphs.items() if graph is not None}
    questions = batches.next(probe)
    values = batches.values(list(known.values()), questions)
    for graph in known.values():
        batches.race(graph)
    return dict(zip(known, values, strict=True))


def probe_graph(problem: Problem, budget: NodeBudget, model: str) -> Graph | None:
    """The smallest graph that shows what a model can; None if it does not fit."""
    nodes = [Node("n0", "assistant", model), Node(FINAL, "assistant", budget.final)]
    for graph in (single(model), Graph(nodes, [("n0", FINAL)])):
        if problem.space.contains(graph) is None:
            return graph
    return None


def pretested(batches: Batches, budget: NodeBudget, mixes: Sequence[Mix], rng: np.random.Generator) -> Mix:
    """The best of the mixes and their variants: one random graph of assistants each, all on the same questions."""
    space = batches.problem.space
    candidates = list(dict.fromkeys(v for mix in mixes for v in variants(mix, budget.prices, MOST_VARIANTS)))
    graphs: dict[Mix, Graph] = {}
    for mix in candidates:
        frame = Frame(space, budget, sum(mix))
        tables = frame.tables(PRETEST_EDGE)
        tables.roles[:] = np.eye(len(frame.roles))[frame.roles.index("assistant")]
        graph = frame.graph(frame.draw(tables, rng, mix), rng)
        if graph is not None:
            graphs[mix] = graph
    if not graphs:
        return mixes[0]
    values = batches.values(list(graphs.values()), batches.next())
    for graph in graphs.values():
        batches.race(graph)
    return best_mix(dict(zip(graphs, values, strict=True)))


def best_mix(values: dict[Mix, float]) -> Mix:
    """The mix of the highest value, the earlier of equals."""
    return max(values, key=lambda mix: values[mix])
