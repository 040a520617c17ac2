"""TextGrad (Yuksekgonul et al., arXiv 2406.07496) on a graph: criticism is the gradient, an edit is the step.

`descend`: the editor is either `Rules`, which know the insights of arXiv 2511.00086, or a language model (`Critic`),
which is asked twice per step: for criticism, and for the graph that follows from it. `rewrite` is the same paper's
baseline, which knows no insight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from pydantic import BaseModel

from ttgbench.errors import BudgetExhausted
from ttgbench.graphs.graph import Graph
from ttgbench.methods.solvers.ask import ask_json
from ttgbench.methods.solvers.insights import Rules, preference
from ttgbench.methods.solvers.language import GraphForm, read_graph, situation, tried, written
from ttgbench.methods.solvers.paper import TEXTGRAD, AgentWriter, Writer, reinforce_graphs
from ttgbench.methods.solvers.paper_rules import RuleWriter
from ttgbench.methods.solvers.trials import Trials
from ttgbench.problems.problem import Problem

LONGEST = 2000
"""Characters of criticism that are passed on."""
Step = tuple[str, Graph]
"""Kind of an edit, and the edited graph."""


class Editor(Protocol):
    """Changes graphs, and is told what it was worth."""

    def propose(self, graph: Graph) -> Step | None:
        """An edited graph and what kind of edit it is; None if it knows none. Raises BudgetExhausted."""
        ...

    def learn(self, name: str, gain: float) -> None:
        """What an edit of this kind gained."""
        ...


class Criticism(BaseModel):
    """The textual gradient."""

    criticism: str


@dataclass
class Critic:
    """The Editor that is a language model; what it cannot do, the rules do."""

    rules: Rules
    last: str = ""

    def propose(self, graph: Graph) -> Step | None:
        """See `Editor.propose`: criticism first, then a graph."""
        problem, trials = self.rules.trials.problem, self.rules.trials
        facts = (
            f"{situation(problem)}\n\nOur graph, value {trials.value(graph):.4f}:\n{written(graph)}\n"
            f"Others:\n{tried(trials.top(3))}\n{self.last}"
        )
        question = f"{facts}\n\nCriticise our graph in at most 60 words: what holds its value back? Answer as JSON."
        criticism = ask_json(
            problem,
            [{"role": "user", "content": question}],
            Criticism,
            read=lambda form: form.criticism[:LONGEST],
            fallback=lambda: f"Try one of: {', '.join(self.rules.order()[:3])}.",
        )
        request = f"{facts}\n\nCriticism: {criticism}\n\nWrite an improved graph, different from all above, as JSON."
        fallback = self.rules.propose(graph)
        return ask_json(
            problem,
            [{"role": "user", "content": request}],
            GraphForm,
            read=lambda form: ("free", read_graph(form, problem.space)),
            fallback=lambda: fallback,
        )

    def learn(self, name: str, gain: float) -> None:
        """Tells the model in the next round, and the rules."""
        self.last = f"The last change ({name}) changed the value by {gain:+.4f}."
        self.rules.learn(name, gain)


def descend(problem: Problem, rng: np.random.Generator, make_editor: Callable[[Rules], Editor]) -> Graph:
    """From the best pre-tested graph step by step; a step that does not improve the value is taken back."""
    trials = Trials(problem)
    try:
        editor = make_editor(Rules(trials, preference(trials).ranking))
        graph = trials.answer
        while not trials.stalled:
            step = editor.propose(graph) or ("restart", problem.space.sample(rng))
            gain = trials.value(step[1]) - trials.value(graph)
            editor.learn(step[0], gain)
            if gain > 0:
                graph = step[1]
    except BudgetExhausted:
        pass
    return trials.answer


def rewrite(problem: Problem, rng: np.random.Generator, writer: Writer) -> Graph:
    """The baseline of arXiv 2511.00086: a random mix and graph, then one rewritten graph a round; no insight is known.

    Returns the best graph found.
    """
    return reinforce_graphs(problem, rng, writer, TEXTGRAD)


def by_agent(problem: Problem, rng: np.random.Generator) -> Graph:
    """`rewrite` by the search agent, from the last graph whatever it was worth."""
    return rewrite(problem, rng, AgentWriter())


def by_chance(problem: Problem, rng: np.random.Generator) -> Graph:
    """`rewrite` by random edits, always from the best graph: nothing else could tell a good edit from a bad one."""
    return reinforce_graphs(problem, rng, RuleWriter(), replace(TEXTGRAD, take_back=True))
