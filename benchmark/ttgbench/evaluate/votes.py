"""What a vote says and how its ties are broken: for texts, for arrays of simulated answers, and for arrays of recorded
answers what it is right on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
"""Answers, shape (rows, nodes): equal codes within a row are equal answers, -1 is none."""
Rights = NDArray[np.bool_]
"""Which of them are right, of the same shape."""


def plurality(outputs: Sequence[str], answers: Sequence[str | None]) -> str:
    """The first output with the most frequent answer; ties go to the answer that comes first, None never counts.

    The first output if nothing was answered.
    """
    counts = Counter(answer for answer in answers if answer is not None)
    most = max(counts.values(), default=0)
    winners = (
        text for text, answer in zip(outputs, answers, strict=True) if answer is not None and counts[answer] == most
    )
    return next(winners, outputs[0])


def plurality_codes(codes: NDArray[np.int8], nothing: int) -> NDArray[np.int8]:
    """The rule of `plurality` for many votes at once: shape (n,), of codes of shape (voters, n).

    Answers are the codes from 0 on; `nothing`, the largest, is none. The rows are in the order of the outputs.
    """
    columns = np.arange(codes.shape[1])
    counts = (codes[:, None, :] == np.arange(nothing, dtype=np.int8)[:, None]).sum(axis=0)
    counts = np.concatenate([counts, np.zeros((1, codes.shape[1]), dtype=counts.dtype)])
    votes = counts[codes, columns]
    chosen: NDArray[np.int8] = codes[votes.argmax(axis=0), columns]
    return chosen


def vote_credit(codes: Codes, right: Rights, columns: Sequence[int]) -> NDArray[np.float64]:
    """Shape (rows,): the share of right answers among the most frequent ones; 0 where nothing was answered.

    Tied answers share what `plurality` gives to the first, which is its mean over all orders of them.
    """
    votes, rights = counted_votes(codes, right, columns)
    return credit(votes[-1], rights[-1])


def counted_votes(codes: Codes, right: Rights, columns: Sequence[int]) -> tuple[NDArray[np.int64], Rights]:
    """Votes of the first 0, 1, ... of these columns for each code, and which codes are right.

    Both of shape (columns + 1, rows, codes).
    """
    shape = (len(columns) + 1, len(codes), int(codes.max(initial=0)) + 1)
    votes, rights = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
    for place, column in enumerate(columns):
        given = codes[:, column]
        rows = np.flatnonzero(given >= 0)
        votes[place + 1 :, rows, given[rows]] += 1
        rights[place + 1 :, rows, given[rows]] |= right[rows, column]
    return votes, rights


def credit(votes: NDArray[np.int64], right: Rights) -> NDArray[np.float64]:
    """Shape (rows,), of votes and rights of shape (rows, codes): as `vote_credit`."""
    most = votes.max(axis=1, keepdims=True)
    tied = (votes == most) & (most > 0)
    return np.asarray((tied & right).sum(axis=1) / np.maximum(1, tied.sum(axis=1)))
