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

HALVES = 50
FULL = 750
"""Questions times universes to which the reliability is extrapolated: 250 questions in three universes."""

Codes = NDArray[np.int64]
Rights = NDArray[np.bool_]


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
    """Shape (rows,): the share of right answers among the most frequent ones; 0 where nothing was answered."""
    return _credit(*_ballots(answers, columns))


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
    cumulated = [_cumulated(answers, answers.samples[model]) for model in models]
    extra: dict[str | None, tuple[NDArray[np.int64], Rights]] = {None: _ballots(answers, [])}
    extra |= {name: _ballots(answers, [at]) for name, at in answers.second.items()}
    values, graphs = [], []
    for counts in itertools.product(*(range(len(answers.samples[model]) + 1) for model in models)):
        votes = sum(table[0][count] for table, count in zip(cumulated, counts, strict=True))
        right = np.any([table[1][count] for table, count in zip(cumulated, counts, strict=True)], axis=0)
        for name, (more, more_right) in extra.items():
            if any(counts) or name is not None:
                values.append(_credit(votes + more, right | more_right))
                graphs.append((counts, name))
    return np.asarray(values), graphs


def gates(answers: Answers, rng: np.random.Generator) -> list[Gate]:
    """The gates, in points of accuracy and shares of the gap between the best single model and the best graph.

    Values of halves: what is best on one half of the questions, on the other half, mean over HALVES divisions, which
    keep groups of questions together. None with fewer than two groups.
    """
    values, graphs = graph_values(answers)
    single = np.array([sum(counts) == 1 and name is None for counts, name in graphs])
    template = np.array([_template(answers, counts, name) for counts, name in graphs])
    held_out, share, middle = [], [], []
    names = np.unique(answers.groups)
    if len(names) < 2:
        return []
    for _ in range(HALVES):
        half = np.isin(answers.groups, rng.permutation(names)[: len(names) // 2])
        chosen, scored = values[:, half].mean(axis=1), values[:, ~half].mean(axis=1)
        best, one, same = (_best(chosen, kind) for kind in (np.ones_like(single), single, template))
        held_out.append(scored[best] - scored[one])
        share.append(scored[same] - scored[one])
        middle.append(np.median(scored) - scored[one])
    gap, low, reliability = float(np.mean(held_out)), float(np.quantile(held_out, 0.1)), _alpha(values, answers.groups)
    return [
        Gate("best graph above best single model, points", 100 * gap, ">= 6", gap >= 0.06),
        Gate("its lower 90% bound over halves, points", 100 * low, "> 2", low > 0.02),
        Gate("alpha of the best tenth of graphs, extrapolated", reliability, ">= 0.7", reliability >= 0.7),
        _share("best one-model template, share of the gap", share, gap, "<= 0.85", 0.85, -np.inf),
        _share("median graph, share of the gap", middle, gap, "> -2", np.inf, -2),
    ]


def _share(name: str, part: Sequence[float], gap: float, needed: str, most: float, least: float) -> Gate:
    """Part of the gap; without a gap there is no share, and no gate is passed."""
    share = float(np.mean(part)) / gap if gap > 0 else None
    return Gate(name, share, needed, share is not None and least < share <= most)


def _template(answers: Answers, counts: tuple[int, ...], name: str | None) -> bool:
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


def _ballots(answers: Answers, columns: Sequence[int]) -> tuple[NDArray[np.int64], Rights]:
    """Votes (rows, codes) of these columns, and which codes are right."""
    votes, right = _cumulated(answers, columns)
    return votes[-1], right[-1]


def _cumulated(answers: Answers, columns: Sequence[int]) -> tuple[NDArray[np.int64], Rights]:
    """As `_ballots`, of the first 0, 1, ... columns: shape (columns + 1, rows, codes)."""
    shape = (len(columns) + 1, len(answers.codes), int(answers.codes.max(initial=0)) + 1)
    votes, right = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
    for place, column in enumerate(columns):
        given = answers.codes[:, column]
        rows = np.flatnonzero(given >= 0)
        votes[place + 1 :, rows, given[rows]] += 1
        right[place + 1 :, rows, given[rows]] |= answers.right[rows, column]
    return votes, right


def _credit(votes: NDArray[np.int64], right: Rights) -> NDArray[np.float64]:
    most = votes.max(axis=1, keepdims=True)
    tied = (votes == most) & (most > 0)
    return np.asarray((tied & right).sum(axis=1) / np.maximum(1, tied.sum(axis=1)))
