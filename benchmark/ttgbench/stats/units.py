"""What counts as one independent observation: a question or a cluster of questions, never a question in a universe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ttgbench.stats.arrays import Floats, Ints, checked


def questions_as_units(
    scores: ArrayLike, axes: Sequence[str], *, question_ids: Sequence[Hashable] | None = None
) -> Floats:
    """One number per question: the mean over every other axis.

    scores: an array whose axes are named by `axes`, exactly one of them "question", e.g. ("question", "universe").
    question_ids: the identity of each row, which uncovers repeats that were stacked as if they were new questions.

    Answers to one question in several universes, or by several seeds of a search, share the question's difficulty.
    Counting them as independent makes every interval too narrow (Miller 2024, "Adding Error Bars to Evals",
    arXiv 2411.00640), so this raises ValueError for flattened, pooled or repeated questions.
    """
    names = tuple(axes)
    array = checked("scores", scores, names)
    if names.count("question") != 1 or len(set(names)) < len(names):
        raise ValueError(
            f"axes are {names}; exactly one must be 'question' and each must have its own name. Questions pooled with "
            "universes or seeds are not independent: keep them on separate axes, they are averaged within the question"
        )
    axis = names.index("question")
    if question_ids is not None:
        _refuse_repeats(question_ids, array.shape[axis])
    return np.asarray(array.mean(axis=tuple(i for i in range(array.ndim) if i != axis)), dtype=np.float64)


def _refuse_repeats(question_ids: Sequence[Hashable], count: int) -> None:
    if len(question_ids) != count:
        raise ValueError(f"there are {len(question_ids)} question ids for {count} questions; give one for each")
    name, times = Counter(question_ids).most_common(1)[0]
    if times > 1:
        raise ValueError(
            f"question {name!r} occurs {times} times; its repeats are not independent: put them on a 'universe' axis"
        )


def cluster_numbers(clusters: Sequence[Hashable] | None, questions: int) -> Ints:
    """(questions,) integers from 0 on, one for each label; without labels every question is its own cluster."""
    if clusters is None:
        return np.arange(questions)
    if len(clusters) != questions:
        raise ValueError(f"there are {len(clusters)} cluster labels for {questions} questions; give one for each")
    numbers = {label: number for number, label in enumerate(dict.fromkeys(clusters))}
    return np.array([numbers[label] for label in clusters])


def effective_clusters(labels: Ints) -> float:
    """As many clusters of one size weigh as much as these of unlike size; labels: integers from 0 on.

    Source: Kish 1965, Survey Sampling, section 8.2.
    """
    sizes = np.bincount(labels)
    return float(sizes.sum() ** 2 / (sizes**2).sum())
