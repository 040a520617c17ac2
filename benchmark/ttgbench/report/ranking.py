"""Who is ranked where: methods on the same problems, the ranks that the data leave open, and ties."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ttgbench import stats
from ttgbench.report.scores import MethodScores
from ttgbench.stats.runs import too_few


@dataclass(frozen=True, slots=True)
class Ranking:
    """Methods on the same problems with the same seeds, best first."""

    order: tuple[int, ...]
    best: tuple[int, ...] = ()
    """Best plausible rank of each method, as `worst` in the order given; empty where nothing can be said."""
    worst: tuple[int, ...] = ()
    ties: tuple[str, ...] = ()
    """Letters of each method; those that share one cannot be told apart."""
    groups: tuple[tuple[int, ...], ...] = ()
    untested: str = ""
    """Why there are no ranks, in words."""

    def rank(self, number: int) -> str:
        """ "1", "2-5", or nothing without ranks."""
        return rank_text(self.best[number], self.worst[number]) if self.best else ""


def rank_text(best: int | None, worst: int | None) -> str:
    """ "1", "2-5", or nothing for an entry without a rank."""
    if best is None or worst is None:
        return ""
    return str(best) if best == worst else f"{best}–{worst}"


def ranking(methods: Sequence[MethodScores], resamples: int = 9999) -> Ranking:
    """By mean objective, which puts them in the order of their regrets; a draw counts on all problems together."""
    values = np.stack([one.by_draw(one.values()) for one in methods])
    order = tuple(int(i) for i in np.argsort(-values.mean(axis=1), kind="stable"))
    seeds = methods[0].seeds
    if few := too_few(values.shape[1], (seeds, seeds), shared=True):
        return Ranking(order, untested=few)
    found = stats.rank_intervals(values, np.random.default_rng(0), resamples=resamples)
    return Ranking(
        order=order,
        best=tuple(map(int, found.best)),
        worst=tuple(map(int, found.worst)),
        ties=tuple(
            " ".join(_letter(g) for g, group in enumerate(found.groups) if number in group)
            for number in range(len(methods))
        ),
        groups=found.groups,
    )


def _letter(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    letters = string.ascii_lowercase
    return (_letter(number // 26 - 1) if number >= 26 else "") + letters[number % 26]
