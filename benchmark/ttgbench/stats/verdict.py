"""A difference, what it is worth, and the one rule that puts it into words: better, worse, equivalent, or not shown."""

from __future__ import annotations

from dataclasses import dataclass

from ttgbench.stats.significance import equivalence_p

POWER = 0.8
"""The power at which the minimum detectable effect is stated."""
NO_DIFFERENCE = "no difference shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Mean difference (first minus second) and what it is worth."""

    difference: float
    low: float
    high: float
    p: float
    """Two-sided, of the hypothesis of no difference."""
    test: str
    """The test that gave `p`."""
    mde: float
    """Minimum detectable effect at power 0.8: a true difference below it would probably have been missed. NaN: it
    cannot be said."""
    n: int
    """Independent units."""
    standard_error: float
    """Zero where all units showed the same difference; NaN for a single unit."""
    degrees: float
    """Degrees of freedom of `standard_error`."""
    confidence: float = 0.95
    untested: str = ""
    """Why nothing can be said, in words; then p, low, high and mde are NaN. Empty where something can."""

    def equivalence(self, margin: float) -> float:
        """p of the hypothesis that the difference is `margin` or more either way (TOST).

        Where all units showed the same difference it is 0 if the interval itself lies within the margin, else 1.
        """
        if not margin > 0:
            raise ValueError(f"margin is {margin}; it must be positive, declared before looking at the results")
        if not self.standard_error > 0:
            return self._within(margin)
        return equivalence_p(self.difference, self.standard_error, self.degrees, margin)

    def _within(self, margin: float) -> float:
        return 0.0 if -margin < self.low and self.high < margin else 1.0

    def is_equivalent(self, margin: float) -> bool:
        """Whether the difference is shown to be smaller than `margin` either way."""
        return self.equivalence(margin) < 1 - self.confidence

    def verdict(self, margin: float | None = None, p: float | None = None, equivalence: float | None = None) -> str:
        """Says of the first: "better", "worse", "equivalent within MARGIN", "no difference shown" or "no verdict: WHY".

        p, equivalence: corrected for several comparisons, in place of its own. A difference shown to be smaller than
        the declared margin is called equivalent even if it is not zero.
        """
        if self.untested:
            return f"no verdict: {self.untested}"
        if margin is not None:
            found = self.equivalence(margin) if equivalence is None else equivalence
            if found < 1 - self.confidence:
                return f"equivalent within {margin:g}"
        return direction(self.low, self.high, self.p if p is None else p, 1 - self.confidence)


def direction(low: float, high: float, p: float, alpha: float) -> str:
    """ "better", "worse" or "no difference shown", of the first: it takes both, an interval without zero and p below
    `alpha`."""
    if p < alpha and (low > 0 or high < 0):
        return "better" if low > 0 else "worse"
    return NO_DIFFERENCE
