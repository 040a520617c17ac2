"""ADAS' meta agent search (Hu et al., arXiv 2408.08435), over graphs instead of programs.

An archive starts with well-known designs. The meta agent sees the whole of it with what each is worth, thinks of a new
design, reflects on it, and the design is evaluated and archived, again and again. It is told no insight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from pydantic import Field

from ttgbench.errors import BudgetExhausted, GraphError, InputError
from ttgbench.graphs.graph import Graph
from ttgbench.graphs.shapes import chain, layered, parallel, single
from ttgbench.methods.solvers.ask import ask_json
from ttgbench.methods.solvers.language import GraphForm, read_graph, situation, written
from ttgbench.methods.solvers.trials import Trials, first_guess
from ttgbench.problems.problem import Problem

REFLECTIONS = 1
"""The paper has two, and up to three more where a program fails."""
SHOWN = 20
"""Designs of the archive that the agent sees: the best ones."""
PATIENCE = 20
"""Known designs in a row after which the search gives up: on a small space there is nothing else."""
REFLECT = (
    "Reflect: is the design new, does its wiring do what you thought, what would make it better? Write it again, "
    "improved, as JSON."
)


class Design(GraphForm):
    """A graph, with what the agent thought and what it calls it."""

    thought: str
    name: str = Field(max_length=200)


def first_designs(problem: Problem) -> Iterator[tuple[str, Graph]]:
    """Single answer, refinement, ensemble and layers of the largest model with which each fits the space."""
    cards = sorted(problem.space.pool, key=lambda card: (-card.parameters, card.name))
    shapes: dict[str, Callable[[str], Graph]] = {
        "one answer": single,
        "refinement": lambda model: chain(model, 3),
        "ensemble, fused": lambda model: parallel(model, 3, "fuser"),
        "ensemble, by vote": lambda model: parallel(model, 3, "vote"),
        "two layers": lambda model: layered([[model] * 2, [model] * 2], model),
    }
    for name, shape in shapes.items():
        for card in cards:
            try:
                graph = shape(card.name)
            except GraphError:
                continue
            if problem.space.contains(graph) is None:
                yield name, graph
                break


def meta_agent_search(problem: Problem, rng: np.random.Generator, reflections: int = REFLECTIONS) -> Graph:
    """Designs until the search budget is spent; returns the best. Where a reply is of no use, a random neighbour."""
    trials, names = Trials(problem), dict[Graph, str]()
    try:
        for name, graph in first_designs(problem):
            names[graph] = name
            trials.value(graph)
        known = 0  # designs in a row that were known; their agent was paid, so that `stalled` does not see them
        while not trials.stalled and known < PATIENCE:
            best = trials.answer
            other = trials.neighbour(best, rng) or problem.space.sample(rng)
            name, graph = _design(problem, trials, names, other, reflections)
            known = known + 1 if graph in trials.values else 0
            names.setdefault(graph, name)
            trials.value(graph)
    except BudgetExhausted:
        pass
    return trials.best or first_guess(problem)


def _design(
    problem: Problem, trials: Trials, names: dict[Graph, str], other: Graph, reflections: int
) -> tuple[str, Graph]:
    """What the agent proposes after reflecting; `other`, if none of its replies can be used."""
    archive = "\n".join(
        f"{value:.4f}  {names[graph]}: {written(graph)}" for graph, value in trials.top(SHOWN) if graph in names
    )
    question = (
        f"{situation(problem)}\n\nArchive of designs with their values:\n{archive}\n\nThink in at most 80 words of a "
        "new design that is interesting and unlike these, then write it as a graph with a name, as JSON."
    )
    messages = [{"role": "user", "content": question}]

    def read(form: Design) -> tuple[str, Graph, str]:
        graph = read_graph(form, problem.space)
        if graph in trials.values:
            raise InputError("that graph is in the archive already", source="the reply")
        return form.name[:80], graph, form.model_dump_json()

    found = ask_json(problem, messages, Design, read=read, fallback=lambda: None, decides=True)
    if found is None:
        return "neighbour", other
    for _ in range(reflections):
        turns = [{"role": "assistant", "content": found[2]}, {"role": "user", "content": REFLECT}]
        found = ask_json(problem, [*messages, *turns], Design, read=read, fallback=lambda: None, retries=0) or found
    return found[0], found[1]
