"""What a search maximises: accuracy, or accuracy against latency."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ttgbench.evaluate.base import Evaluation


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
        seconds = float(evaluation.latency_ns.mean()) / 1e9
        return evaluation.accuracy - self.weight * seconds / self.reference_seconds
