"""Whether a task can tell graphs apart: what a pilot's samples say, and the gates that a recorded task has to pass.

Graphs are all votes over the first samples of each model, with or without one second-level node, and every
second-level node alone. Votes share their credit among tied answers, which is the mean over all orders of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from ttgbench.evaluate.votes import Codes, Rights, counted_votes, credit, vote_credit

HALVES = 50
FULL = 750
"""Questions times universes to which the reliability is extrapolated: 250 questions in three universes."""


@dataclass(frozen=True)
class Answers:
    """What nodes answered. Rows are questions; a row's equal codes are equal answers, and -1 is none."""

    codes: Codes
    """Shape (rows, nodes)."""
    right: Rights
    """Shape (rows, nodes)."""
    questions: NDArray[np.int64]
    """Shape (rows,): which question a row is about; universes repeat it."""
    groups: NDArray[np.int64]
    """Shape (rows,): which group of questions a row is from, such as those of one template; else its question."""
    samples: dict[str, list[int]]
    """By model, the columns of its samples, first sample first."""
    second: dict[str, int]
    """By name, the column of a second-level node."""
    own: dict[str, str]
    """Second-level nodes that run and read one model only, with this model."""


@dataclass(frozen=True)
class Gate:
    """One gate: its figure, and what it must reach."""

    name: str
    value: float | None
    """None where it cannot be said."""
    needed: str
    passed: bool


def vote_values(answers: Answers, columns: Sequence[int]) -> NDArray[np.float64]:
    """Shape (rows,): `votes.vote_credit` of these columns."""
    return vote_credit(answers.codes, answers.right, columns)


def pass_at(right: Rights, k: int) -> float:
    """Chance that one of k of the n samples in `right` (rows, n) is right.

    Mean of 1 - C(n - c, k) / C(n, k), c of n right (Chen et al. 2021).
    """
    n = right.shape[1]
    return float(np.mean([1 - comb(n - int(count), k) / comb(n, k) for count in right.sum(axis=1)]))


def vote_of(answers: Answers, model: str, k: int) -> NDArray[np.float64]:
    """Shape (rows,): a vote over k samples of a model, mean over all choices of k of its samples."""
    chosen = itertools.combinations(answers.samples[model], k)
    return np.asarray(np.mean([vote_values(answers, columns) for columns in chosen], axis=0))


def graph_values(answers: Answers) -> tuple[NDArray[np.float64], list[tuple[tuple[int, ...], str | None]]]:
    """Shape (graphs, rows), and what each graph is: samples per model, and a second-level node.

    A graph with no samples is its second-level node alone; one with a single answer is that node.
    """
    models = list(answers.samples)
    cumulated = [counted_votes(answers.codes, answers.right, answers.samples[model]) for model in models]
    second: dict[str | None, list[int]] = {None: []}
    second |= {name: [column] for name, column in answers.second.items()}
    extra = {}
    for name, columns in second.items():
        votes, right = counted_votes(answers.codes, answers.right, columns)
        extra[name] = votes[-1], right[-1]
    values, graphs = [], []
    for counts in itertools.product(*(range(len(answers.samples[model]) + 1) for model in models)):
        votes = sum(table[0][count] for table, count in zip(cumulated, counts, strict=True))
        right = np.any([table[1][count] for table, count in zip(cumulated, counts, strict=True)], axis=0)
        for name, (more, more_right) in extra.items():
            if any(counts) or name is not None:
                values.append(credit(votes + more, right | more_right))
                graphs.append((counts, name))
    return np.asarray(values), graphs


def gates(answers: Answers, rng: np.random.Generator) -> list[Gate]:
    """The gates, in points of accuracy and shares of the gap between the best single model and the best graph.

    Values of halves: what is best on one half of the questions, on the other half, mean over HALVES divisions, which
    keep groups of questions together. None with fewer than two groups.
    """
    values, graphs = graph_values(answers)
    single = np.array([sum(counts) == 1 and name is None for counts, name in graphs])
    of_one = np.array([_of_one_model(answers, counts, name) for counts, name in graphs])
    held_out, share, middle = [], [], []
    names = np.unique(answers.groups)
    if len(names) < 2:
        return []
    for _ in range(HALVES):
        half = np.isin(answers.groups, rng.permutation(names)[: len(names) // 2])
        chosen, scored = values[:, half].mean(axis=1), values[:, ~half].mean(axis=1)
        best, one, same = (_best(chosen, kind) for kind in (np.ones_like(single), single, of_one))
        held_out.append(scored[best] - scored[one])
        share.append(scored[same] - scored[one])
        middle.append(np.median(scored) - scored[one])
    gap, low, reliability = float(np.mean(held_out)), float(np.quantile(held_out, 0.1)), _alpha(values, answers.groups)
    return [
        Gate("best graph above best single model, points", 100 * gap, ">= 6", gap >= 0.06),
        Gate("its lower 90% bound over halves, points", 100 * low, "> 2", low > 0.02),
        Gate("alpha of the best tenth of graphs, extrapolated", reliability, ">= 0.7", reliability >= 0.7),
        _share("best graph of one model, share of the gap", share, gap, "<= 0.85", 0.85, -np.inf),
        _share("median graph, share of the gap", middle, gap, "> -2", np.inf, -2),
    ]


def _share(name: str, part: Sequence[float], gap: float, needed: str, most: float, least: float) -> Gate:
    """Part of the gap; without a gap there is no share, and no gate is passed."""
    share = float(np.mean(part)) / gap if gap > 0 else None
    return Gate(name, share, needed, share is not None and least < share <= most)


def _of_one_model(answers: Answers, counts: tuple[int, ...], name: str | None) -> bool:
    models = {model for model, count in zip(answers.samples, counts, strict=True) if count}
    return len(models) == 1 if name is None else not models and name in answers.own


def _best(values: NDArray[np.float64], among: NDArray[np.bool_]) -> int:
    return int(np.argmax(np.where(among, values, -1.0)))


def _alpha(values: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """Cronbach's alpha of the best tenth of graphs, groups of rows as items, for FULL rows (Spearman-Brown); 0 if
    negative."""
    means = values.mean(axis=1)
    top = values[np.argsort(-means, kind="stable")[: max(2, len(values) // 10)]]
    items = np.stack([top[:, groups == group].sum(axis=1) for group in np.unique(groups)], axis=1)
    count, total = items.shape[1], items.sum(axis=1).var(ddof=1)
    if total == 0:
        return 0.0
    alpha = max(0.0, count / (count - 1) * (1 - items.var(axis=0, ddof=1).sum() / total))
    longer = FULL / values.shape[1]
    return float(longer * alpha / (1 + (longer - 1) * alpha))
