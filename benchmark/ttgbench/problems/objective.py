"""What a search maximises: accuracy, or accuracy against latency."""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ttgbench.evaluate.base import Evaluation

Values = TypeVar("Values", float, NDArray[np.float64])


class Objective(BaseModel):
    """Utility of an evaluation, higher is better.

    "accuracy": mean score. "accuracy-latency": mean score minus `weight` times the mean critical-path latency in
    units of `reference_seconds` (a linear scalarisation, so that the exchange rate is stated and the same for all).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["accuracy", "accuracy-latency"] = "accuracy"
    weight: float = Field(default=0.0, ge=0)
    reference_seconds: float = Field(default=1.0, gt=0)

    def value(self, evaluation: Evaluation) -> float:
        """Utility of one evaluation; accuracy in [0, 1], minus the latency penalty if there is one."""
        if self.kind == "accuracy":
            return evaluation.accuracy
        return float(self.utility(evaluation.accuracy, float(evaluation.latency_ns.mean()) / 1e9))

    def utility(self, accuracy: Values, seconds: Values) -> Values:
        """The same of mean accuracies and mean latencies: two numbers, or two arrays of one shape."""
        if self.kind == "accuracy":
            return accuracy
        return accuracy - self.weight * seconds / self.reference_seconds
