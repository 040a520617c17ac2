"""MaaO (Guo et al., arXiv 2405.19732): gradient steps in turn with an agent that rewrites what they move.

A cycle is one REINFORCE step on the logits of edges, roles and models, then three fresh graphs on three questions each,
from whose values the tables of edges and roles are rewritten; the rewritten tables become the logits. Nothing is told
but the tables, the graphs and their values: no insight, no figure of a model, no history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ttgbench.errors import BudgetExhausted
from ttgbench.graphs.graph import Graph
from ttgbench.methods.solvers.ask import ask_json
from ttgbench.methods.solvers.batches import Batches
from ttgbench.methods.solvers.frame import Frame, Tables
from ttgbench.methods.solvers.gptswarm import hold, learn
from ttgbench.methods.solvers.mixes import exact_mixes, node_budget
from ttgbench.methods.solvers.paper_prompts import NewTables, read_tables, tables_question
from ttgbench.methods.solvers.policy import Adam, Policy
from ttgbench.methods.solvers.trials import first_guess
from ttgbench.problems.problem import Problem

DRAWN = 3
"""Graphs that the agent sees."""
CYCLES = 50
"""The released code has 5; each is one round of gradient and one of the agent."""
STEP = 0.5
"""How far the rules move the tables towards the best graph drawn."""

Drawn = Sequence[tuple[Graph, float]]


class Rewriter(Protocol):
    """Rewrites tables by what was drawn from them."""

    def __call__(self, problem: Problem, frame: Frame, tables: Tables, drawn: Drawn) -> Tables | None:
        """The new tables; None: they stay. Raises BudgetExhausted, EngineError."""
        ...


def by_agent(problem: Problem, frame: Frame, tables: Tables, drawn: Drawn) -> Tables | None:
    """The agent's tables; after three unusable replies they stay as they are."""

    def read(form: NewTables) -> Tables | None:
        return read_tables(form.edges, form.kinds, frame, tables)

    question = tables_question(problem, frame, tables, drawn)
    return ask_json(problem, question, NewTables, read=read, fallback=lambda: None, decides=True)


def by_best(problem: Problem, frame: Frame, tables: Tables, drawn: Drawn) -> Tables | None:
    """Without an agent: half way towards the best of the graphs drawn."""
    best = max(drawn, key=lambda entry: entry[1])[0]
    moved = Tables(tables.edges.copy(), tables.roles.copy(), tables.models.copy())
    moved.towards(frame.sample_of(best), STEP)
    return moved


def alternate(problem: Problem, rng: np.random.Generator, rewrite: Rewriter, cycles: int = CYCLES) -> Graph:
    """Cycles until the search budget is spent; returns what the tables then read out as."""
    budget = node_budget(problem.space)
    if budget is None:
        return first_guess(problem)
    mixes = exact_mixes(budget.prices, budget.limit)
    count = sum(mixes[int(rng.integers(len(mixes)))])
    policy = Policy(Frame(problem.space, budget, count))
    answer = hold(problem, policy, rng) or first_guess(problem)
    batches = Batches(problem, rng)
    try:
        for _ in range(cycles):
            if batches.stalled:
                break
            policy.adam = Adam()
            learn(policy, batches, rng)
            agent_step(policy, batches, rng, rewrite)
            answer = hold(problem, policy, rng) or answer
    except BudgetExhausted:
        pass
    return answer


def agent_step(policy: Policy, batches: Batches, rng: np.random.Generator, rewrite: Rewriter) -> None:
    """Fresh graphs on the next questions, shown with their values; the answer becomes the logits."""
    frame, tables = policy.frame, policy.tables
    drawn = [frame.graph(frame.draw(tables, rng), rng) for _ in range(DRAWN)]
    graphs = [graph for graph in drawn if graph is not None]
    if not graphs:
        return
    values = batches.values(graphs, batches.next())
    made = rewrite(batches.problem, frame, tables, list(zip(graphs, values, strict=True)))
    if made is not None:
        policy.rewrite(made.edges, made.roles)
