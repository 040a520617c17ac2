"""REINFORCE on the logits of a probabilistic graph, with Adam: what GPTSwarm and MaaO share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ttgbench.methods.solvers.frame import FLOOR, SPARSE, Frame, Sample, Tables

RATE = 0.1
READ_OUT = float(1 / (1 + np.exp(2 - np.log(0.55 / 0.45))))
"""Edges above this probability are read out: the released code keeps sigmoid(logit) > 0.55 and draws by logit - 2."""

Floats = NDArray[np.float64]


@dataclass
class Adam:
    """Kingma and Ba, arXiv 1412.6980, with its default moments; climbs."""

    rate: float = RATE
    steps: int = 0
    first: list[Floats] = field(default_factory=list)
    second: list[Floats] = field(default_factory=list)

    def climb(self, values: Sequence[Floats], gradients: Sequence[Floats]) -> None:
        """Moves values in place."""
        if not self.steps:
            self.first = [np.zeros_like(value) for value in values]
            self.second = [np.zeros_like(value) for value in values]
        self.steps += 1
        for value, gradient, first, second in zip(values, gradients, self.first, self.second, strict=True):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            mean, square = first / (1 - 0.9**self.steps), second / (1 - 0.999**self.steps)
            value += self.rate * mean / (np.sqrt(square) + 1e-8)


class Policy:
    """Logits of edges (N, N + 1), roles (N, roles) and models (N, models); the shapes are those of `Tables`."""

    def __init__(self, frame: Frame, edge: float = SPARSE) -> None:
        self.frame = frame
        start = frame.tables(edge)
        self.edges = np.full_like(start.edges, float(np.log(edge / (1 - edge))))
        self.roles, self.models = np.zeros_like(start.roles), np.zeros_like(start.models)
        self.adam = Adam()

    @property
    def tables(self) -> Tables:
        """The probabilities."""
        edges = 1 / (1 + np.exp(-self.edges))
        count = self.frame.count
        edges[np.arange(count), np.arange(count)] = 0.0
        return Tables(edges, _softmax(self.roles), _softmax(self.models))

    def rewrite(self, edges: Floats, roles: Floats) -> None:
        """Takes over tables of probabilities: from here on the logits are theirs. Clipped to FLOOR."""
        edges = edges.clip(FLOOR, 1 - FLOOR)
        self.edges = np.log(edges / (1 - edges))
        self.roles = np.log(roles.clip(FLOOR, 1.0))

    def step(self, samples: Sequence[Sample], rewards: Sequence[float]) -> None:
        """One step of Adam up the mean of reward times gradient of the log-likelihood; no baseline is subtracted."""
        tables = self.tables
        gradients = [np.zeros_like(self.edges), np.zeros_like(self.roles), np.zeros_like(self.models)]
        for sample, reward in zip(samples, rewards, strict=True):
            share = reward / len(samples)
            gradients[0] += share * np.where(sample.free, sample.edges - tables.edges, 0.0)
            gradients[1] += share * _score(tables.roles, sample.roles, sample.roles_open)
            gradients[2] += share * _score(tables.models, sample.models, sample.models_open)
        self.adam.climb([self.edges, self.roles, self.models], gradients)


def _score(table: Floats, chosen: NDArray[np.int64], open_: NDArray[np.bool_]) -> Floats:
    """Gradient of log p(chosen) over rows' logits, where each row's choice was among its open entries."""
    among = np.where(open_, table, 0.0)
    total = among.sum(axis=1, keepdims=True)
    hit = np.eye(table.shape[1])[chosen]
    return np.where(open_, hit - among / np.where(total > 0, total, 1.0), 0.0)


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
