"""What simulated generations cost, for all nodes of a graph and all questions at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ttgbench.models.cost import NANOSECONDS
from ttgbench.models.pool import Pool

Counts = NDArray[np.int64]


def prices(pool: Pool) -> Counts:
    """(6, m) what `cost.generation_flops`, `picodollars` and `nanoseconds` multiply tokens with, by model."""
    return np.array(
        [
            [
                2 * card.parameters,
                2 * card.layers * card.hidden_size,
                round(card.price_in * 10**6),
                round(card.price_out * 10**6),
                round(NANOSECONDS / card.prefill_speed),
                round(NANOSECONDS / card.decode_speed),
            ]
            for card in pool
        ],
        dtype=np.int64,
    ).T


def costs(by_model: Counts, tokens_in: Counts, tokens_out: Counts) -> tuple[Counts, Counts, Counts]:
    """(k, n) FLOPs, picodollars and nanoseconds of all nodes at once; equal to those of `ttgbench.models.cost`.

    by_model: (6, k), columns of `prices`, one for each node.

    With n = n_p + n_d its FLOPs are 2*M*n + 2*L*D*n*(n + 1).
    """
    parameters, attention, price_in, price_out, time_in, time_out = by_model[:, :, None]
    total = tokens_in + tokens_out
    flops = total * (parameters + attention * (total + 1))
    return flops, price_in * tokens_in + price_out * tokens_out, time_in * tokens_in + time_out * tokens_out
