"""Our own version of Agent-REINFORCE (Wang et al., arXiv 2511.00086); `paper` has the one that is released.

1. Initialise: pre-tests, which are billed, show which models the task prefers (insight 1); the distribution's models
   follow them, its edges and roles the best pre-tested graph.
2. Repeat: an adviser reads the archive and says which probabilities to change (the textual gradient, by insights 2
   and 3); graphs are sampled from the changed distribution and evaluated; all probabilities move towards the best
   graphs so far.
3. Return the best graph found.

The adviser is a language model (`Agent`) or the rules (`RuleAdviser`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from pydantic import BaseModel, Field

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.graphs.graph import Graph
from ttgbench.methods.solvers.ask import ask_json
from ttgbench.methods.solvers.insights import Rules, preference
from ttgbench.methods.solvers.language import INSIGHTS, situation, tried
from ttgbench.methods.solvers.probabilistic import Distribution, Draw, Slots
from ttgbench.methods.solvers.trials import Trials
from ttgbench.problems.problem import Problem

SLOTS = 14
BATCH = 4
"""Graphs sampled between two updates."""
ELITE = 3
"""Graphs that the distribution moves to."""
RATE = 0.4
"""How far it moves in one update."""
START = 0.8
"""How far it starts from uniform, towards the best pre-tested graph."""
CERTAIN = 0.9
"""Probability that the rules give to what they want."""
REDRAWS = 12
MOST_CHANGES = 40
"""Changes that are taken from one reply."""


class Change(BaseModel):
    """One component of the gradient: the new probability of one choice in one slot."""

    what: Literal["edge", "role", "model"]
    slot: int = Field(ge=0, le=63)
    """The edge's source, or the slot whose role or model it is."""
    to: int | None = Field(default=None, ge=0, le=63)
    """The edge's target."""
    name: str | None = None
    """The role or model."""
    probability: float = Field(ge=0, le=1)


class Gradient(BaseModel):
    """The textual gradient: what is to be learnt from the values, and the changes that follow."""

    feedback: str
    changes: list[Change]


@dataclass
class State:
    """The distribution and what it is moved by."""

    trials: Trials
    rules: Rules
    distribution: Distribution
    draws: dict[Graph, Draw] = field(default_factory=dict)
    """How each sampled graph was drawn."""

    def sample(self, rng: np.random.Generator) -> list[Graph]:
        """Up to BATCH different graphs that were not tried yet; one from the space where the distribution has none."""
        fresh: list[Graph] = []
        for _ in range(REDRAWS):
            draw = self.distribution.draw(rng)
            graph = self.distribution.slots.decode(draw)
            if graph is not None and graph not in self.trials.values and graph not in fresh:
                self.draws[graph] = draw
                fresh.append(graph)
            if len(fresh) == BATCH:
                break
        return fresh or [self.trials.problem.space.sample(rng)]

    def update(self, rng: np.random.Generator) -> None:
        """Moves the distribution to the best graphs so far, better ones with more weight."""
        draws = [self.draw_of(graph, rng) for graph, _ in self.trials.top(ELITE)]
        elite = [draw for draw in draws if draw is not None]
        weights = 1.0 / (1.0 + np.arange(len(elite)))
        self.distribution.towards(elite, (weights / weights.sum()).tolist(), RATE)

    def draw_of(self, graph: Graph, rng: np.random.Generator) -> Draw | None:
        """How a graph was drawn, or could have been."""
        if graph not in self.draws:
            draw = self.distribution.slots.encode(graph, rng)
            if draw is None:
                return None
            self.draws[graph] = draw
        return self.draws[graph]

    def apply(self, changes: Sequence[Change]) -> None:
        """Sets probabilities. Raises InputError, and changes nothing, for a slot, role or model that is not there."""
        slots, tables = self.distribution.slots, self.distribution
        for change in changes:
            _check(change, slots)
        for change in changes:
            if change.what == "edge":
                tables.edges[change.slot, change.to] = change.probability
                continue
            names, table = (slots.roles, tables.roles) if change.what == "role" else (slots.models, tables.models)
            row, index = table[change.slot], list(names).index(str(change.name))
            row *= (1 - change.probability) / max(1e-9, 1 - row[index])
            row[index] = change.probability
        tables.settle()


def _check(change: Change, slots: Slots) -> None:
    last = slots.count - 1
    if change.slot > last:
        raise InputError(f"slots are 0 to {last}, not {change.slot}", source="changes")
    if change.what == "edge" and (change.to is None or not change.slot < change.to <= last):
        raise InputError(f"an edge from slot {change.slot} leads to a higher slot, at most {last}", source="changes")
    names = {"role": slots.roles, "model": slots.models}.get(change.what)
    if names is not None and change.name not in names:
        raise InputError(f"the {change.what} must be one of {', '.join(names)}", source="changes")


class Adviser(Protocol):
    """Says how the distribution should change."""

    def advise(self, state: State, rng: np.random.Generator) -> None:
        """Applies a gradient to the state's distribution. Raises BudgetExhausted, EngineError."""
        ...

    def learn(self, gain: float) -> None:
        """What the batch sampled after the last advice gained over the best before."""
        ...


