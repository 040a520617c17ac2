"""AFlow (Zhang et al., arXiv 2410.10762) on graphs: tree search whose moves are edits.

A node of the tree is a graph; it is selected by a mixture of a uniform and a score-weighted distribution over the best
ones and the root, expanded by one edit made in knowledge of what its earlier edits gained, and evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ttgbench.errors import BudgetExhausted
from ttgbench.graphs.graph import Graph
from ttgbench.methods.solvers.ask import ask_json
from ttgbench.methods.solvers.insights import Rules, preference
from ttgbench.methods.solvers.language import GraphForm, read_graph, situation, written
from ttgbench.methods.solvers.textgrad import Editor, Step
from ttgbench.methods.solvers.trials import Trials
from ttgbench.problems.problem import Problem

ALPHA, LAMBDA = 0.2, 0.3
"""Weight of a percent of score, and share of the uniform part: the values of the authors' code."""
CANDIDATES = 4
"""Graphs that can be selected: the root and the best others."""


@dataclass
class Leaf:
    """A node of the tree, with its own experience."""

    graph: Graph
    value: float
    editor: Editor


@dataclass
class Planner:
    """The Editor that is a language model: it sees what earlier edits of this graph gained."""

    rules: Rules
    experience: list[str] = field(default_factory=list)

    def propose(self, graph: Graph) -> Step | None:
        """See `Editor.propose`."""
        problem, trials = self.rules.trials.problem, self.rules.trials
        experience = "\n".join(self.experience[-6:]) or "(none)"
        question = (
            f"{situation(problem)}\n\nGraph to change, value {trials.value(graph):.4f}:\n{written(graph)}\n"
            f"What changes of it gave so far:\n{experience}\n\nMake one change that was not made yet. "
            "Answer with the whole new graph as JSON."
        )
        fallback = self.rules.propose(graph)
        step = ask_json(
            problem,
            [{"role": "user", "content": question}],
            GraphForm,
            read=lambda form: ("free", read_graph(form, problem.space)),
            fallback=lambda: fallback,
        )
        if step is not None:
            self.experience.append(f"{written(step[1])} ->")
        return step

    def learn(self, name: str, gain: float) -> None:
        """Completes the experience."""
        if self.experience:
            self.experience[-1] += f" {gain:+.4f}"
        self.rules.learn(name, gain)


def select(leaves: list[Leaf], rng: np.random.Generator) -> Leaf:
    """The root or one of the best, by the soft mixed probability of the paper."""
    best = sorted(leaves[1:], key=lambda leaf: -leaf.value)[: CANDIDATES - 1]
    candidates = [leaves[0], *best]
    percents = 100 * np.asarray([leaf.value for leaf in candidates])
    weights = np.exp(ALPHA * (percents - percents.max()))
    mixed = LAMBDA / len(candidates) + (1 - LAMBDA) * weights / weights.sum()
    return candidates[int(rng.choice(len(candidates), p=mixed / mixed.sum()))]


def grow(problem: Problem, rng: np.random.Generator, make_editor: Callable[[Rules], Editor]) -> Graph:
    """Grows the tree from the best pre-tested graph until the search budget is spent."""
    trials = Trials(problem)
    try:
        ranking = preference(trials).ranking
        leaves = [Leaf(trials.answer, trials.best_value, make_editor(Rules(trials, ranking)))]
        while not trials.stalled:
            parent = select(leaves, rng)
            step = parent.editor.propose(parent.graph) or ("restart", problem.space.sample(rng))
            value = trials.value(step[1])
            parent.editor.learn(step[0], value - parent.value)
            if all(leaf.graph != step[1] for leaf in leaves):
                leaves.append(Leaf(step[1], value, make_editor(Rules(trials, ranking))))
    except BudgetExhausted:
        pass
    return trials.answer
