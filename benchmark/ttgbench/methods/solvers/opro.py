"""An optimizer over an archive: the best graphs so far are shown, a batch of new ones is proposed, and so on.

The proposer is either the rules, which edit the members of the archive in turn, or a language model that writes whole
graphs, as in optimisation by prompting (Yang et al., arXiv 2309.03409).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pydantic import BaseModel

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.graphs.graph import Graph
from ttgbench.methods.solvers.ask import ask_json
from ttgbench.methods.solvers.insights import Rules, preference
from ttgbench.methods.solvers.language import GraphForm, read_graph, situation, tried
from ttgbench.methods.solvers.trials import Trials
from ttgbench.problems.problem import Problem

ARCHIVE = 5
"""Graphs that proposals are made from."""
BATCH = 4
"""Graphs proposed at a time."""

Proposal = tuple[Graph, str, Graph]
"""Parent, kind of edit, new graph."""
Proposer = Callable[[Rules], list[Proposal]]


class Proposals(BaseModel):
    """A batch of graphs as a language model writes it."""

    graphs: list[GraphForm]


def by_rules(rules: Rules) -> list[Proposal]:
    """One edit of each member of the archive, the best first; more of the best if the archive is small."""
    members = [graph for graph, _ in rules.trials.top(ARCHIVE)]
    proposals: list[Proposal] = []
    for i in range(BATCH):
        parent = members[i % len(members)]
        step = rules.propose(parent)
        if step is not None and all(step[1] != graph for _, _, graph in proposals):
            proposals.append((parent, *step))
    return proposals


def by_language(rules: Rules) -> list[Proposal]:
    """What the agent writes; usable graphs are taken, others left out; the rules step in if none is usable."""
    trials = rules.trials
    problem, parent = trials.problem, trials.answer
    question = (
        f"{situation(problem)}\n\nThe best graphs so far, each with its value:\n{tried(trials.top(ARCHIVE))}\n\n"
        f"Write up to {BATCH} new graphs that may be better, as JSON."
    )

    def read(form: Proposals) -> list[Proposal]:
        usable: list[Proposal] = []
        fault: InputError | None = None
        for written in form.graphs[:BATCH]:
            try:
                usable.append((parent, "free", read_graph(written, problem.space)))
            except InputError as error:
                fault = error
        if not usable:
            raise fault or InputError("it holds no graph", source="the reply")
        return usable

    messages = [{"role": "user", "content": question}]
    return ask_json(problem, messages, Proposals, read=read, fallback=lambda: by_rules(rules))


def optimise(problem: Problem, rng: np.random.Generator, propose: Proposer) -> Graph:
    """Batch by batch until the search budget is spent."""
    trials = Trials(problem)
    try:
        rules = Rules(trials, preference(trials).ranking)
        while not trials.stalled:
            proposals = propose(rules) or [(trials.answer, "restart", problem.space.sample(rng))]
            values = trials.values_of(graph for _, _, graph in proposals)
            for (parent, name, _), value in zip(proposals, values, strict=True):
                rules.learn(name, value - trials.values[parent])
    except BudgetExhausted:
        pass
    return trials.answer
