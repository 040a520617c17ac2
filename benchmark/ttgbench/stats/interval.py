"""An estimate with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass

from ttgbench.stats.arrays import Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """One estimate with its bounds."""

    estimate: float
    low: float
    high: float
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Band:
    """Many estimates with pointwise bounds; the three arrays have the same shape."""

    estimate: Floats
    low: Floats
    high: Floats
    confidence: float = 0.95

    def at(self, *index: int) -> Interval:
        """The interval at one place; no index for a band of one number."""
        return Interval(float(self.estimate[index]), float(self.low[index]), float(self.high[index]), self.confidence)