@dataclass
class RuleAdviser:
    """The Adviser without a language model: the edit that promises most, as changes of probabilities."""

    rules: Rules
    last: str = ""

    def advise(self, state: State, rng: np.random.Generator) -> None:
        """See `Adviser.advise`."""
        state.apply(self.gradient(state, rng))

    def gradient(self, state: State, rng: np.random.Generator) -> list[Change]:
        """The changes that make the edited graph likely; none if there is no edit or it has too many nodes."""
        named = state.distribution.slots.decode(base) if (base := state.draw_of(state.trials.answer, rng)) else None
        step = self.rules.propose(named or state.trials.answer)
        self.last = step[0] if step else ""
        draw = state.distribution.slots.encode(step[1], rng) if step else None
        return [] if draw is None else _towards(draw, state.distribution)

    def learn(self, gain: float) -> None:
        """Passes it on to the rules."""
        self.rules.learn(self.last, gain)


def _towards(draw: Draw, distribution: Distribution) -> list[Change]:
    """Changes where a distribution would hardly make this draw."""
    slots, changes = distribution.slots, []
    used = np.flatnonzero(draw.edges.any(axis=1) | (np.arange(slots.count) == slots.count - 1)).tolist()
    for slot in used:
        for what, names, index, table in (
            ("role", slots.roles, draw.roles[slot], distribution.roles),
            ("model", slots.models, draw.models[slot], distribution.models),
        ):
            if table[slot, index] < CERTAIN:
                change = {"what": what, "slot": slot, "name": names[index], "probability": CERTAIN}
                changes.append(Change.model_validate(change))
    for i, j in np.argwhere(slots.upper).tolist():
        wanted = CERTAIN if draw.edges[i, j] else distribution.floor
        relevant = draw.edges[i, j] or (i in used and j in used)
        if relevant and abs(distribution.edges[i, j] - wanted) > 1 - CERTAIN:
            changes.append(Change(what="edge", slot=i, to=j, probability=wanted))
    return changes


@dataclass
class Agent:
    """The Adviser that is a language model; where its replies are of no use, the rules advise."""

    rules: RuleAdviser
    last: str = ""

    def advise(self, state: State, rng: np.random.Generator) -> None:
        """See `Adviser.advise`."""
        trials = state.trials
        recent = list(trials.values.items())[-BATCH:]
        question = (
            f"{situation(trials.problem)}\n{INSIGHTS}\n\nGraphs are drawn from probabilities over "
            f"{state.distribution.slots.count} slots (the last is the sink, edges lead to higher slots). "
            f"Likely now:\n{described(state.distribution)}\n\nBest so far:\n{tried(trials.top(ELITE))}\n"
            f"Drawn last:\n{tried(recent)}\n{self.last}\n\nWhat do these values teach, in at most 60 words? Then say "
            "which probabilities to change, as JSON."
        )
        used_rules: list[str] = []

        def fallback() -> list[Change]:
            used_rules.append("")
            return self.rules.gradient(state, rng)

        def read(form: Gradient) -> list[Change]:
            changes = form.changes[:MOST_CHANGES]
            for change in changes:
                _check(change, state.distribution.slots)
            return changes

        messages = [{"role": "user", "content": question}]
        changes = ask_json(trials.problem, messages, Gradient, read=read, fallback=fallback)
        if not used_rules:
            self.rules.last = ""
        state.apply(changes)

    def learn(self, gain: float) -> None:
        """Tells the model in the next round, and the rules if the advice was theirs."""
        self.last = f"After the last changes, the best drawn graph was {gain:+.4f} against the best before."
        self.rules.learn(gain)


def described(distribution: Distribution) -> str:
    """What is likely, slot by slot, for slots that are in use."""
    slots, lines = distribution.slots, []
    for slot in range(slots.count):
        targets = [j for j in range(slot + 1, slots.count) if distribution.edges[slot, j] >= 0.3]
        if not targets and slot < slots.count - 1:
            continue
        role, model = int(distribution.roles[slot].argmax()), int(distribution.models[slot].argmax())
        edges = ", ".join(f"{j} ({distribution.edges[slot, j]:.2f})" for j in targets)
        lines.append(
            f"slot {slot}: {slots.roles[role]} ({distribution.roles[slot, role]:.2f}), {slots.models[model]} "
            f"({distribution.models[slot, model]:.2f})" + (f", read by {edges}" if edges else "")
        )
    return "\n".join(lines)


def reinforce(
    problem: Problem, rng: np.random.Generator, make_adviser: Callable[[Rules], Adviser], *, elite: bool = True
) -> Graph:
    """The whole method. elite: probabilities also move towards the best graphs. Returns the best graph found."""
    trials = Trials(problem)
    try:
        preferred = preference(trials)
        rules = Rules(trials, preferred.ranking)
        slots = Slots(problem.space, SLOTS)
        state = State(trials, rules, Distribution(slots, preferred.weights(slots.models), edge=0.05))
        best = state.draw_of(trials.answer, rng)
        if best is not None:
            state.distribution.towards([best], [1.0], START)
        adviser = make_adviser(rules)
        while not trials.stalled:
            before = trials.best_value
            adviser.advise(state, rng)
            values = trials.values_of(state.sample(rng))
            adviser.learn(max(values) - before)
            if elite:
                state.update(rng)
    except BudgetExhausted:
        pass
    return trials.answer
