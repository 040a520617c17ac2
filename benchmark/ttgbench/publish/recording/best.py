"""The best graph of a bank. The best of many is chosen on one half of the questions and measured on the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ttgbench.publish.recording.gates import Answers, graph_values
from ttgbench.stats import Interval, compare


@dataclass(frozen=True)
class Chosen:
    """The graph and the model that are best on some groups of questions, as they do on others."""

    graph: str
    single: str
    """The best single model, alone: mean over its samples."""
    groups: int
    """On so many they are measured."""
    accuracy: float
    """Of the graph, over the questions of these groups."""
    minus: float
    """The single model's accuracy taken off."""


@dataclass(frozen=True)
class Best:
    """The best graph beside the best single model."""

    halves: tuple[Chosen, Chosen]
    """Chosen on one random half of the groups, measured on the other; and the other way round."""
    minus: Interval | None
    """Over both halves, 95% over groups; None where nothing can be said."""
    same: Chosen
    """Chosen and measured on all questions: the best of many by what is luck, too, so its difference is too high."""


def best_graph(answers: Answers, rng: np.random.Generator) -> Best | None:
    """None with fewer than two groups of questions."""
    names = np.unique(answers.groups)
    if len(names) < 2:
        return None
    values, graphs = graph_values(answers)
    titles = [_title(answers, counts, second) for counts, second in graphs]
    alone = np.array([answers.right[:, columns].mean(axis=1) for columns in answers.samples.values()])
    models = list(answers.samples)
    scores, singles = np.zeros(len(answers.groups)), np.zeros(len(answers.groups))

    def chosen(on: NDArray[np.bool_], measured: NDArray[np.bool_]) -> Chosen:
        graph, single = (int(np.argmax(each[:, on].mean(axis=1))) for each in (values, alone))
        scores[measured], singles[measured] = values[graph, measured], alone[single, measured]
        accuracy, minus = scores[measured].mean(), (scores[measured] - singles[measured]).mean()
        groups = len(np.unique(answers.groups[measured]))
        return Chosen(titles[graph], models[single], groups, float(accuracy), float(minus))

    every = np.ones(len(answers.groups), dtype=np.bool_)
    same = chosen(every, every)
    half = np.isin(answers.groups, rng.permutation(names)[: len(names) // 2])
    halves = chosen(half, ~half), chosen(~half, half)  # leaves scores and singles as they were measured there
    return Best(halves, by_groups(answers, scores, singles), same)


def by_groups(answers: Answers, first: NDArray[np.float64], second: NDArray[np.float64]) -> Interval | None:
    """Difference of two graphs' scores, shape (rows,), with its 95% interval over groups of questions.

    None where there is one group, or no interval can be given.
    """
    places = np.unique(answers.questions, return_index=True)[1]
    groups = answers.groups[places].tolist()
    if len(set(groups)) < 2:
        return None
    one, other = by_question(answers, first), by_question(answers, second)
    found = compare(one, other, np.random.default_rng(0), clusters=groups)
    bounds = found.low, found.high
    return Interval(found.difference, *bounds) if np.isfinite(bounds).all() else None


def by_question(answers: Answers, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape (questions, 1): means over universes."""
    return np.array([[rows[answers.questions == question].mean()] for question in np.unique(answers.questions)])


def _title(answers: Answers, counts: tuple[int, ...], second: str | None) -> str:
    samples = [f"{count} {model}" for model, count in zip(answers.samples, counts, strict=True) if count]
    if second is not None:
        return f"vote of {' + '.join(samples)} and {second}" if samples else second
    return f"{samples[0][2:]} alone" if sum(counts) == 1 else f"vote of {' + '.join(samples)}"
